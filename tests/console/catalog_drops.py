"""Invented drops for the catalog's tests; every text carries the canary, no name does."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CANARY = "zanzibar-canary-7f3"


def chats(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"{CANARY} number {n}: the choir starts early and I sleep too little"},
                {"role": "assistant", "content": f"{CANARY} that sounds tiring; what would a calm evening be? {n}"},
            ]
        }
        for n in range(first, first + count)
    ]  # fmt: skip


def questions(count: int) -> list[dict[str, Any]]:
    return [
        {"question_id": n, "question": f"{CANARY} how do I rest before rehearsal {n}?"} for n in range(count)
    ]


def answers(count: int) -> list[dict[str, Any]]:
    return [
        {"id": n, "question_id": n // 2, "answer": f"{CANARY} a walk and a short list {n}"}
        for n in range(count)
    ]


def unfit(count: int) -> list[dict[str, Any]]:
    return [{"voice": f"{CANARY} {n}", "loudness": n, f"{CANARY} spoken aloud": 1} for n in range(count)]


def jsonl(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def tar_gz(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


def untidy() -> dict[str, bytes]:
    """A bucket that nobody has tidied, by key."""
    return {
        "chats/a.json": jsonl(chats(40)),
        "chats/b.txt": gzip.compress(jsonl(chats(30, 40))),
        "odd/broken.jsonl": jsonl(chats(3, 70)) + b"{half\n",
        "odd/empty.jsonl": b"",
        "odd/picture.jsonl": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 8,
        "odd/unfit.jsonl": jsonl(unfit(12)),
        "qa/answers.jsonl": jsonl(answers(40)),
        "qa/questions.jsonl": jsonl(questions(20)),
        "top.jsonl": jsonl(chats(5, 90)),
    }


def put(folder: Path, objects: Mapping[str, bytes]) -> None:
    for key, body in objects.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

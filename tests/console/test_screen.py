import os
import threading
from io import BytesIO, StringIO
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from clients.pack_cache import open_pack
from clients.packs import pack_files
from console import drops_read, try_files
from console.screen import screen
from streams.outcomes import OUTCOMES
from streams.rules.model import Pack
from streams.settings import Settings

CANARY = "zanzibar-canary-7f3"
ANSWER = (
    "That sounds exhausting, and it makes sense that you feel worn out. It seems that you hold yourself together all day. "
    "You could begin small, with a walk that has no aim. What would feel possible for you this week?"
)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return open_pack(pack_files(""), tmp_path_factory.mktemp("state"))


def chat(asked: str, answered: str = ANSWER) -> bytes:
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return orjson.dumps({"messages": messages})


def screened(pack: Pack, data: bytes, record_bytes: int = 1 << 20) -> list[dict[str, object]]:
    into, out_of = os.pipe()
    out = BytesIO()

    def write() -> None:
        with os.fdopen(out_of, "wb") as pipe:
            pipe.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        screen(into, out, pack, record_bytes)
    finally:
        os.close(into)
        writer.join()
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


def test_each_line_in_gives_one_line_out_in_order_whatever_it_is(pack: Pack) -> None:
    lines = [
        chat("I feel stressed at work and tired at home, what can I do about it?"),
        b"{broken",
        b"",
        b'{"messages":[{"role":"user","content":null}]}',
        chat("I want to kill myself and I have not told anyone."),
        b'{"text":"\xff\xfe caf\xe9"}',
        chat("My sister and I argue about money and I feel guilty every Sunday."),
    ]
    found = screened(pack, b"\n".join(lines))
    assert [line["record"] for line in found] == list(range(7))
    assert [line["outcome"] for line in found][:5] == ["kept", "rejected", "rejected", "rejected", "crisis"]
    assert [line["reason"] for line in found][1:4] == ["bad_json", "bad_json", "null_content"]
    assert all(line["outcome"] in OUTCOMES for line in found)


def test_a_line_above_the_limit_is_one_record_and_the_next_line_is_read(pack: Pack) -> None:
    small = chat("I am worn out.")
    found = screened(
        pack, chat("x" * 5_000_000) + b"\n" + small + b"\n" + chat("y" * 3000), record_bytes=2048
    )
    assert [line["reason"] for line in found] == ["too_large", found[1]["reason"], "too_large"]
    assert found[1]["shape"] == "chat"


def test_a_record_is_answered_before_the_next_one_is_written(pack: Pack) -> None:
    into, out_of = os.pipe()
    back, answers = os.pipe()
    thread = threading.Thread(target=screen, args=(into, os.fdopen(answers, "wb"), pack, 1 << 20))
    thread.start()
    with os.fdopen(back, "rb") as reading:
        for number in range(3):
            os.write(out_of, chat("I feel lonely at home.") + b"\n")
            assert orjson.loads(reading.readline())["record"] == number
        os.close(out_of)
        thread.join(10)
    os.close(into)
    assert not thread.is_alive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drops" / "deep").mkdir(parents=True)
    lines = [chat(f"My sister and I argue about money, {CANARY} number {n}.") for n in range(6)]
    (tmp_path / "drops" / "a.jsonl").write_bytes(b"\n".join([*lines, b"{broken"]))
    (tmp_path / "drops" / "deep" / "b.csv").write_text(
        'Context,Response\n"I cannot sleep, since the move","That sounds hard. What helps?"\n'
    )
    (tmp_path / "drops" / "empty.txt").write_bytes(b"")
    return tmp_path / "drops"


@pytest.fixture(autouse=True)
def one_pack(monkeypatch: pytest.MonkeyPatch, pack: Pack) -> None:
    monkeypatch.setattr(try_files, "open_pack", lambda *_: pack)


async def tried(place: Path, console: Console, **more: object) -> int:
    options = {"as_json": False, "until": None, "sample": 0, **more}
    return await try_files.try_place(Settings(), str(place), console, **options)  # type: ignore[arg-type]


async def test_a_folder_is_summed_up_without_a_word_of_its_records(folder: Path) -> None:
    console = Console(record=True, width=100, file=StringIO())
    assert await tried(folder, console) == 4
    text = console.export_text()
    assert "3 objects" in text
    assert "8 records" in text
    assert "rejected: bad_json" in text
    assert "context_response" in text
    assert "refused" in text
    assert "100.0%" not in text.split("records")[0]
    assert CANARY not in text


async def test_the_summary_counts_the_tags_that_records_bear(tmp_path: Path) -> None:
    lines = [chat("My coworkers are so racist."), chat("My manager is racist, and it hurts.")]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    console = Console(record=True, width=100, file=StringIO())
    assert await tried(tmp_path / "a.jsonl", console) == 0
    _, tags = console.export_text().split("Tags")
    assert "bias" in tags
    assert "100.0%" in tags.split("Languages")[0]


async def test_json_lines_carry_their_key_and_each_object_ends_with_its_state(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    await tried(folder, Console(), as_json=True)
    lines = [orjson.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    objects = {line["key"]: line for line in lines if line.get("object")}
    assert objects["a.jsonl"] == {
        "object": True, "key": "a.jsonl", "state": "complete", "reason": None,
        "container": "jsonl", "compression": "none", "records": 7,
    }  # fmt: skip
    assert objects["deep/b.csv"]["records"] == 1
    assert objects["empty.txt"]["state"] == "refused"
    assert [line["record"] for line in lines if line["key"] == "a.jsonl" and "record" in line] == list(
        range(7)
    )
    assert lines[0]["messages"][0]["content"].startswith("My sister")
    assert lines[7] == objects["a.jsonl"]


async def test_until_convert_gives_the_converted_text_and_no_outcome(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    await tried(folder / "a.jsonl", Console(), as_json=True, until="convert")
    lines = [orjson.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [line["outcome"] for line in lines[:7]] == [None] * 7
    assert lines[6]["reason"] == "bad_json"
    assert lines[0]["shape"] == "chat"


UNANSWERED = {"messages": [{"role": "user", "content": f"{CANARY}, nobody answers."}]}
UNWANTED = {"prompt": "My sister and I argue.", "completion": "So what.", "label": False}
REASONED = {
    "question": "My sister and I argue.", "reasoning": "It goes on.", "answer": "Since when?", "topic": "family",
}  # fmt: skip


async def test_until_convert_the_summary_counts_what_the_lines_say(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    drop = tmp_path / "drop.jsonl"
    drop.write_bytes(b"\n".join([*map(orjson.dumps, (UNANSWERED, UNWANTED, REASONED)), b"{broken"]))
    await tried(drop, Console(), as_json=True, until="convert")
    lines = [orjson.loads(line) for line in capfdbinary.readouterr().out.splitlines()][:4]
    assert [line["reason"] for line in lines] == ["no_assistant_turn", "unwanted_reply", None, "bad_json"]
    assert lines[2]["metadata"] == {"reasoning": "It goes on.", "labels": ["family"]}
    assert lines[0]["metadata"] == {}
    console = Console(record=True, width=100, file=StringIO())
    await tried(drop, console, until="convert")
    text = console.export_text()
    rows = [line.replace("│", " ").split() for line in text.splitlines()]
    counts = {row[0]: row[1] for row in rows if len(row) == 3}
    assert (counts["converted"], counts["unreadable"]) == ("1", "3"), text
    for reason in ("no_assistant_turn", "unwanted_reply", "bad_json"):
        assert f"unreadable: {reason}" in text
    assert CANARY not in text


async def test_a_sample_takes_so_many_records_of_each_object(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    await tried(folder, Console(), as_json=True, sample=2)
    lines = [orjson.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert sum(line["key"] == "a.jsonl" and "record" in line for line in lines) == 2
    assert [line["records"] for line in lines if line.get("object")] == [2, 1, 0]


async def test_a_place_with_nothing_in_it_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(drops_read.Fatal, match="no such file or folder"):
        await tried(tmp_path / "nowhere", Console())

"""Bad records and bad objects: each ends in a counted reason, and nothing else stops."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from console.ledger_counts import read_objects
from console.local.stack import Stack
from tests.promises.drops import CANARY
from tests.promises.pipeline import pipeline

pytestmark = [pytest.mark.servers, pytest.mark.promise]


def _pair(number: int) -> dict[str, Any]:
    return {
        "prompt": f"The allotment committee has argued for {number} weeks and I feel tired of every meeting. {CANARY} "
        "What might help me before the next one?",
        "response": f"It makes sense to feel tired after {number} weeks. You could write down the one thing that matters "
        "to you and say it early, before the long discussion begins.",
    }


def _good(number: int) -> bytes:
    return json.dumps(_pair(number)).encode()


GOOD_LINES = [_good(number) for number in range(100, 140)]

# One record each: its line, and the outcome and reason that it must end in.
RECORDS: list[tuple[bytes, str, str | None]] = [
    (b'{"prompt": "' + CANARY.encode(), "rejected", "bad_json"),
    (b"not json at all " + CANARY.encode(), "rejected", "bad_json"),
    (json.dumps({"prompt": CANARY, "response": None}).encode(), "rejected", "null_content"),
    (json.dumps({"prompt": "", "response": "You could rest."}).encode(), "rejected", "empty"),
    (json.dumps({"colour": CANARY, "size": 3}).encode(), "rejected", "unknown_shape"),
    (
        json.dumps({"messages": [{"role": "narrator", "content": CANARY}]}).encode(),
        "rejected",
        "unknown_role",
    ),
    (
        json.dumps({"messages": [{"role": "assistant", "content": CANARY}]}).encode(),
        "rejected",
        "no_user_turn",
    ),
    (b'{"a":' * 100 + b"1" + b"}" * 100, "rejected", "too_deep"),
    (b'{"text": "' + b"x" * (20 << 20) + b'"}', "rejected", "too_large"),
    (_good(1).replace(b"tired", b"t\x81red"), "rejected", "bad_encoding"),
    (
        json.dumps({"prompt": "I am going to kill myself tonight.", "response": None}).encode(),
        "crisis",
        "acute",
    ),
    (
        b'{"prompt": "My brother opened a caf\xe9 and never asks how my own work goes. Is it petty to mind?", '
        b'"response": "It is not petty to want to be asked. You could tell him one thing about your week first."}',
        "kept",
        None,
    ),
]


async def test_each_bad_record_has_its_reason_and_each_bad_object_its_state(
    stack: Stack, tmp_path: Path
) -> None:
    mixed = b"\n".join(line for row in zip(GOOD_LINES, [r[0] for r in RECORDS], strict=False) for line in row)
    truncated = gzip.compress(b"\n".join(_good(number) for number in range(500, 900)))
    with pipeline(stack, tmp_path) as flow:
        flow.put(
            {
                "drops/mixed.jsonl": mixed,
                "drops/cut.jsonl.gz": truncated[: len(truncated) // 2],
                "drops/empty.jsonl": b"",
                "drops/picture.jsonl": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
                "drops/good.jsonl": b"\n".join(GOOD_LINES[len(RECORDS) :]),
            }
        )
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        flow.work("refine")
        flow.work("sink")
        await flow.finished()
        flow.stop()
        out = flow.output()
        out.check()
        by_place = {(row["key"], row["record"]): row for row in out.lines["outcomes"]}
        for number, (_, outcome, reason) in enumerate(RECORDS):
            row = by_place["drops/mixed.jsonl", 2 * number + 1]
            assert (row["outcome"], row["reason"]) == (outcome, reason), number
        good = [row for (key, _), row in by_place.items() if key == "drops/good.jsonl"]
        # they are much alike: one is kept, and what is near to it is a copy
        assert {row["outcome"] for row in good} <= {"kept", "duplicate"}
        assert len(good) == len(GOOD_LINES) - len(RECORDS)
        found = await read_objects(flow.settings)
        assert found is not None
        assert {state: objects for state, (objects, _) in found.by_state.items()} == {
            "complete": 2, "damaged": 1, "refused": 2,
        }  # fmt: skip
        assert found.records == len(out.lines["outcomes"])
        # what is not written with its text is written without any of it
        assert CANARY.encode() not in flow.logs()
        assert not any(
            CANARY.encode() in body
            for key, body in out.raw.items()
            if key.startswith(("rejected", "outcomes"))
        )


async def test_a_missing_source_bucket_is_named_and_the_command_ends_with_its_own_code(
    stack: Stack, tmp_path: Path
) -> None:
    with pipeline(stack, tmp_path) as flow:
        flow.put({"drops/good.jsonl": b"\n".join(GOOD_LINES)})
        flow.environment["FOREBAY_SOURCES"] += ",s3://no-such-bucket-anywhere/drops/"
        command = flow.start("run", "--once")
        assert await command.ended() == 4
        assert b"no-such-bucket-anywhere" in command.log.read_bytes()
        await flow.find_run()
        # the other source was read to its end all the same
        assert len(flow.output().lines["outcomes"]) == len(GOOD_LINES)


async def test_a_missing_output_bucket_is_named_before_anything_is_read(stack: Stack, tmp_path: Path) -> None:
    with pipeline(stack, tmp_path) as flow:
        flow.environment["FOREBAY_OUTPUT"] = "s3://no-such-output-anywhere/out/"
        command = flow.start("run", "--once")
        assert await command.ended() == 1
        words = command.log.read_bytes()
        assert b"no-such-output-anywhere" in words
        assert b"FOREBAY_OUTPUT" in words
        assert b"Traceback" not in words


async def test_wrong_settings_are_all_named_at_once(stack: Stack, tmp_path: Path) -> None:
    with pipeline(stack, tmp_path) as flow:
        wrong = {
            "FOREBAY_SOURCES": "chats/drops",
            "FOREBAY_PARTITIONS": "none",
            "FOREBAY_CUT_SECONDS": "-1",
            "FOREBAY_SORCES": "x",
        }
        command = flow.start("run", "--once", **wrong)
        assert await command.ended() == 3
        words = command.log.read_text()
        for name in wrong:
            assert name in words

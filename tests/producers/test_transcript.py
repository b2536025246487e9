"""A plain-text dialogue is one record; other text is not found, and a table stays one."""

import json
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.cutter import Cutter
from producers.limits import Limits
from producers.states import ObjectReason, State
from streams.outcomes import Reason
from tests.producers.cutting import USUAL, cut, ending, ranges, records

CASES = Path(__file__).parent.parent / "cases" / "containers" / "transcript.jsonl"
LIMITS = Limits(chunk_bytes=1024, chunk_records=4, record_bytes=200, csv_field_bytes=140)


def _cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text().splitlines()]


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["name"])
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_trap(case: dict[str, Any], size: int) -> None:
    data = case["data"].encode("latin-1")
    pieces = cut(data, [size] * (len(data) // size), LIMITS)
    end = ending(pieces)
    assert (end.state, end.reason) == (case["state"], case["reason"])
    expected = [one["reason"] if isinstance(one, dict) else one.encode("latin-1") for one in case["records"]]
    assert [line for _, line in records(pieces)] == expected
    assert ranges(pieces) == [tuple(one["bytes"]) for one in case["records"] if isinstance(one, dict)]
    assert sum(piece.repaired for piece in pieces) == case.get("repaired", 0)
    if case["container"]:
        assert {piece.after.container for piece in pieces if piece.after} == {case["container"]}


turn = st.tuples(
    st.sampled_from(["Client", "Therapist", "User"]),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60),
)


@given(
    turns=st.lists(turn, max_size=20), end=st.sampled_from(["\n", "\r\n"]), split=st.lists(st.integers(1, 50))
)
@settings(max_examples=150, deadline=None)
def test_a_dialogue_comes_back_whole_however_it_is_split(
    turns: list[tuple[str, str]], end: str, split: list[int]
) -> None:
    lines = ["Client: so", "Therapist: well"] + [f"{name}: {said}" for name, said in turns]
    pieces = cut(end.join(lines).encode(), split, USUAL)
    assert ending(pieces).state is State.COMPLETE
    [(number, line)] = records(pieces)
    assert number == 0
    assert isinstance(line, bytes)
    assert orjson.loads(line) == {"text": "\n".join(lines)}


def test_utf_16_is_read_as_well() -> None:
    pieces = cut("Client: so\r\nTherapist: é\r\n".encode("utf-16"), [5] * 20, USUAL)
    [(_, line)] = records(pieces)
    assert line == '{"text":"Client: so\\nTherapist: é\\n"}'.encode()


def test_nothing_is_read_twice_behind_the_record() -> None:
    data = b"Client: so\nTherapist: well\n"
    after = cut(data, (), USUAL)[-1].after
    rest = cut(data, (), USUAL, position=after)
    assert records(rest) == []
    assert ending(rest).state is State.COMPLETE


def test_a_transcript_of_20_mb_is_refused_in_bounded_memory() -> None:
    cutter = Cutter(USUAL)
    pieces = list(
        cutter.feed(b"Client: zanzibar-canary-7f3\nTherapist: so\n" + b"Client: and so on\n" * 8000)
    )
    tracemalloc.start()
    try:
        for _ in range(80):
            pieces += cutter.feed(b"and so on\n" * 25_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    pieces += cutter.finish()
    assert [line for _, line in records(pieces)] == [Reason.TOO_LARGE]
    assert most < 8 << 20


def test_a_transcript_in_a_broken_gzip_keeps_its_whole_lines() -> None:
    packer = zlib.compressobj(wbits=31)
    stored = packer.compress(b"Client: so\nTherapist: well\nClient: and th") + packer.flush(zlib.Z_SYNC_FLUSH)
    pieces = cut(stored, (), USUAL)
    assert (ending(pieces).state, ending(pieces).reason) == (State.DAMAGED, ObjectReason.TRUNCATED)
    assert [line for _, line in records(pieces)] == [b'{"text":"Client: so\\nTherapist: well\\n"}']

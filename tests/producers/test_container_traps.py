"""Golden cases of what real drops hold: `data` is bytes written as Latin-1, so is each expected line."""

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from producers.cutter import Cutter
from producers.limits import Limits
from producers.states import ObjectReason, State
from streams.outcomes import Reason
from tests.producers.cutting import USUAL, cut, ending, ranges, records

CASES = Path(__file__).parent.parent / "cases" / "containers" / "traps.jsonl"
LIMITS = Limits(chunk_bytes=1024, chunk_records=4, record_bytes=200, csv_field_bytes=140)


def _cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text().splitlines()]


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["name"])
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_trap(case: dict[str, Any], is_packed: bool) -> None:
    data = case["data"].encode("latin-1")
    pieces = cut(gzip.compress(data) if is_packed else data, [1] * 64, LIMITS)
    end = ending(pieces)
    assert (end.state, end.reason) == (case["state"], case["reason"])
    expected = [one["reason"] if isinstance(one, dict) else one.encode("latin-1") for one in case["records"]]
    assert [line for _, line in records(pieces)] == expected
    stubs = [tuple(one["bytes"]) for one in case["records"] if isinstance(one, dict)]
    assert ranges(pieces) == stubs
    assert sum(piece.repaired for piece in pieces) == case.get("repaired", 0)
    if case["container"]:
        assert {piece.after.container for piece in pieces if piece.after} == {case["container"]}


def test_members_of_a_gzip_are_one_object_and_zeros_between_them_are_padding() -> None:
    data = gzip.compress(b'{"a":1}\n{"b"') + b"\0" * 512 + gzip.compress(b":2}\n") + b"\0" * 7
    pieces = cut(data, [3] * 900, USUAL)
    assert ending(pieces).state is State.COMPLETE
    assert [line for _, line in records(pieces)] == [b'{"a":1}', b'{"b":2}']


def test_bytes_behind_the_last_gzip_member_are_damage_and_what_was_before_stays() -> None:
    data = gzip.compress(b'{"a":1}\n{"b":2}\n') + b"leftover"
    pieces = cut(data, (), USUAL)
    assert (ending(pieces).state, ending(pieces).reason) == (State.DAMAGED, ObjectReason.TRAILING_BYTES)
    assert ending(pieces).at_byte == 16
    assert [line for _, line in records(pieces)] == [b'{"a":1}', b'{"b":2}']


def test_a_gzip_of_nothing_is_empty() -> None:
    end = ending(cut(gzip.compress(b"")))
    assert (end.state, end.reason) == (State.REFUSED, ObjectReason.EMPTY)


def test_a_gzip_that_lost_only_its_trailer_gives_every_record() -> None:
    pieces = cut(gzip.compress(b'{"a":1}\n{"b":2}')[:-8], (), USUAL)
    assert (ending(pieces).state, ending(pieces).reason) == (State.DAMAGED, ObjectReason.TRUNCATED)
    assert [line for _, line in records(pieces)] == [b'{"a":1}', b'{"b":2}']


def test_a_table_that_breaks_off_gives_no_half_cell() -> None:
    whole = gzip.compress(b"q,a\n1,2\n3,4\n5,half of a long answer that was cut")
    pieces = cut(whole[:-8], (), USUAL)
    assert ending(pieces).state is State.DAMAGED
    assert records(pieces)[-1][1] is Reason.BAD_CSV
    assert len(records(pieces)) == 3


@pytest.mark.parametrize("is_table", [False, True])
def test_a_line_of_20_mb_is_skipped_in_bounded_memory(is_table: bool) -> None:
    first, last = (b"q,a\n1,2\n", b"\n3,4\n") if is_table else (b'{"a":1}\n', b'\n{"b":2}\n')
    block = b'{"zanzibar-canary-7f3": ' + b"y" * (1 << 18)
    cutter = Cutter(USUAL)
    pieces = list(cutter.feed(first))
    tracemalloc.start()
    try:
        for _ in range(80):
            pieces += cutter.feed(block)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    pieces += cutter.feed(last)
    pieces += cutter.finish()
    found = records(pieces)
    assert [reason for _, reason in found if isinstance(reason, Reason)] == [Reason.TOO_LARGE]
    assert len(found) == 3
    assert most < 8 << 20


def test_a_gzip_that_swells_a_thousandfold_is_read_in_bounded_memory() -> None:
    bomb = gzip.compress(b'{"a":1}\n' + b"0" * (60 << 20) + b'\n{"b":2}\n')
    tracemalloc.start()
    try:
        pieces = cut(bomb, (), USUAL)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [line for _, line in records(pieces)] == [b'{"a":1}', Reason.TOO_LARGE, b'{"b":2}']
    assert most < 16 << 20

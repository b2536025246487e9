"""Whatever bytes come, in every container: reading ends, says how, and counts what it could not read."""

import os
import random
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.bench.containers import KINDS
from producers.states import State
from tests.producers.cutting import USUAL, cut, ending, records

CHATS = [
    b'{"messages":[{"role":"user","content":"the ferry was late again, number %d"},'
    b'{"role":"assistant","content":"that sounds tiring; what did you do meanwhile?"}]}' % number
    for number in range(60)
]
WHOLE = {kind.name: kind.write(CHATS) for kind in KINDS}
MOST_SECONDS = 20.0  # a hang, not a measure of the machine

blocks = st.lists(st.integers(1, 4000), max_size=6)


def _read(data: bytes, sizes: list[int]) -> None:
    began = time.monotonic()
    pieces = cut(data, sizes, USUAL)
    found = ending(pieces)
    assert found.state in (State.COMPLETE, State.DAMAGED, State.REFUSED)
    assert found.reason or found.state is State.COMPLETE
    numbers = [number for number, _ in records(pieces)]
    assert len(numbers) == len(set(numbers))
    assert time.monotonic() - began < MOST_SECONDS


@pytest.mark.parametrize("name", WHOLE)
@given(
    flips=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), min_size=1, max_size=6),
    sizes=blocks,
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bits_never_crash_and_have_a_reason(
    name: str, flips: list[tuple[int, int]], sizes: list[int]
) -> None:
    data = bytearray(WHOLE[name])
    for at, mask in flips:
        data[at % len(data)] ^= mask
    _read(bytes(data), sizes)


@pytest.mark.parametrize("name", WHOLE)
@given(at=st.integers(0, 1 << 20), sizes=blocks)
@settings(max_examples=60, deadline=None)
def test_a_file_that_is_cut_anywhere_keeps_what_is_readable(name: str, at: int, sizes: list[int]) -> None:
    data = WHOLE[name][: at % len(WHOLE[name])]
    _read(data, sizes)
    whole = dict(records(cut(WHOLE[name], (), USUAL)))
    got = [(number, line) for number, line in records(cut(data, sizes, USUAL)) if isinstance(line, bytes)]
    # the last one may be cut where nothing shows it, a table's cell for example
    assert all(whole[number] == line for number, line in got[:-1])


@given(data=st.binary(max_size=3000), sizes=blocks)
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_no_data(data: bytes, sizes: list[int]) -> None:
    _read(data, sizes)


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"%PDF-1.7\n",
        b"\x7fELF\x02\x01",
        b"MZ\x90\0",
        b"\0asm",
    ],
)
def test_pictures_and_programs_are_refused(head: bytes) -> None:
    data = head + random.Random(5).randbytes(200_000)
    found = ending(cut(data, (), USUAL))
    assert (found.state, found.reason.value) == (State.REFUSED, "unknown_container")


def test_a_real_program_and_a_real_library_are_refused() -> None:
    for place in (Path(sys.executable).resolve(), Path(os.__file__).with_suffix(".py")):
        found = ending(cut(place.read_bytes()[: 2 << 20], (), USUAL))
        assert found.state is State.REFUSED, place.name


@pytest.mark.parametrize("name", WHOLE)
def test_damage_costs_no_memory(name: str) -> None:
    data = bytearray(WHOLE[name])
    for at in range(len(data) // 2, len(data), 97):
        data[at] ^= 0x55
    cut(bytes(data), (), USUAL)  # imports and tables that stay
    tracemalloc.start()
    try:
        cut(bytes(data), (), USUAL)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 24 << 20

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.chunks import BadEnvelope, DecidedChunk, Part, RawChunk, Section, Stub, read_decided, read_raw
from streams.outcomes import Reason


@st.composite
def raw_chunks(draw: st.DrawFn) -> RawChunk:
    parts, stubs, value = [], [], []
    for index in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, 10**9))
        kinds = draw(st.lists(st.none() | st.sampled_from(Reason), min_size=1, max_size=5))
        for at, reason in enumerate(kinds):
            if reason is None:
                value.append(draw(st.binary(min_size=1, max_size=9)).replace(b"\n", b" "))
            else:
                stubs.append(Stub(index, first + at, reason, at, at + 1))
        parts.append(
            Part(draw(st.text(max_size=5)), draw(st.text(max_size=5)), "v", first, len(kinds), "jsonl")
        )
    return RawChunk(b"\n".join(value), tuple(parts), tuple(stubs), draw(st.integers(0, 9)))


@given(raw_chunks())
def test_a_raw_chunk_comes_back_from_its_message(chunk: RawChunk) -> None:
    assert read_raw(chunk.value, chunk.headers()) == chunk


@given(raw_chunks())
def test_every_record_of_a_chunk_is_told_once_in_order(chunk: RawChunk) -> None:
    items = list(chunk.items())
    assert len(items) == chunk.records
    told = b"\n".join(found for _, _, found in items if isinstance(found, bytes))
    assert told == chunk.value
    assert [reason for *_, reason in items if isinstance(reason, Reason)] == [
        stub.reason for stub in chunk.stubs
    ]
    for part in chunk.parts:
        own = [number for of, number, _ in items if of is part]
        assert own == list(range(part.first, part.first + part.count))


def test_a_chunk_of_stubs_alone_has_an_empty_value() -> None:
    chunk = RawChunk(b"", (Part("b", "k", "v", 0, 1, "jsonl"),), (Stub(0, 0, Reason.TOO_LARGE, 0, 9),))
    assert read_raw(None, chunk.headers()) == chunk
    assert [found for *_, found in chunk.items()] == [Reason.TOO_LARGE]


CHUNK = RawChunk(b"1\n2", (Part("b", "k", "v", 0, 2, "jsonl"),))


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"1", CHUNK.headers()),
        (b"1\n2\n3", CHUNK.headers()),
        (b"", CHUNK.headers()),
        (b"1\n2", []),
        (b"1\n2", [*CHUNK.headers()[1:], ("schema", b"99")]),
        (b"1\n2", [*CHUNK.headers()[:2], ("parts", b"[[1]]"), ("stubs", b"[]")]),
        (b"1\n2", [*CHUNK.headers()[:3], ("stubs", b'[[0, 0, "bored", 0, 1]]')]),
        (b"1\n2", [*CHUNK.headers()[:2], ("parts", b"zanzibar-canary-7f3"), ("stubs", b"[]")]),
    ],
)
def test_a_message_that_does_not_add_up_is_refused_without_quoting_it(
    value: bytes, headers: list[tuple[str, bytes]]
) -> None:
    with pytest.raises(BadEnvelope) as caught:
        read_raw(value, headers)
    assert "zanzibar" not in str(caught.value)


DECIDED = DecidedChunk(
    b"a\nb\nc\n", (Section("kept", "train", 2, 4), Section("outcomes", "", 1, 2)), "run-1", 3, 41, 40, 2
)


def test_a_decided_chunk_comes_back_and_its_slices_are_its_sections() -> None:
    back = read_decided(DECIDED.value, DECIDED.headers())
    assert back == DECIDED
    assert list(back.slices()) == [(DECIDED.sections[0], b"a\nb\n"), (DECIDED.sections[1], b"c\n")]


@pytest.mark.parametrize(
    "value", [b"a\nb\nc", b"a\nb\nc\nd\n", b"", None], ids=["shorter", "longer", "empty", "null"]
)
def test_a_decided_value_of_another_size_is_refused(value: bytes | None) -> None:
    with pytest.raises(BadEnvelope):
        read_decided(value, DECIDED.headers())


def test_a_decided_message_without_its_raw_place_is_refused() -> None:
    headers = [header for header in DECIDED.headers() if header[0] != "raw"]
    with pytest.raises(BadEnvelope):
        read_decided(DECIDED.value, headers)


def test_an_empty_decided_chunk_is_still_one_message() -> None:
    empty = replace(DECIDED, value=b"", sections=())
    assert read_decided(b"", empty.headers()) == empty

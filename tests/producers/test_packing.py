"""Pieces of many objects become chunks, each of which reads back record by record."""

from hypothesis import given, settings
from hypothesis import strategies as st

from producers.limits import Limits
from producers.packing import OpenChunk, Packed, packed
from producers.states import ObjectVersion
from streams.chunks import read_raw
from streams.outcomes import Reason
from tests.producers.cutting import cut, records

LIMITS = Limits(chunk_bytes=2000, chunk_records=7, record_bytes=300, csv_field_bytes=300)
line = st.sampled_from([b'{"a":1}', b"{broken", b'{"t":"' + b"x" * 400 + b'"}', b'{"t":"\x81"}', b""])


def _version(number: int) -> ObjectVersion:
    return ObjectVersion("drops", f"k{number}", f"e{number}@1", "", f"e{number}", 1, 10)


@given(st.lists(st.lists(line, max_size=20), max_size=12))
@settings(max_examples=200, deadline=None)
def test_every_record_of_every_object_is_in_one_chunk_in_order(objects: list[list[bytes]]) -> None:
    shared = OpenChunk(LIMITS, wait_seconds=1)
    sent: list[Packed] = []
    expected: dict[str, list[tuple[int, bytes | Reason]]] = {}
    for number, lines in enumerate(objects):
        version = _version(number)
        pieces = cut(b'{"first":1}\n{"second":2}\n{"third":3}\n' + b"\n".join(lines), (), LIMITS)
        expected[version.key] = records(pieces)
        for piece in pieces:
            full = (
                packed([(b"", version, piece)])
                if piece.is_full
                else shared.add(b"%d" % number, version, piece, 0.0)
            )
            if full is not None:
                sent.append(full)
    sent.append(shared.seal())
    found: dict[str, list[tuple[int, bytes | Reason]]] = {key: [] for key in expected}
    for ready in sent:
        if ready.chunk is None:
            continue
        assert ready.chunk.records <= LIMITS.chunk_records
        chunk = read_raw(ready.chunk.value, ready.chunk.headers())
        for part, number_in_object, one in chunk.items():
            found[part.key].append((number_in_object, one))
    assert found == expected
    assert sum(1 for ready in sent for _, _, piece in ready.pieces if piece.ending) == len(objects)


def test_a_chunk_of_stubs_alone_has_an_empty_value() -> None:
    big = b'{"t":"' + b"x" * 400 + b'"}\n'
    piece = cut(big, (), LIMITS)[0]
    chunk = packed([(b"", _version(0), piece)]).chunk
    assert chunk is not None
    assert chunk.value == b""
    assert chunk.records == len(chunk.stubs) == 1


def test_long_keys_count_so_that_the_headers_fit_into_a_message() -> None:
    shared = OpenChunk(Limits(256 << 10, 10_000, 1 << 20, 1 << 20), wait_seconds=1)
    sent: list[Packed] = []
    for number in range(2000):
        version = ObjectVersion("drops", f"{number}" + "é" * 510, "e@1", "", "e", 1, 10)
        for piece in cut(b'{"a":1}\n', ()):
            full = shared.add(b"", version, piece, 0.0)
            sent += [full] if full else []
    assert sent
    for ready in sent:
        assert ready.chunk is not None
        assert sum(len(value) for _, value in ready.chunk.headers()) < 1 << 20


def test_it_is_due_after_its_wait_from_the_first_piece_on() -> None:
    shared = OpenChunk(LIMITS, wait_seconds=1.5)
    assert shared.due is None
    shared.add(b"", _version(0), cut(b'{"a":1}\n')[0], 10.0)
    shared.add(b"", _version(1), cut(b'{"a":1}\n')[0], 11.0)
    assert shared.due == 11.5
    shared.seal()
    assert shared.due is None

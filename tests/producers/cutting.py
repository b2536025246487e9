"""Runs a cutter over bytes, in any blocks, and takes its pieces apart again."""

import io
from collections.abc import Iterable, Iterator

from producers.cutter import Cutter
from producers.limits import Limits
from producers.pieces import Piece
from producers.states import Ending, Position
from streams.outcomes import Reason

SMALL = Limits(chunk_bytes=200, chunk_records=5, record_bytes=120, csv_field_bytes=90)
USUAL = Limits(chunk_bytes=256 << 10, chunk_records=250, record_bytes=1 << 20, csv_field_bytes=1 << 20)


def blocks(data: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """The data in blocks of these sizes; the rest is one more."""
    at = 0
    for size in sizes:
        if at >= len(data):
            return
        yield data[at : at + size]
        at += size
    if at < len(data):
        yield data[at:]


def cut(
    data: bytes, sizes: Iterable[int] = (), limits: Limits = SMALL, position: Position | None = None
) -> list[Piece]:
    """All pieces of an object, as if it were read from the last position."""
    cutter = Cutter(limits, position)
    pieces: list[Piece] = []
    for block in blocks(data[cutter.reads_from :], sizes):
        pieces += cutter.feed(block)
        if cutter.is_finished or cutter.wants_file:
            break
    pieces += cutter.finish()
    if cutter.wants_file:
        pieces += cutter.read_file(io.BytesIO(data))
    return pieces


def records(pieces: Iterable[Piece]) -> list[tuple[int, bytes | Reason]]:
    """Number and line (or reason) of every record, in order."""
    found: list[tuple[int, bytes | Reason]] = []
    for piece in pieces:
        lines = iter(piece.value.split(b"\n"))
        reasons = {stub.record: stub.reason for stub in piece.stubs}
        for first, count in piece.runs:
            for number in range(first, first + count):
                found.append((number, reasons[number] if number in reasons else next(lines)))
    return found


def ranges(pieces: Iterable[Piece]) -> list[tuple[int, int]]:
    return [(stub.start, stub.end) for piece in pieces for stub in piece.stubs]


def ending(pieces: list[Piece]) -> Ending:
    assert [piece.ending is None for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    found = pieces[-1].ending
    assert found is not None
    return found

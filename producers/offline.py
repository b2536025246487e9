"""Reads one object without servers, by the very code of the pipeline: for `try`, tests and the bench."""

from collections.abc import Iterator
from typing import BinaryIO

from producers.body import BLOCK_BYTES
from producers.cutter import Cutter
from producers.limits import Limits
from producers.pieces import Piece
from producers.states import Position


def pieces_of(stored: BinaryIO, limits: Limits, position: Position | None = None) -> Iterator[Piece]:
    """The pieces of a file that can be sought, behind a position; the last one has the ending."""
    cutter = Cutter(limits, position)
    stored.seek(cutter.reads_from)
    while not cutter.is_finished and not cutter.wants_file:
        block = stored.read(BLOCK_BYTES)
        yield from cutter.feed(block) if block else cutter.finish()
    if cutter.wants_file:
        stored.seek(0)
        yield from cutter.read_file(stored)

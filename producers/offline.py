"""Reads one object without servers, by the very code of the pipeline: for `try`, tests and the bench."""

from collections.abc import Iterable, Iterator

from producers.cutter import Cutter
from producers.packing import Packed, packed
from producers.states import Limits, ObjectVersion


def read_blocks(blocks: Iterable[bytes], version: ObjectVersion, limits: Limits) -> Iterator[Packed]:
    """The object's chunks in order; the last one's piece has the ending (its chunk is None without records)."""
    cutter = Cutter(limits)
    for block in blocks:
        for piece in cutter.feed(block):
            yield packed([(b"", version, piece)])
        if cutter.is_finished:
            return
    for piece in cutter.finish():
        yield packed([(b"", version, piece)])

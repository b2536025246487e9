"""Parquet: rows of columns, read by the footer's table of contents; each row is sent as {column: value}.

A position's `byte` is the number of the row group of the last row that was sent, its `record` the row at which
reading goes on; where damage begins is told as a row. What a library must hold of a file is one batch of rows,
a page of each column, and the footer.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO

from producers.chunker import Chunker
from producers.containers.container import FileContainer, Found, Nest, Sample
from producers.containers.parquet_footer import BadThrift, Column, groups_of
from producers.gathering.gather import Gather
from producers.limits import Limits, most_plain_bytes
from producers.pieces import Piece
from producers.states import Ending, ObjectReason, Position, State

if TYPE_CHECKING:
    from producers.containers.parquet_batches import Batches, Source

MAGIC = b"PAR1"

# pyarrow looks for the footer in so many last bytes: asked for here first, they are one request for both.
_TAIL_BYTES = 64 << 10
_FOOTER_BYTES = 32 << 20  # unpacked it takes several times as much memory
# As for bytes, so for the values of lists: a billion nulls of one row are a few bytes, and 12 each in memory.
_INNOCENT_VALUES = 16 << 20
_VALUES_A_BYTE = 64


def _find(sample: Sample) -> Found | None:
    return Found() if sample.data.startswith(MAGIC) else None


def _read(file: BinaryIO, limits: Limits, position: Position, _nest: Nest) -> Iterator[Piece]:
    # pyarrow costs some 50 MiB and 0.3 s: only a process that meets Parquet pays
    from producers.containers.parquet_batches import Broken, Source

    source = Source(file)
    batches = _opened(source, limits)
    if isinstance(batches, Ending):
        yield Piece(ending=batches)
        return
    gather, chunker = Gather(limits, position), Chunker(limits, position)
    made_bytes: int = position.carry.get("made", 0)
    most_bytes = min(limits.plain_bytes, most_plain_bytes(limits.expansion, source.size))
    row = position.record
    ending: Ending | None = None
    try:
        for found in batches.read(row):
            made = list(accumulate(map(len, found.lines), initial=made_bytes))
            made_bytes = made[-1]
            if made_bytes > most_bytes:
                # one value can stand in a million rows: what is sent is bounded too, and by the same row always
                fitting = bisect_right(made, most_bytes) - 1
                del found.lines[fitting:], found.ends[fitting:]
                ending = Ending(State.REFUSED, ObjectReason.EXPANSION, row + fitting)
            found.carries = {place: {"made": size} for place, size in enumerate(made[1:])}
            row += len(found.lines)
            for gathered in gather.feed(found):
                yield from chunker.add(gathered)
            if ending is not None:
                break
    except Broken as broken:
        state = State.REFUSED if broken.reason is ObjectReason.EXPANSION else State.DAMAGED
        ending = Ending(state, broken.reason, broken.row)
    for gathered in gather.finish():
        yield from chunker.add(gathered)
    yield chunker.finish(ending or Ending(State.COMPLETE))


def _opened(source: "Source", limits: Limits) -> "Batches | Ending":
    """The file's rows, or why there are none."""
    from producers.containers.parquet_batches import Batches

    tail = source.hold(max(0, source.size - _TAIL_BYTES), min(source.size, _TAIL_BYTES))[-8:]
    footer_bytes = int.from_bytes(tail[:4], "little")
    if tail[4:] == b"PARE":
        return Ending(State.REFUSED, ObjectReason.ENCRYPTED)
    if tail[4:] != MAGIC or source.size < footer_bytes + 12:
        return Ending(State.DAMAGED, ObjectReason.TRUNCATED, 0)
    if footer_bytes > _FOOTER_BYTES:
        return Ending(State.REFUSED, ObjectReason.MEMBER_TOO_LARGE)
    if footer_bytes + 8 > _TAIL_BYTES:
        source.hold(source.size - footer_bytes - 8, footer_bytes + 8)
    source.seek(source.size - footer_bytes - 8)
    try:
        groups = groups_of(source.read(footer_bytes))
    except (BadThrift, IndexError):
        return Ending(State.DAMAGED, ObjectReason.CORRUPT, 0)
    columns = [column for group in groups for column in group.columns]
    if any(column.is_encrypted for column in columns):
        return Ending(State.REFUSED, ObjectReason.ENCRYPTED)
    # a summary of other files holds no rows itself
    if not columns or not sum(group.rows for group in groups) or any(c.is_elsewhere for c in columns):
        return Ending(State.REFUSED, ObjectReason.EMPTY)
    if _is_bomb(columns, limits):
        return Ending(State.REFUSED, ObjectReason.EXPANSION)
    try:
        return Batches(source, groups, limits.record_bytes)
    except Exception as error:  # noqa: BLE001 - pyarrow raises many kinds on damaged bytes
        source.blame(error)
        return Ending(State.DAMAGED, ObjectReason.CORRUPT, 0)


def _is_bomb(columns: list[Column], limits: Limits) -> bool:
    """Whether the footer promises more than we would unpack; what it hides is found page by page."""
    return sum(column.plain_bytes for column in columns) > limits.plain_bytes or any(
        column.plain_bytes > most_plain_bytes(limits.expansion, column.end - column.start)
        or (column.is_nested and column.values > max(_INNOCENT_VALUES, _VALUES_A_BYTE * column.plain_bytes))
        for column in columns
    )


PARQUET = FileContainer("parquet", _find, _read)

"""Reads the beginning of one stored object, by the very code of the intake, and keeps counts of it: never text."""

import io
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from console.catalog.fields import Names, Sides
from producers.cutter import Cutter
from producers.limits import Limits
from producers.packing import parts_of
from producers.pieces import Piece
from producers.states import Ending, ObjectReason, Position, State
from streams.chain import receive
from streams.chunks import RawChunk
from streams.outcomes import Reason
from streams.records import Conversation, Origin
from streams.steps.convert import convert

SAMPLE_BYTES = 1 << 20  # stored bytes of an object; what is read here and there takes what it needs
SAMPLE_RECORDS = 500
# Small blocks and pieces: what was read of the object, and what was seen of its records, are then nearly the same.
_BLOCK_BYTES = 32 << 10
_PIECE_BYTES, _PIECE_RECORDS = 64 << 10, 50
_NOWHERE = Origin("")


@dataclass(slots=True)
class Sampled:
    """What the beginning of an object shows. `state` is `reading` where it was left before its end.

    `records` were found, `shapes` and `reasons` count those that were converted; `unfit` has, by field set, the
    records that fit no shape and the number of the first. `estimate` is of the records of the whole object.
    """

    key: str
    size_bytes: int
    known_records: int | None = None
    state: str = State.READING.value
    reason: str = ""
    detail: str = ""
    container: str = ""
    compression: str = ""
    records: int = 0
    value_bytes: int = 0
    estimate: float = 0.0
    shapes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    members: Counter[str] = field(default_factory=Counter)
    unfit: dict[Names, tuple[int, int]] = field(default_factory=dict)
    sides: Sides = field(default_factory=Sides)
    after: Position | None = None
    fed_bytes: int = 0  # stored bytes that were read as a stream
    fed_at_piece: int = 0  # as many of them as the last records needed
    plain_bytes: int = 0  # what those were when unpacked
    read_bytes: int = 0  # stored bytes that were read here and there

    @property
    def is_whole(self) -> bool:
        return self.state != State.READING.value

    @property
    def was_read(self) -> bool:
        """False where the store did not give it: denied, archived, gone meanwhile."""
        return (
            self.reason not in (ObjectReason.DENIED, ObjectReason.ARCHIVED) and self.state != State.GONE.value
        )

    def end(self, ending: Ending) -> None:
        self.state, self.reason, self.detail = ending.state.value, ending.reason.value, ending.detail


def sample(stored: BinaryIO, into: Sampled, limits: Limits, json_depth: int) -> None:
    """Read at most SAMPLE_BYTES or SAMPLE_RECORDS of a file that can be sought, and count what is there. Blocks.

    What the file itself raises passes through; a fault of ours costs the object only (`reader_error`).
    """
    cutter = Cutter(replace(limits, chunk_bytes=_PIECE_BYTES, chunk_records=_PIECE_RECORDS))
    watched = _Watched(stored)
    file = io.BufferedReader(watched)
    try:
        _stream(file, into, cutter, json_depth)
        if cutter.wants_file:
            file.seek(0)
            for piece in cutter.read_file(file):
                _take(piece, into, json_depth)
                if into.records >= SAMPLE_RECORDS:
                    break
    except Exception as error:  # noqa: BLE001 - as in the intake: our own fault must cost one object
        # how it failed is told by its type alone: its words could hold a record's
        into.end(Ending(State.DAMAGED, ObjectReason.READER_ERROR, detail=type(error).__name__))
    if watched.fault is not None:
        raise watched.fault
    into.read_bytes = watched.read_bytes


def _stream(stored: BinaryIO, into: Sampled, cutter: Cutter, json_depth: int) -> None:
    while not (cutter.is_finished or cutter.wants_file or into.records >= SAMPLE_RECORDS):
        wanted = min(_BLOCK_BYTES, SAMPLE_BYTES - into.fed_bytes)
        if wanted <= 0 and into.size_bytes > SAMPLE_BYTES:
            return
        block = stored.read(max(1, wanted))
        into.fed_bytes += len(block)
        # each block is taken to its end, though few of its records are converted: the estimate rests on both
        for piece in cutter.feed(block) if block else cutter.finish():
            _take(piece, into, json_depth)
        into.plain_bytes = cutter.plain_bytes


def _take(piece: Piece, into: Sampled, json_depth: int) -> None:
    if piece.after is not None:
        into.after = piece.after
        into.container, into.compression = piece.after.container, piece.after.compression
    for member in piece.members:
        into.members[member.reason.value or member.state.value] += 1
    if piece.count:
        if into.records < SAMPLE_RECORDS:
            _convert(piece, into, json_depth)
        into.records += piece.count
        into.value_bytes += len(piece.value) + 1
        into.fed_at_piece = into.fed_bytes
    if piece.ending is not None:
        into.end(piece.ending)


def _convert(piece: Piece, into: Sampled, json_depth: int) -> None:
    parts, stubs = parts_of(piece, "", into.key, "", into.container)
    chunk = RawChunk(piece.value, tuple(parts), tuple(stubs))
    for record in receive(chunk, lambda *_: _NOWHERE):
        if record.refused is not None:
            into.reasons[record.refused.value] += 1
            into.sides.records += 1
            continue
        found = convert(record.line, json_depth)
        into.sides.add(found, record.line)
        if isinstance(found, Conversation):
            into.shapes[found.shape] += 1
            continue
        into.reasons[found.reason.value] += 1
        if found.reason is Reason.UNKNOWN_SHAPE:
            names = tuple(sorted(found.fields))
            count, first = into.unfit.get(names, (0, record.source.record))
            into.unfit[names] = (count + 1, first)


class _Watched(io.RawIOBase):
    """A file that counts what is read of it, and remembers how it failed: a reader may take that for damage."""

    def __init__(self, stored: BinaryIO) -> None:
        self._stored = stored
        self.read_bytes = 0
        self.fault: BaseException | None = None

    def readinto(self, into: "bytearray | memoryview") -> int:  # type: ignore[override]
        try:
            found = self._stored.read(len(into))
        except BaseException as fault:
            self.fault = fault
            raise
        into[: len(found)] = found
        self.read_bytes += len(found)
        return len(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stored.seek(offset, whence)

    def tell(self) -> int:
        return self._stored.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

"""Cuts one object's records into pieces at record boundaries, each small enough for a chunk."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from producers.containers.container import Records
from producers.states import Ending, Limits, Position
from streams.outcomes import Reason


@dataclass(frozen=True, slots=True)
class PieceStub:
    """A refused record of a piece: its number in the object and its byte range."""

    record: int
    reason: Reason
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring records of one object: numbers first .. first + count - 1, stubs included.

    `is_full`: it was cut because a limit was reached, and makes a chunk alone. The last piece of an object
    has an `ending`, and may be empty. `after` is where reading goes on once this piece is committed.
    """

    value: bytes
    first: int
    count: int
    stubs: tuple[PieceStub, ...]
    repaired: int
    after: Position | None
    is_full: bool
    ending: Ending | None = None


class Chunker:
    """Gathers the records of one object and yields a piece whenever a limit would be passed."""

    def __init__(self, limits: Limits, at: Position) -> None:
        self._limits = limits
        self._at = at
        self._first = at.record
        self._end = at.byte
        self._clear()

    @property
    def records(self) -> int:
        """The number of the next record."""
        return self._first + self._count

    def _clear(self) -> None:
        self._lines: list[bytes] = []
        self._stubs: list[PieceStub] = []
        self._count = 0
        self._bytes = 0
        self._repaired = 0

    def add(self, found: Records) -> Iterator[Piece]:
        """The pieces that these records fill."""
        refused, repaired = found.refused, found.repaired
        most_bytes, most_records = self._limits.chunk_bytes, self._limits.chunk_records
        for number, line in enumerate(found.lines):
            size = len(line) + 1
            if self._count and (self._bytes + size > most_bytes or self._count >= most_records):
                yield self._cut(is_full=True)
            if refused and number in refused:
                stub = refused[number]
                self._stubs.append(PieceStub(self.records, stub.reason, stub.start, stub.end))
            else:
                self._lines.append(line)
                self._bytes += size
                if repaired and number in repaired:
                    self._repaired += 1
            self._count += 1
            self._end = found.ends[number]

    def finish(self, ending: Ending) -> Piece:
        """The rest, perhaps nothing, with how the object ended."""
        return self._cut(is_full=False, ending=ending)

    def _cut(self, *, is_full: bool, ending: Ending | None = None) -> Piece:
        first, count = self._first, self._count
        self._first = first + count
        piece = Piece(
            value=b"\n".join(self._lines),
            first=first,
            count=count,
            stubs=tuple(self._stubs),
            repaired=self._repaired,
            after=replace(self._at, byte=self._end, record=self._first),
            is_full=is_full,
            ending=ending,
        )
        self._clear()
        return piece

"""Cuts one object's records into pieces at record boundaries, each small enough for a chunk."""

from collections.abc import Iterator
from dataclasses import replace

from producers.containers.container import Records
from producers.limits import Limits
from producers.pieces import Piece, PieceStub
from producers.states import Ending, Position


class Chunker:
    """Gathers the records of one object and yields a piece whenever a limit would be passed."""

    def __init__(self, limits: Limits, at: Position) -> None:
        self._limits = limits
        self._at = at
        self._next = at.record  # the number at which reading goes on
        self._end = at.byte
        self._carry = at.carry
        self._has_cut = at.record > 0
        self._clear()

    def _clear(self) -> None:
        self._lines: list[bytes] = []
        self._runs: list[tuple[int, int]] = []
        self._stubs: list[PieceStub] = []
        self._count = 0
        self._bytes = 0
        self._repaired = 0

    def add(self, found: Records) -> Iterator[Piece]:
        """The pieces that these records fill."""
        refused, repaired, rows, carries = found.refused, found.repaired, found.rows, found.carries
        most_bytes, most_records = self._limits.chunk_bytes, self._limits.chunk_records
        for place, line in enumerate(found.lines):
            size = len(line) + 1
            if self._count and (self._bytes + size > most_bytes or self._count >= most_records):
                yield self._cut(is_full=True)
            number, behind = rows[place] if rows else (self._next, self._next + 1)
            if refused and place in refused:
                stub = refused[place]
                self._stubs.append(PieceStub(number, stub.reason, stub.start, stub.end))
            else:
                self._lines.append(line)
                self._bytes += size
                if repaired and place in repaired:
                    self._repaired += 1
            self._number(number)
            self._count += 1
            self._next = behind
            self._end = found.ends[place]
            if carries and place in carries:
                self._carry = carries[place]

    def _number(self, number: int) -> None:
        if self._runs:
            first, count = self._runs[-1]
            if first + count == number:
                self._runs[-1] = (first, count + 1)
                return
        self._runs.append((number, 1))

    @property
    def has_records(self) -> bool:
        """True once a record was found, also before the position where reading began."""
        return self._has_cut or self._count > 0

    def finish(self, ending: Ending) -> Piece:
        """The rest, perhaps nothing, with how the object ended."""
        return self._cut(is_full=False, ending=ending)

    def _cut(self, *, is_full: bool, ending: Ending | None = None) -> Piece:
        self._has_cut = self.has_records
        piece = Piece(
            value=b"\n".join(self._lines),
            runs=tuple(self._runs),
            stubs=tuple(self._stubs),
            repaired=self._repaired,
            after=replace(self._at, byte=self._end, record=self._next, carry=self._carry),
            is_full=is_full,
            ending=ending,
        )
        self._clear()
        return piece

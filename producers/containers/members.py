"""What the archives share: each member is an object within the object, read by a cutter of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from producers.containers.container import MemberCutter, Nest
from producers.limits import Limits
from producers.pieces import Piece, PieceStub
from producers.states import REFUSALS, Ending, ObjectReason, Position, State

# An archive within an archive is read; one more around both is not.
DEEPEST = 1


def too_deep() -> Piece:
    return Piece(ending=Ending(State.REFUSED, ObjectReason.TOO_DEEP))


class MemberReader:
    """Reads the members one after the other into the archive's pieces, their records numbered on.

    For each member `begin`, `feed` its bytes, `end`; or `pass_over` one that cannot be opened; `finish` gives
    the last piece. All pieces but the last are full: they are never sent in another order. Small members
    share a piece. Byte ranges of stubs are those within the member's plain bytes.
    """

    def __init__(self, limits: Limits, at: Position, nest: Nest) -> None:
        self._limits = limits
        self._at = at
        self._nest = nest
        carry = at.carry
        inner = carry.get("inner")
        self._inner = Position(*inner) if inner else None  # where reading goes on in the first member
        self.index: int = carry.get("member", 0)
        self.plain_bytes: int = carry.get("plain", 0)  # of all members up to here
        self.notes: Mapping[str, Any] = {}  # what else the archive needs to read on
        self._base: int = carry.get("base", 0)  # records of the members before this one
        self._read: int = carry.get("read", 0)
        self._refused: dict[str, int] = dict(carry.get("refused", {}))
        self._damaged: dict[str, int] = dict(carry.get("damaged", {}))
        self._damaged_at: int | None = carry.get("damaged_at")
        self._cutter: MemberCutter | None = None
        self._byte = at.byte
        self._plain_before = self.plain_bytes
        self._next = 0  # the number within the member at which reading goes on
        self._last = Piece()
        self._waiting: Piece | None = None  # small pieces that share one

    @property
    def is_reading(self) -> bool:
        """False once no more bytes of this member are needed: it was refused, or its inside is damaged."""
        return self._cutter is not None and not self._cutter.is_finished

    def begin(self, byte: int) -> None:
        """A member, whose header is at `byte` of the archive."""
        self._cutter = self._nest.cut(self._limits, self._inner, self._nest.depth + 1)
        self._next = 0 if self._inner is None else self._inner.record
        self._inner = None
        self._byte = byte
        self._plain_before = self.plain_bytes

    def feed(self, plain: bytes) -> Iterator[Piece]:
        self.plain_bytes += len(plain)
        if self._cutter is not None and not self._cutter.is_finished:
            for piece in self._cutter.feed(plain):
                yield from self._take(piece)

    def end(self, next_byte: int, reason: ObjectReason = ObjectReason.NONE) -> Iterator[Piece]:
        """The member's rest. `reason`: why its bytes break off, or are not what was stored."""
        assert self._cutter is not None
        if not self._cutter.is_finished:
            for piece in self._cutter.break_off(reason) if reason else self._cutter.finish():
                yield from self._take(piece)
        self._cutter = None
        last, self._last = self._last, Piece()
        assert last.ending is not None
        yield from self._settle(last, last.ending, next_byte)

    def pass_over(self, byte: int, next_byte: int, state: State, reason: ObjectReason) -> Iterator[Piece]:
        """A member of which no byte can be read."""
        self._inner = self._cutter = None
        self._byte, self._next = byte, 0
        yield from self._settle(Piece(), Ending(state, reason), next_byte)

    def finish(self, reason: ObjectReason, byte: int) -> Iterator[Piece]:
        """The last piece. `reason`: why the archive itself breaks off, at `byte`; NONE: at its end."""
        last = self._waiting or Piece(after=self._position(byte, None))
        self._waiting = None
        yield replace(last, is_full=False, ending=self._ending(reason, byte))

    def _take(self, piece: Piece) -> Iterator[Piece]:
        if piece.after is not None:
            self._next = piece.after.record
        if piece.ending is not None:
            self._last = piece  # until the archive has come to its end
        else:
            yield from self._join(piece, self._position(self._byte, piece.after))

    def _settle(self, last: Piece, ending: Ending, next_byte: int) -> Iterator[Piece]:
        match ending.state:
            case State.COMPLETE:
                self._read += 1
            case State.DAMAGED:
                self._damaged[ending.reason] = self._damaged.get(ending.reason, 0) + 1
                if self._damaged_at is None:
                    self._damaged_at = self._byte
            case _:
                self._refused[ending.reason] = self._refused.get(ending.reason, 0) + 1
        base = self._base
        self._base += self._next
        self._next = 0
        self.index += 1
        self._plain_before = self.plain_bytes
        members = last.members if ending.state is State.COMPLETE else (*last.members, ending)
        last = replace(last, ending=None, members=members)
        yield from self._join(last, self._position(next_byte, None), base)

    def _position(self, byte: int, inner: Position | None) -> Position:
        carry = {
            "member": self.index,
            "base": self._base,
            "inner": None if inner is None else inner.row(),
            "plain": self._plain_before,
            "read": self._read,
            "refused": dict(self._refused),
            "damaged": dict(self._damaged),
            "damaged_at": self._damaged_at,
            **self.notes,
        }
        return replace(self._at, byte=byte, record=self._base + self._next, carry=carry)

    def _join(self, piece: Piece, after: Position, base: int | None = None) -> Iterator[Piece]:
        """Add a member's piece to what waits; yields what is full by that."""
        piece = replace(_numbered(piece, self._base if base is None else base), after=after)
        waiting = self._waiting
        if waiting is None:
            self._waiting = piece
        elif self._fits(waiting, piece):
            self._waiting = _joined(waiting, piece)
        else:
            yield replace(waiting, is_full=True)
            self._waiting = piece
        if piece.is_full:
            assert self._waiting is not None
            yield replace(self._waiting, is_full=True)
            self._waiting = None

    def _fits(self, first: Piece, second: Piece) -> bool:
        size = len(first.value) + 1 + len(second.value)
        most = self._limits.chunk_records
        return (
            (size <= self._limits.chunk_bytes or not (first.count and second.count))
            and first.count + second.count <= most
            and len(first.members) + len(second.members) <= most
        )

    def _ending(self, reason: ObjectReason, byte: int) -> Ending:
        if reason in REFUSALS:
            return Ending(State.REFUSED, reason, byte, detail=self._detail())
        if self._damaged:
            first = ObjectReason(next(iter(self._damaged)))
            return Ending(State.DAMAGED, first, self._damaged_at, detail=self._detail())
        if reason:
            return Ending(State.DAMAGED, reason, byte, detail=self._detail())
        if self._base:
            return Ending(State.COMPLETE, detail=self._detail())
        if not self._refused:
            return Ending(State.REFUSED, ObjectReason.EMPTY, detail=self._detail())
        only = next(iter(self._refused)) if len(self._refused) == 1 else ObjectReason.UNKNOWN_CONTAINER
        return Ending(State.REFUSED, ObjectReason(only), detail=self._detail())

    def _detail(self) -> str:
        parts = []
        for word, reasons in (("damaged", self._damaged), ("refused", self._refused)):
            parts += [f"{count} {word} ({reason})" for reason, count in reasons.items()]
        count = f"{self.index} member" + ("" if self.index == 1 else "s")
        return count + (": " + ", ".join(parts) if parts else "")


def _numbered(piece: Piece, base: int) -> Piece:
    """The piece with its records numbered as the archive's."""
    if not base or not piece.runs:
        return piece
    runs = tuple((first + base, count) for first, count in piece.runs)
    stubs = tuple(PieceStub(one.record + base, one.reason, one.start, one.end) for one in piece.stubs)
    return replace(piece, runs=runs, stubs=stubs)


def _joined(first: Piece, second: Piece) -> Piece:
    runs = list(first.runs)
    for start, count in second.runs:
        if runs and runs[-1][0] + runs[-1][1] == start:
            runs[-1] = (runs[-1][0], runs[-1][1] + count)
        else:
            runs.append((start, count))
    return Piece(
        value=b"\n".join(value for value in (first.value, second.value) if value),
        runs=tuple(runs),
        stubs=first.stubs + second.stubs,
        repaired=first.repaired + second.repaired,
        after=second.after,
        members=first.members + second.members,
    )

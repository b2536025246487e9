"""A piece: neighbouring records of one object, small enough for a chunk, with where reading goes on behind it."""

from dataclasses import dataclass

from producers.states import Ending, Position
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
    """Neighbouring records of one object, stubs included; `runs` are their numbers as (first, count).

    `is_full`: it was cut because a limit was reached, and makes a chunk alone. The last piece of an object
    has an `ending`, and may be empty. `after` is where reading goes on once this piece is committed.
    `members` says how those members of an archive ended here that were not read whole.
    """

    value: bytes = b""
    runs: tuple[tuple[int, int], ...] = ()
    stubs: tuple[PieceStub, ...] = ()
    repaired: int = 0
    after: Position | None = None
    is_full: bool = False
    ending: Ending | None = None
    members: tuple[Ending, ...] = ()

    @property
    def count(self) -> int:
        return sum(count for _, count in self.runs)

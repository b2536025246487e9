"""What a container gives: how it is recognised, and a parser that is fed plain bytes and finds records."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from producers.limits import Limits
from producers.pieces import Piece
from producers.states import ObjectReason, Position
from streams.outcomes import Reason


@dataclass(frozen=True, slots=True)
class Sample:
    """The first plain bytes of an object, without byte order mark and blank lines. `is_whole`: there are no more."""

    data: bytes
    is_whole: bool

    def lines(self) -> list[bytes]:
        """The complete lines; of one endless line its beginning."""
        lines = self.data.split(b"\n")
        if len(lines) > 1 and not (self.is_whole and lines[-1].strip()):
            lines.pop()
        return [line for line in lines if line.strip()]


@dataclass(frozen=True, slots=True)
class Found:
    """A container was recognised: records begin `skip` bytes into the sample."""

    skip: int = 0
    carry: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that intake refuses: why, and its byte range in the plain object."""

    reason: Reason
    start: int
    end: int


@dataclass(slots=True)
class Records:
    """Neighbouring records: a line each (empty where refused) and the byte behind which reading can go on.

    `rows` is for dialogues that were gathered from rows: of each record the number of its first row, and the
    number of the row at which reading goes on. Empty: every record is one row, and they are numbered on.
    `carries` holds what reading on needs behind a record, where that is not what stood before it.
    `damage`: nothing can be read behind these. `damage_at` is the byte where it begins, if not at the end of
    what was fed.
    """

    lines: list[bytes] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    refused: dict[int, Refusal] = field(default_factory=dict)
    repaired: set[int] = field(default_factory=set)
    rows: list[tuple[int, int]] = field(default_factory=list)
    carries: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    damage: ObjectReason = ObjectReason.NONE
    damage_at: int | None = None

    def add(self, line: bytes, end: int) -> None:
        self.lines.append(line)
        self.ends.append(end)

    def refuse(self, reason: Reason, start: int, end: int, resume: int) -> None:
        self.refused[len(self.lines)] = Refusal(reason, start, end)
        self.add(b"", resume)


class Parser(Protocol):
    """Finds records in plain bytes, however they are split into blocks."""

    def feed(self, block: bytes) -> Records:
        """The records that end in this block."""
        ...

    def finish(self, *, is_damaged: bool) -> Records:
        """What is left at the end. `is_damaged`: the object breaks off here, the last record may be cut."""
        ...


@dataclass(frozen=True, slots=True)
class Container:
    """A row of the table: records in a stream of bytes.

    `open` is given the byte at which records begin, and what a Found or the last record carried.
    """

    name: str
    find: Callable[[Sample], Found | None]
    open: Callable[[Limits, int, Mapping[str, Any]], Parser]


class MemberCutter(Protocol):
    """Reads a member of an archive as an object is read: the cutter again."""

    is_finished: bool

    def feed(self, block: bytes) -> Iterator[Piece]: ...
    def finish(self) -> Iterator[Piece]: ...
    def break_off(self, reason: ObjectReason) -> Iterator[Piece]: ...


@dataclass(frozen=True, slots=True)
class Nest:
    """Where a container stands: the number of archives around it, and what cuts its members, if it has any.

    `cut` is given limits, a position within the member or None, and the member's depth.
    """

    depth: int
    cut: Callable[[Limits, Position | None, int], MemberCutter]


@dataclass(frozen=True, slots=True)
class FileContainer:
    """A row of the table: a container that is read here and there, by its table of contents.

    `read` gives the object's pieces behind a position, the last one with an ending. It may block: it runs in a
    thread.
    """

    name: str
    find: Callable[[Sample], Found | None]
    read: Callable[[BinaryIO, Limits, Position, Nest], Iterator[Piece]]


class Members(Protocol):
    """Reads an archive that comes as a stream."""

    def feed(self, block: bytes) -> Iterator[Piece]:
        """The pieces that are full now, of whatever member. Consume it wholly."""
        ...

    def finish(self, damage: ObjectReason) -> Iterator[Piece]:
        """The rest, the last piece with the archive's ending. `damage`: why the stream broke off, or NONE."""
        ...


@dataclass(frozen=True, slots=True)
class Archive:
    """A row of the table: files within a stream of bytes. `open` is given limits, position, nest."""

    name: str
    find: Callable[[Sample], Found | None]
    open: Callable[[Limits, Position, Nest], Members]


AnyContainer = Container | FileContainer | Archive

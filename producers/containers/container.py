"""What a container gives: how it is recognised, and a parser that is fed plain bytes and finds records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from producers.states import Limits
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
    """Neighbouring records: a line each (empty where refused) and the byte behind which reading can go on."""

    lines: list[bytes] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    refused: dict[int, Refusal] = field(default_factory=dict)
    repaired: set[int] = field(default_factory=set)

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
    """One row of the table. `open` is given the byte at which records begin, and what a Found carried."""

    name: str
    find: Callable[[Sample], Found | None]
    open: Callable[[Limits, int, Mapping[str, Any]], Parser]

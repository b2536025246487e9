"""A row of an object, a place to read on at, and what gathered rows become."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from producers.containers.container import Refusal


@dataclass(frozen=True, slots=True)
class Mark:
    """A place between two rows: the number of the next one, its byte, and what the container carries there."""

    row: int
    byte: int
    carry: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object of the source. `before` is the place in front of it, `end` the byte behind it."""

    document: dict[str, Any]
    before: Mark
    end: int
    is_repaired: bool

    @property
    def number(self) -> int:
        return self.before.row


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: its number, and its line or why it is refused.

    `comes_again`: it is the row that was just taken, and behind the place where reading goes on.
    """

    number: int
    content: bytes | Refusal
    is_repaired: bool = False
    comes_again: bool = False


class Gatherer(Protocol):
    """Holds rows until they are a record. What it gives follows from the rows alone, from an empty start on.

    Consume what it yields wholly before the next call.
    """

    def take(self, row: Row) -> Iterator[Entry] | None:
        """The records that this row completes; None where it is no row of a dialogue and stays as it is."""
        ...

    def finish(self) -> Iterator[Entry]:
        """What is still held, at the object's end."""
        ...

    def resumes_at(self, here: Mark) -> Mark | None:
        """Where reading on with nothing held gives the same rest as now; None: only where it last did.

        Asked once a row's records are consumed. Nothing held: `here`, the place behind the row.
        """
        ...

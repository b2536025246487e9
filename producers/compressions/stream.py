"""What a compression gives: a stream that is fed stored bytes and yields plain ones, in bounded blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from producers.states import ObjectReason

PLAIN_BLOCK_BYTES = 1 << 20


class Damage(Exception):
    """The stored bytes cannot be read on; all plain bytes before it were yielded."""

    def __init__(self, reason: ObjectReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class PlainStream(Protocol):
    def feed(self, block: bytes) -> Iterator[bytes]:
        """Plain bytes, at most PLAIN_BLOCK_BYTES at a time. Consume it wholly. Raises Damage."""
        ...

    def finish(self) -> Iterator[bytes]:
        """The last plain bytes, once the stored ones have ended. Raises Damage where the end is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Compression:
    """One row of the table. `seeks` says that reading can start at a plain byte by a range request."""

    name: str
    magic: bytes
    seeks: bool
    open: Callable[[], PlainStream]

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


class Slices:
    """Cuts stored bytes into slices of one length, however they come.

    For libraries that give nothing of the call that meets an error: a slice is what damage can cost beside
    itself, and it must be the same one whatever the blocks were.
    """

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._waiting = b""

    def cut(self, block: bytes) -> list[bytes]:
        """The slices that are whole now."""
        data = self._waiting + block if self._waiting else block
        whole = len(data) - len(data) % self._size_bytes
        self._waiting = data[whole:]
        return [data[at : at + self._size_bytes] for at in range(0, whole, self._size_bytes)]

    def rest(self) -> bytes:
        """What was left at the end."""
        rest, self._waiting = self._waiting, b""
        return rest


@dataclass(frozen=True, slots=True)
class Compression:
    """One row of the table: its name, how its first bytes look (a pattern over at most HEAD_BYTES), its stream.

    `may_skip`: skippable frames can stand before its first one (see frames.py).
    """

    name: str
    shows: Callable[[bytes], object]
    open: Callable[[], PlainStream]
    may_skip: bool = False

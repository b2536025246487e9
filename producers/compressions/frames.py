"""Frames behind each other, as zstd and lz4 write them: each part says how long it is, so each is read alone.

A part gives a block of plain bytes at most, and damage in one costs nothing of those before it.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from producers.compressions.stream import Damage
from producers.states import ObjectReason

MAGIC_BYTES = 4
_SKIPPABLE_HEAD_BYTES = 8
_SKIPPABLE = tuple(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60))


def skippable_bytes(data: bytes, at: int = 0) -> int:
    """The size of the skippable frame that begins here, 0 where none does or its head is not whole.

    zstd and lz4 share these frames; they hold nothing of the data (RFC 8878, 3.1.2).
    """
    if not data.startswith(_SKIPPABLE, at) or len(data) - at < _SKIPPABLE_HEAD_BYTES:
        return 0
    size = data[at + MAGIC_BYTES : at + _SKIPPABLE_HEAD_BYTES]
    return _SKIPPABLE_HEAD_BYTES + int.from_bytes(size, "little")


class Frame(Protocol):
    """One frame behind its magic number, part by part: its head, its blocks, its end."""

    is_over: bool

    def size(self, data: bytes, at: int) -> int:
        """The size of the part at `at`; where that cannot be told yet, how many bytes it takes to tell.

        Raises Damage where no such part can be.
        """
        ...

    def read(self, part: bytes) -> Iterator[bytes]:
        """The plain bytes of a part, at most PLAIN_BLOCK_BYTES at a time. Raises Damage."""
        ...


class Frames:
    """A PlainStream: frames that begin with `magic`, and skippable ones."""

    def __init__(self, magic: bytes, begin: Callable[[], Frame]) -> None:
        self._magic = magic
        self._begin = begin
        self._frame: Frame | None = None
        self._has_begun = False
        self._to_skip = 0
        self._waiting: list[bytes] = []  # stored bytes that are not a part yet
        self._waiting_bytes = 0
        self._needed_bytes = 0

    def feed(self, block: bytes) -> Iterator[bytes]:
        self._waiting.append(block)
        self._waiting_bytes += len(block)
        # a part that comes in small blocks is joined once, not at each of them
        if not self._to_skip and self._waiting_bytes < self._needed_bytes:
            return
        data = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
        at = size = 0
        while True:
            if self._to_skip:
                skipped = min(self._to_skip, len(data) - at)
                self._to_skip -= skipped
                at += skipped
            if at == len(data):
                size = 0
                break
            size = self._frame.size(data, at) if self._frame else self._start_size(data, at)
            if at + size > len(data):
                break
            if self._frame is None:
                self._start(data, at)
            else:
                yield from self._frame.read(data[at : at + size])
                if self._frame.is_over:
                    self._frame = None
            at += size
        self._waiting = [data[at:]] if at < len(data) else []
        self._waiting_bytes = len(data) - at
        self._needed_bytes = size

    def _start_size(self, data: bytes, at: int) -> int:
        if len(data) - at < MAGIC_BYTES or data.startswith(self._magic, at):
            return MAGIC_BYTES
        if data.startswith(_SKIPPABLE, at):
            return _SKIPPABLE_HEAD_BYTES
        raise Damage(ObjectReason.TRAILING_BYTES if self._has_begun else ObjectReason.CORRUPT)

    def _start(self, data: bytes, at: int) -> None:
        self._has_begun = True
        skippable = skippable_bytes(data, at)
        if skippable:
            self._to_skip = skippable - _SKIPPABLE_HEAD_BYTES
        else:
            self._frame = self._begin()

    def finish(self) -> Iterator[bytes]:
        rest = b"".join(self._waiting)
        if self._frame or self._to_skip or not self._has_begun:
            raise Damage(ObjectReason.TRUNCATED)
        if rest:
            starts = (self._magic, *_SKIPPABLE)
            is_start = rest.startswith(_SKIPPABLE) or any(start.startswith(rest) for start in starts)
            raise Damage(ObjectReason.TRUNCATED if is_start else ObjectReason.TRAILING_BYTES)
        yield from ()

"""Streams behind each other, as bzip2 and xz write them: fed in slices, since no part says how long it is."""

from collections.abc import Callable, Iterator
from typing import Protocol

from producers.compressions.stream import Damage, Slices
from producers.states import ObjectReason

_SLICE_BYTES = 1024
# The libraries give nothing of the call that meets an error: so many plain bytes before it are lost at most.
_PLAIN_BYTES = 4096


class Decompressor(Protocol):
    """What bz2 and lzma of the standard library have in common: one stream."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class Sliced:
    """A PlainStream: streams that begin with one of `starts`, all of one length, perhaps with `padding` between."""

    def __init__(
        self,
        starts: tuple[bytes, ...],
        begin: Callable[[], Decompressor],
        error: type[Exception],
        padding: bytes = b"",
    ) -> None:
        self._starts = starts
        self._begin = begin
        self._error = error
        self._padding = padding
        self._slices = Slices(_SLICE_BYTES)
        self._stream: Decompressor | None = None
        self._has_begun = False
        self._waiting = b""  # stored bytes between two streams, too few to tell what they are

    def feed(self, block: bytes) -> Iterator[bytes]:
        for data in self._slices.cut(block):
            yield from self._slice(data)

    def _slice(self, data: bytes) -> Iterator[bytes]:
        data = self._waiting + data
        self._waiting = b""
        while data:
            if self._stream is None:
                data = self._start(data)
            if self._stream is not None:
                yield from self._plain(data)
                data = b""
                if self._stream.eof:
                    data, self._stream = self._stream.unused_data, None

    def _start(self, data: bytes) -> bytes:
        if self._has_begun and self._padding:
            data = data.lstrip(self._padding)
        if len(data) < len(self._starts[0]):
            self._waiting = data
            return b""
        if not data.startswith(self._starts):
            raise Damage(ObjectReason.TRAILING_BYTES if self._has_begun else ObjectReason.CORRUPT)
        self._stream = self._begin()
        self._has_begun = True
        return data

    def _plain(self, data: bytes) -> Iterator[bytes]:
        assert self._stream is not None
        while True:
            try:
                plain = self._stream.decompress(data, _PLAIN_BYTES)
            except self._error:
                raise Damage(ObjectReason.CORRUPT) from None
            if plain:
                yield plain
            if self._stream.eof or self._stream.needs_input:
                return
            data = b""

    def finish(self) -> Iterator[bytes]:
        yield from self._slice(self._slices.rest())
        rest = self._waiting
        if self._stream is not None or not self._has_begun:
            raise Damage(ObjectReason.TRUNCATED)
        if rest:
            is_start = any(start.startswith(rest) for start in self._starts)
            raise Damage(ObjectReason.TRUNCATED if is_start else ObjectReason.TRAILING_BYTES)

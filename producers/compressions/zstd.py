"""Zstandard, with any number of frames, by libzstd. Each block is read alone (RFC 8878, 3.1.1)."""

from collections.abc import Iterator
from enum import Enum, auto

import zstandard

from producers.compressions.frames import Frames
from producers.compressions.stream import Compression, Damage, PlainStream
from producers.states import ObjectReason

MAGIC = b"\x28\xb5\x2f\xfd"
# What libzstd itself takes by default: `zstd --long` writes such frames, and larger ones only if told so.
MOST_WINDOW_BYTES = 128 << 20
_MOST_BLOCK_BYTES = 128 << 10
_RLE, _RESERVED = 1, 3
_BLOCK_HEAD_BYTES = 3
_CHECKSUM_BYTES = 4


class _Part(Enum):
    HEAD = auto()
    BLOCK = auto()
    CHECKSUM = auto()


class _Frame:
    def __init__(self, library: zstandard.ZstdDecompressor) -> None:
        self._object = library.decompressobj()
        self._next = _Part.HEAD
        self._has_checksum = False
        self.is_over = False

    def size(self, data: bytes, at: int) -> int:
        if self._next is _Part.BLOCK:
            if len(data) - at < _BLOCK_HEAD_BYTES:
                return _BLOCK_HEAD_BYTES
            head = int.from_bytes(data[at : at + _BLOCK_HEAD_BYTES], "little")
            kind, size = head >> 1 & 3, head >> 3
            if kind == _RESERVED or size > _MOST_BLOCK_BYTES:
                raise Damage(ObjectReason.CORRUPT)
            return _BLOCK_HEAD_BYTES + (1 if kind == _RLE else size)
        if self._next is _Part.HEAD:
            shape = data[at]
            is_single = shape >> 5 & 1
            dictionary_bytes = (0, 1, 2, 4)[shape & 3]
            content_bytes = (is_single, 2, 4, 8)[shape >> 6]
            return 1 + (1 - is_single) + dictionary_bytes + content_bytes
        return _CHECKSUM_BYTES

    def read(self, part: bytes) -> Iterator[bytes]:
        is_head = self._next is _Part.HEAD
        try:
            plain = self._object.decompress(MAGIC + part if is_head else part)
        except zstandard.ZstdError:
            raise Damage(ObjectReason.CORRUPT) from None
        if plain:
            yield plain
        if is_head:
            self._has_checksum = bool(part[0] >> 2 & 1)
            self._next = _Part.BLOCK
        elif self._next is _Part.CHECKSUM or (part[0] & 1 and not self._has_checksum):
            self.is_over = True
        elif part[0] & 1:  # the last block
            self._next = _Part.CHECKSUM


def _open() -> PlainStream:
    library = zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW_BYTES)
    return Frames(MAGIC, lambda: _Frame(library))


ZSTD = Compression("zstd", lambda head: head.startswith(MAGIC), _open, may_skip=True)

"""How the bytes of a zip's member are packed: stored, deflate, or a compression that has a row of its own."""

import lzma
import struct
from collections.abc import Iterator

from isal import isal_zlib

from producers.compressions.order import HEAD_BYTES, compression_of
from producers.compressions.stream import PLAIN_BLOCK_BYTES, Damage, PlainStream
from producers.states import ObjectReason

STORED, DEFLATE, BZIP2, LZMA, ZSTD, XZ = 0, 8, 12, 14, 93, 95
_LZMA_HEAD_BYTES = 9
_MOST_WINDOW_BYTES = 64 << 20
_RAW_BITS = -15  # deflate without a header of its own
# see compressions/gzip.py: what an error can cost beside itself
_SLICE_BYTES = 1024
_PLAIN_BYTES = 4096
_JOIN_BYTES = 256 << 10


class Unreadable(Exception):
    """The member cannot be opened: it is refused."""

    def __init__(self, reason: ObjectReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def stream_of(method: int, head: bytes, plain_bytes: int) -> PlainStream:
    """What reads a member, by its method and its first bytes. Raises Unreadable.

    The stream tells a missing end, save for stored and LZMA members, whose size tells it.
    """
    if method == STORED:
        return _Stored()
    if method == DEFLATE:
        return Inflate()
    if method == LZMA:
        return _Lzma(head, plain_bytes)
    if method in (BZIP2, ZSTD, XZ):
        row = compression_of(head[:HEAD_BYTES])
        if row is None:
            raise Damage(ObjectReason.CORRUPT)
        return row.open()
    raise Unreadable(ObjectReason.UNKNOWN_CONTAINER)


class _Stored:
    def feed(self, block: bytes) -> Iterator[bytes]:
        yield block

    def finish(self) -> Iterator[bytes]:
        return iter(())


class Inflate:
    """Deflate, which ends itself: then `is_over`, and `behind` counts the bytes behind it that were fed last."""

    def __init__(self) -> None:
        self._object = isal_zlib.decompressobj(_RAW_BITS)
        self.is_over = False
        self.behind = 0

    def feed(self, block: bytes) -> Iterator[bytes]:
        ready: list[bytes] = []
        size = 0
        try:
            for at in range(0, len(block), _SLICE_BYTES):
                data = block[at : at + _SLICE_BYTES]
                while data and not self.is_over:
                    plain = self._object.decompress(data, PLAIN_BLOCK_BYTES)
                    data = self._object.unconsumed_tail
                    if plain:
                        ready.append(plain)
                        size += len(plain)
                    if self._object.eof:
                        self.is_over = True
                        self.behind = len(self._object.unused_data)
                        self.behind += len(block) - min(at + _SLICE_BYTES, len(block))
                    if size >= _JOIN_BYTES:
                        yield b"".join(ready)
                        ready, size = [], 0
                if self.is_over:
                    break
        except isal_zlib.error:  # type: ignore[misc]
            if ready:
                yield b"".join(ready)
            raise Damage(ObjectReason.CORRUPT) from None
        if ready:
            yield b"".join(ready)

    def finish(self) -> Iterator[bytes]:
        if not self.is_over:
            raise Damage(ObjectReason.TRUNCATED)
        return iter(())


class _Lzma:
    """LZMA as APPNOTE.TXT 5.8 has it: two bytes version, two of size, five of properties, a raw stream."""

    def __init__(self, head: bytes, plain_bytes: int) -> None:
        if len(head) < _LZMA_HEAD_BYTES:
            raise Damage(ObjectReason.TRUNCATED)
        size, shape, window = struct.unpack_from("<2xHBI", head)
        if size != 5 or shape >= 9 * 5 * 5:
            raise Damage(ObjectReason.CORRUPT)
        # no member needs a window larger than itself, whatever its header asks for
        window = max(4096, min(window, plain_bytes))
        if window > _MOST_WINDOW_BYTES:
            raise Unreadable(ObjectReason.MEMBER_TOO_LARGE)
        literal, rest = shape % 9, shape // 9
        properties = {"lc": literal, "lp": rest % 5, "pb": rest // 5, "dict_size": window}
        try:
            self._object = lzma.LZMADecompressor(
                lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, **properties}]
            )
        except lzma.LZMAError:
            raise Damage(ObjectReason.CORRUPT) from None
        self._to_skip = _LZMA_HEAD_BYTES

    def feed(self, block: bytes) -> Iterator[bytes]:
        for at in range(self._to_skip, len(block), _SLICE_BYTES):
            data = block[at : at + _SLICE_BYTES]
            while not self._object.eof:
                try:
                    plain = self._object.decompress(data, _PLAIN_BYTES)
                except lzma.LZMAError:
                    raise Damage(ObjectReason.CORRUPT) from None
                if plain:
                    yield plain
                elif self._object.needs_input:
                    break
                data = b""
        self._to_skip = 0

    def finish(self) -> Iterator[bytes]:
        return iter(())

"""LZ4's frame format, with any number of frames, by liblz4. Each block is read alone (LZ4 frame format 1.6.x)."""

from collections.abc import Iterator

import lz4.frame

from producers.compressions.frames import Frames
from producers.compressions.stream import PLAIN_BLOCK_BYTES, Compression, Damage, PlainStream
from producers.states import ObjectReason

MAGIC = b"\x04\x22\x4d\x18"
_VERSION = 1  # the two upper bits of the byte behind the magic number
_BLOCK_BYTES = {4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20}
_IS_STORED = 1 << 31


class _Frame:
    def __init__(self) -> None:
        self._context = lz4.frame.create_decompression_context()
        self._is_head = True
        self._block_bytes = 0  # a block's most plain bytes
        self._block_check_bytes = 0
        self._end_check_bytes = 0
        self.is_over = False

    def size(self, data: bytes, at: int) -> int:
        if self._is_head:
            has_size, has_dictionary = data[at] >> 3 & 1, data[at] & 1
            return 3 + 8 * has_size + 4 * has_dictionary
        if len(data) - at < 4:
            return 4
        size = int.from_bytes(data[at : at + 4], "little")
        if not size:
            return 4 + self._end_check_bytes
        size &= ~_IS_STORED
        if size > self._block_bytes:
            raise Damage(ObjectReason.CORRUPT)
        return 4 + size + self._block_check_bytes

    def read(self, part: bytes) -> Iterator[bytes]:
        if self._is_head:
            self._read_head(part)
            return
        most = min(self._block_bytes, PLAIN_BLOCK_BYTES)
        given, plain = 0, self._decompress(part, most)
        while plain:
            yield plain
            given += len(plain)
            # a block that is larger than what is asked for comes in several goes
            if given == self._block_bytes or len(plain) < most:
                break
            plain = self._decompress(b"", most)

    def _read_head(self, part: bytes) -> None:
        flags = part[0]
        size = _BLOCK_BYTES.get(part[1] >> 4 & 7)
        if flags >> 6 != _VERSION or flags & 1 or size is None:
            raise Damage(ObjectReason.CORRUPT)  # not a frame, or one that needs a dictionary
        self._block_bytes = size
        self._block_check_bytes = 4 * (flags >> 4 & 1)
        self._end_check_bytes = 4 * (flags >> 2 & 1)
        self._decompress(MAGIC + part, PLAIN_BLOCK_BYTES)
        self._is_head = False

    def _decompress(self, part: bytes, most: int) -> bytes:
        try:
            plain, _, self.is_over = lz4.frame.decompress_chunk(self._context, part, max_length=most)
        except RuntimeError:
            raise Damage(ObjectReason.CORRUPT) from None
        return bytes(plain)


def _open() -> PlainStream:
    return Frames(MAGIC, _Frame)


def _shows(head: bytes) -> bool:
    return head.startswith(MAGIC) and head[4:5] != b"" and head[4] >> 6 == _VERSION


LZ4 = Compression("lz4", _shows, _open, may_skip=True)

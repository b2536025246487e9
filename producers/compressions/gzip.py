"""Gzip (RFC 1952), with any number of members, by ISA-L.

The library reads the bare deflate stream; header and trailer are read here. Its gzip mode gives nothing of the
call that finds a wrong checksum: a small object with one flipped bit would lose every record.
"""

from collections.abc import Iterator

from isal import isal_zlib
from isal.isal_zlib import crc32

from producers.compressions.stream import PLAIN_BLOCK_BYTES, Compression, Damage, Slices
from producers.states import ObjectReason

MAGIC = b"\x1f\x8b"
_RAW_DEFLATE = -15  # window bits of zlib's interface; below zero: no header, no trailer
_SLICE_BYTES = 1024
_FIXED_BYTES = 10  # magic number, method, flags, time, extra flags, system
_DEFLATE = 8
_HEAD_CRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16  # flags
_TRAILER_BYTES = 8  # CRC-32 and size of the plain bytes, the latter modulo 2**32


class _Head:
    """A member's header, in any blocks. Names and comments may be endless: only what is counted is held."""

    def __init__(self) -> None:
        self._part = b""  # of a field that has a length
        self._crc = 0
        self._left = [0]  # flags of the fields to come; 0: the fixed part
        self._extra_bytes = 0

    def read(self, data: bytes) -> bytes | None:
        """What stands behind the header; None while that has not been seen. Raises Damage."""
        while self._left:
            field = self._left[0]
            if field in (_NAME, _COMMENT):
                end = data.find(0) + 1
                self._crc = crc32(data[:end] if end else data, self._crc)
                if not end:
                    return None
            else:
                size = self._size(field)
                end = size - len(self._part)
                self._part += data[:end]
                if len(self._part) < size:
                    return None
                self._settle(field, self._part)
                self._part = b""
            data = data[end:]
            self._left.pop(0)
        return data

    def _size(self, field: int) -> int:
        if not field:
            return _FIXED_BYTES
        return self._extra_bytes if field == -_EXTRA else 2

    def _settle(self, field: int, part: bytes) -> None:
        if field == _HEAD_CRC:
            if int.from_bytes(part, "little") != self._crc & 0xFFFF:
                raise Damage(ObjectReason.CORRUPT)
            return
        self._crc = crc32(part, self._crc)
        if field == _EXTRA:
            self._extra_bytes = int.from_bytes(part, "little")
        elif not field:
            if part[2] != _DEFLATE:
                raise Damage(ObjectReason.CORRUPT)
            # the extra field has its length before it
            self._left += [one for one in (_EXTRA, -_EXTRA, _NAME, _COMMENT, _HEAD_CRC) if abs(one) & part[3]]


class _Gzip:
    def __init__(self) -> None:
        self._slices = Slices(_SLICE_BYTES)
        self._waiting = b""  # stored bytes between two members or of a trailer, too few to read
        self._is_between = False
        self._begin()

    def _begin(self) -> None:
        self._head: _Head | None = _Head()
        self._body = isal_zlib.decompressobj(_RAW_DEFLATE)
        self._crc = 0
        self._plain_bytes = 0

    def feed(self, block: bytes) -> Iterator[bytes]:
        for data in self._slices.cut(block):
            yield from self._slice(data)

    def _slice(self, data: bytes) -> Iterator[bytes]:
        if self._waiting:
            data, self._waiting = self._waiting + data, b""
        while data:
            if self._is_between:
                # zeros behind a member are padding (tapes, some uploaders)
                data = data.lstrip(b"\0")
                if len(data) < len(MAGIC):
                    self._waiting = data
                    return
                if not data.startswith(MAGIC):
                    raise Damage(ObjectReason.TRAILING_BYTES)
                self._begin()
                self._is_between = False
            if self._head is not None:
                behind = self._head.read(data)
                if behind is None:
                    return
                data, self._head = behind, None
            if not self._body.eof:
                try:
                    plain = self._body.decompress(data, PLAIN_BLOCK_BYTES)
                except isal_zlib.error:  # type: ignore[misc]
                    raise Damage(ObjectReason.CORRUPT) from None
                if len(plain) == PLAIN_BLOCK_BYTES:
                    yield from self._more(plain)
                elif plain:
                    self._crc = crc32(plain, self._crc)
                    self._plain_bytes += len(plain)
                    yield plain
                if not self._body.eof:
                    return
                data = self._body.unused_data
            if len(data) < _TRAILER_BYTES:
                self._waiting = data
                return
            self._check(data[:_TRAILER_BYTES])
            data = data[_TRAILER_BYTES:]
            self._is_between = True

    def _more(self, plain: bytes) -> Iterator[bytes]:
        """A full block and all behind it: the library may hold more, also where it has taken all that is stored."""
        while plain:
            self._crc = crc32(plain, self._crc)
            self._plain_bytes += len(plain)
            yield plain
            if self._body.eof:
                return
            try:
                plain = self._body.decompress(self._body.unconsumed_tail, PLAIN_BLOCK_BYTES)
            except isal_zlib.error:  # type: ignore[misc]
                raise Damage(ObjectReason.CORRUPT) from None

    def _check(self, trailer: bytes) -> None:
        size = self._plain_bytes & 0xFFFFFFFF
        if trailer != self._crc.to_bytes(4, "little") + size.to_bytes(4, "little"):
            raise Damage(ObjectReason.CORRUPT)

    def finish(self) -> Iterator[bytes]:
        yield from self._slice(self._slices.rest())
        if not self._is_between:
            raise Damage(ObjectReason.TRUNCATED)
        if self._waiting:
            raise Damage(ObjectReason.TRAILING_BYTES)


GZIP = Compression("gzip", lambda head: head.startswith(MAGIC), _Gzip)

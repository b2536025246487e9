"""Gzip, with any number of members, by ISA-L."""

from collections.abc import Iterator

from isal import isal_zlib

from producers.compressions.stream import PLAIN_BLOCK_BYTES, Compression, Damage, Slices
from producers.states import ObjectReason

MAGIC = b"\x1f\x8b"
_GZIP_BITS = 31  # window bits of zlib's interface: 15, plus 16 for a gzip header and trailer
_SLICE_BYTES = 1024


class _Gzip:
    def __init__(self) -> None:
        self._slices = Slices(_SLICE_BYTES)
        self._member = isal_zlib.decompressobj(_GZIP_BITS)
        self._waiting = b""  # stored bytes between two members, too few to tell what they are
        self._is_between = False

    def feed(self, block: bytes) -> Iterator[bytes]:
        for data in self._slices.cut(block):
            yield from self._slice(data)

    def _slice(self, data: bytes) -> Iterator[bytes]:
        data = self._waiting + data
        self._waiting = b""
        while data:
            if self._is_between:
                # zeros behind a member are padding (tapes, some uploaders)
                data = data.lstrip(b"\0")
                if len(data) < len(MAGIC):
                    self._waiting = data
                    return
                if not data.startswith(MAGIC):
                    raise Damage(ObjectReason.TRAILING_BYTES)
                self._member = isal_zlib.decompressobj(_GZIP_BITS)
                self._is_between = False
            try:
                plain = self._member.decompress(data, PLAIN_BLOCK_BYTES)
            except isal_zlib.error:  # type: ignore[misc]
                raise Damage(ObjectReason.CORRUPT) from None
            if plain:
                yield plain
            if self._member.eof:
                data = self._member.unused_data
                self._is_between = True
            else:
                data = self._member.unconsumed_tail

    def finish(self) -> Iterator[bytes]:
        yield from self._slice(self._slices.rest())
        if self._is_between:
            if self._waiting:
                raise Damage(ObjectReason.TRAILING_BYTES)
            return
        try:
            plain = self._member.flush()
        except isal_zlib.error:  # type: ignore[misc]
            raise Damage(ObjectReason.CORRUPT) from None
        if plain:
            yield plain
        if not self._member.eof:
            raise Damage(ObjectReason.TRUNCATED)


GZIP = Compression("gzip", lambda head: head.startswith(MAGIC), _Gzip)

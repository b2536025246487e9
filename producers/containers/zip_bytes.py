"""The plain bytes of a zip's member, checked against its size and checksum; and a way forward without directory."""

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

from isal import isal_zlib

from producers.compressions.stream import Damage
from producers.containers.zip_directory import HAS_DESCRIPTOR, IS_ENCRYPTED, LOCAL, Entry, local_entry
from producers.containers.zip_methods import DEFLATE, Inflate, Unreadable, stream_of
from producers.limits import most_plain_bytes
from producers.states import ObjectReason

BLOCK_BYTES = 512 << 10
_SCAN_BYTES = 64 << 10
_DESCRIPTOR = b"PK\x07\x08"


def listed_bytes(file: BinaryIO, entry: Entry, expansion: int) -> Iterator[bytes]:
    """The plain bytes of a member of the directory. Raises Damage, and Unreadable before the first of them."""
    found = local_entry(file, entry.header_at)
    if found is None or (found[0].method, found[0].flags & IS_ENCRYPTED) != (
        entry.method,
        entry.flags & IS_ENCRYPTED,
    ):
        raise Damage(ObjectReason.CORRUPT)
    yield from _sized(file, entry, expansion)


def _sized(file: BinaryIO, entry: Entry, expansion: int) -> Iterator[bytes]:
    """The plain bytes of a member whose packed bytes begin where the file stands."""
    if entry.flags & IS_ENCRYPTED:
        raise Unreadable(ObjectReason.ENCRYPTED)
    left = entry.packed_bytes
    most = most_plain_bytes(expansion, left)
    block = file.read(min(left, BLOCK_BYTES))
    stream = stream_of(entry.method, block, entry.plain_bytes)
    crc = size = 0
    while block:
        left -= len(block)
        for plain in stream.feed(block):
            size += len(plain)
            if size > most:
                raise Damage(ObjectReason.EXPANSION)
            crc = isal_zlib.crc32(plain, crc)
            yield plain
        block = file.read(min(left, BLOCK_BYTES))
    if left:
        raise Damage(ObjectReason.TRUNCATED)
    for plain in stream.finish():
        size += len(plain)
        crc = isal_zlib.crc32(plain, crc)
        yield plain
    if (size, crc) != (entry.plain_bytes, entry.crc):
        raise Damage(ObjectReason.CORRUPT)


class Forward:
    """Finds members by their own headers from `at` on, which goes on as they are read."""

    def __init__(self, file: BinaryIO, at: int, expansion: int) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        self._expansion = expansion
        self.at = at

    def members(self) -> Iterator[tuple[Entry, Iterator[bytes]]]:
        """Each member with its plain bytes, to be read (and wholly) before the next; these raise as above."""
        while self._scan():
            found = local_entry(self._file, self.at)
            if found is None:
                self.at += len(LOCAL)  # a header that is cut off
                continue
            entry, is_folder = found
            data_at = self._file.tell()
            # the sizes of members that were written in one go stand behind their bytes
            is_sized = not entry.flags & HAS_DESCRIPTOR or entry.packed_bytes > 0
            self.at = min(self._size, data_at + (entry.packed_bytes if is_sized else 0))
            if not is_folder:
                yield entry, self._sized(entry) if is_sized else self._unsized(entry, data_at)

    def _sized(self, entry: Entry) -> Iterator[bytes]:
        yield from _sized(self._file, entry, self._expansion)

    def _unsized(self, entry: Entry, data_at: int) -> Iterator[bytes]:
        """Deflate ends itself, and its descriptor has the checksum."""
        if entry.flags & IS_ENCRYPTED:
            raise Unreadable(ObjectReason.ENCRYPTED)
        if entry.method != DEFLATE:
            raise Damage(ObjectReason.TRUNCATED)
        inflate = Inflate()
        crc = size = packed = 0
        while not inflate.is_over:
            block = self._file.read(BLOCK_BYTES)
            if not block:
                self.at = data_at + packed
                raise Damage(ObjectReason.TRUNCATED)
            packed += len(block)
            for plain in inflate.feed(block):
                size += len(plain)
                if size > most_plain_bytes(self._expansion, packed):
                    raise Damage(ObjectReason.EXPANSION)
                crc = isal_zlib.crc32(plain, crc)
                yield plain
        self.at = data_at + packed - inflate.behind
        self._file.seek(self.at)
        descriptor = self._file.read(8).removeprefix(_DESCRIPTOR)
        if len(descriptor) < 4:
            raise Damage(ObjectReason.TRUNCATED)
        if struct.unpack_from("<I", descriptor) != (crc,):
            raise Damage(ObjectReason.CORRUPT)

    def _scan(self) -> bool:
        """Go on to the next header; False at the file's end."""
        while True:
            self._file.seek(self.at)
            block = self._file.read(_SCAN_BYTES)
            place = block.find(LOCAL)
            if place >= 0:
                self.at += place
                return True
            if len(block) < len(LOCAL):
                self.at += len(block)
                return False
            self.at += len(block) - len(LOCAL) + 1

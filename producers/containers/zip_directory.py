"""A zip's table of contents, walked entry by entry: zipfile would hold all of it, however large.

Numbers of records and fields are those of APPNOTE.TXT 6.3.10 (PKWARE), 4.3 and 4.5.3.
"""

import io
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from producers.compressions.stream import Damage
from producers.states import ObjectReason

LOCAL, CENTRAL, END, END64 = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06"
IS_ENCRYPTED, HAS_DESCRIPTOR = 0x1, 0x8
_LOCATOR64 = b"PK\x06\x07"
_UNIX = 3
_LARGE = 0xFFFFFFFF  # the number stands in the zip64 field
_ZIP64_FIELD = 1
_MOST_COMMENT = 0xFFFF

_CENTRAL = struct.Struct("<4xBBHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4xHHHHHIIIHH")
_END = struct.Struct("<4xHHHHIIH")
_END64 = struct.Struct("<4xQHHIIQQQQ")
_LOCATOR = struct.Struct("<4xIQI")


@dataclass(frozen=True, slots=True)
class Entry:
    """A member: where its local header begins, and what its bytes are."""

    header_at: int
    method: int
    flags: int
    crc: int
    packed_bytes: int
    plain_bytes: int


def entries_of(file: BinaryIO, most: int) -> list[Entry]:
    """The members in the directory's order, without folders and links.

    Raises Damage: `truncated` where there is no directory, `corrupt` where it is broken, `too_many_members`.
    """
    start, end = _bounds(file)
    found: list[Entry] = []
    for entry in _walk(file, start, end):
        if len(found) >= most:
            raise Damage(ObjectReason.TOO_MANY_MEMBERS)
        found.append(entry)
    return found


def _bounds(file: BinaryIO) -> tuple[int, int]:
    size = file.seek(0, io.SEEK_END)
    tail_at = max(0, size - _MOST_COMMENT - _END.size - _LOCATOR.size - _END64.size)
    file.seek(tail_at)
    tail = file.read(size - tail_at)
    at = len(tail)
    while (at := tail.rfind(END, 0, at)) >= 0:
        if at + _END.size > len(tail):
            continue
        *_, length, start, _ = _END.unpack_from(tail, at)
        end = tail_at + at
        locator = at - _LOCATOR.size
        if locator >= 0 and tail.startswith(_LOCATOR64, locator):
            at64 = min(_LOCATOR.unpack_from(tail, locator)[1], size)
            large = _bounds64(file, at64)
            if large is not None:
                end, (length, start) = at64, large
        # an end that does not fit is one of a zip within, whose own end is cut off
        if start + length == end:
            return start, end
    raise Damage(ObjectReason.TRUNCATED)


def _bounds64(file: BinaryIO, at: int) -> tuple[int, int] | None:
    file.seek(at)
    head = file.read(_END64.size)
    if len(head) < _END64.size or not head.startswith(END64):
        return None
    *_, length, start = _END64.unpack(head)
    return length, start


def _walk(file: BinaryIO, at: int, end: int) -> Iterator[Entry]:
    file.seek(at)
    while at < end:
        head = file.read(_CENTRAL.size)
        if len(head) < _CENTRAL.size or not head.startswith(CENTRAL):
            raise Damage(ObjectReason.CORRUPT)
        (
            _,
            system,
            _,
            flags,
            method,
            _,
            _,
            crc,
            packed,
            plain,
            names,
            extras,
            comments,
            _,
            _,
            mode,
            header_at,
        ) = _CENTRAL.unpack(head)
        size = names + extras + comments
        rest = file.read(size)
        at += _CENTRAL.size + size
        if len(rest) < size or at > end:
            raise Damage(ObjectReason.CORRUPT)
        plain, packed, header_at = _large(rest[names : names + extras], [plain, packed, header_at])
        is_folder = rest[:names].endswith(b"/") and not plain
        if not is_folder and not (system == _UNIX and stat.S_ISLNK(mode >> 16)):
            # one beyond the file is found broken when it is read
            yield Entry(min(header_at, end), method, flags, crc, packed, plain)


def _large(extras: bytes, numbers: list[int]) -> list[int]:
    """The numbers, those of 4 GiB and more from the zip64 field."""
    if _LARGE not in numbers:
        return numbers
    at = 0
    while at + 4 <= len(extras):
        kind, size = struct.unpack_from("<HH", extras, at)
        at += 4
        if kind == _ZIP64_FIELD:
            found = iter(struct.unpack_from(f"<{min(size, len(extras) - at) // 8}Q", extras, at))
            return [next(found, _LARGE) if number == _LARGE else number for number in numbers]
        at += size
    return numbers


def local_entry(file: BinaryIO, at: int) -> tuple[Entry, bool] | None:
    """The member whose header begins at `at`, the file then stands at its bytes; None where there is no header.

    Sizes and checksum are zero where a descriptor behind the bytes has them. True: it is a folder.
    """
    file.seek(at)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(LOCAL):
        return None
    _, flags, method, _, _, crc, packed, plain, names, extras = _LOCAL.unpack(head)
    rest = file.read(names + extras)
    if len(rest) < names + extras:
        return None
    plain, packed = _large(rest[names:], [plain, packed])
    return Entry(at, method, flags, crc, packed, plain), rest[:names].endswith(b"/") and not packed

"""Builds small archives for tests, also such as no tool writes."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Iterable

Files = Iterable[tuple[str, bytes]]


class _Pipe(io.BytesIO):
    """Cannot be sought, so zipfile writes sizes and checksums behind each member."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED, *, streams: bool = False) -> bytes:
    """A zip; `streams`: written in one go, sizes behind the members."""
    file = _Pipe() if streams else io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)  # its date is always the same
    return file.getvalue()


def tarred(files: Files, form: int = tarfile.GNU_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, magic: bytes = b"ustar\0" + b"00") -> bytes:
    """A tar header with a true checksum, whatever it says."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT)[:512])
    block[257:265] = magic.ljust(8, b"\0")
    return summed(block)


def summed(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 512)


def with_entries(archive: bytes, copies: int) -> bytes:
    """A zip of one member whose directory names it so many times: all share the same bytes."""
    start = archive.index(b"PK\x01\x02")
    end = archive.rindex(b"PK\x05\x06")
    entries = archive[start:end] * copies
    tail = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, copies & 0xFFFF, copies & 0xFFFF, len(entries), start, 0
    )
    return archive[:start] + entries + tail


def with_bits(archive: bytes, flags: int, which: int = 0) -> bytes:
    """A zip whose member number `which` has these flag bits set in both of its headers."""
    changed = bytearray(archive)
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        for _ in range(which + 1):
            at = archive.index(sign, at + 1)
        changed[at + place] |= flags
    return bytes(changed)

"""Tar: read as it streams by, header for header. Old (v7), ustar, GNU and pax headers; sparse files are refused."""

import re
import tarfile
from collections.abc import Iterator

from producers.containers.container import Archive, Found, Members, Nest, Sample
from producers.containers.members import DEEPEST, MemberReader, too_deep
from producers.limits import Limits
from producers.pieces import Piece
from producers.states import ObjectReason, Position, State

BLOCK = tarfile.BLOCKSIZE
_MAGIC = slice(257, 262)
_IS_EXTENDED = 504  # of a block that goes on with the map of a GNU sparse file
# Attributes of a member are small; ones beyond this are not looked at.
_MOST_PAX_BYTES = 1 << 20
_PAX_RECORD = re.compile(rb"(\d{1,9}) ([^=\n]+)=")

_PAX = frozenset({tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE})
# Headers that only say something of the next one, which is not needed: long names, global attributes
_PRELUDES = frozenset({tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE, b"N"})
# As tarfile has it, these have no data behind them whatever their size says.
_WITHOUT_DATA = frozenset(
    {tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE}
)
_NO_FILE = frozenset({b"D", b"V"})  # a GNU directory listing, a volume's label


def _header(block: bytes) -> tarfile.TarInfo | None:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return None
    return info if info.size >= 0 else None


def _find(sample: Sample) -> Found | None:
    if _header(sample.data[:BLOCK]) is not None:
        return Found()
    # an archive of nothing is two or more blocks of zeros
    size = len(sample.data)
    is_zeros = sample.is_whole and size >= 2 * BLOCK and size % BLOCK == 0 and not sample.data.strip(b"\0")
    return Found() if is_zeros else None


class _Tar:
    """Where a header is broken, the next one that is whole is looked for: its member is lost, not the rest."""

    def __init__(self, limits: Limits, at: Position, nest: Nest) -> None:
        self._limits = limits
        self._members = MemberReader(limits, at, nest)
        self._is_lost = bool(at.carry.get("is_lost"))  # between a broken header and the next whole one
        self._is_too_deep = nest.depth > DEEPEST
        self._byte = at.byte
        self._block = b""  # of a header, until it is whole
        self._left = 0  # bytes of data to come
        self._padding = 0  # and of zeros behind them
        self._start: int | None = None  # the first of the headers of one member
        self._size: int | None = None  # what pax says of the next member
        self._is_sparse = False
        self._has_map = False  # blocks of a sparse file's map come next
        self._left_behind_map = 0
        self._pax: bytearray | None = None
        self._is_open = False
        self._refused_from: int | None = None
        self._zero_blocks = 0
        self._is_over = False

    def feed(self, block: bytes) -> Iterator[Piece]:
        if self._is_too_deep:
            yield too_deep()
            return
        at, size = 0, len(block)
        while at < size and not self._is_over:
            wanted = self._left or self._padding or BLOCK - len(self._block)
            part = block[at : at + wanted]
            at += len(part)
            self._byte += len(part)
            if self._left:
                self._left -= len(part)
                if self._is_open:
                    yield from self._members.feed(part)
                elif self._pax is not None:
                    self._pax += part
                if not self._left:
                    yield from self._data_ended()
            elif self._padding:
                self._padding -= len(part)
            else:
                self._block += part
                if len(self._block) == BLOCK:
                    whole, self._block = self._block, b""
                    yield from self._take(whole)
        self._byte += size - at

    def finish(self, damage: ObjectReason) -> Iterator[Piece]:
        if self._is_too_deep:
            yield too_deep()
            return
        is_cut = self._left or self._padding or self._has_map or self._start is not None
        if not self._is_over and (is_cut or self._block.strip(b"\0")) and not self._is_lost:
            damage = damage or ObjectReason.TRUNCATED
        if self._is_open:
            yield from self._members.end(self._byte, damage)
        yield from self._members.finish(damage, self._byte)

    def _take(self, block: bytes) -> Iterator[Piece]:
        at = self._byte - BLOCK
        if self._has_map:
            self._has_map = bool(block[_IS_EXTENDED])
            if not self._has_map:
                yield from self._expect(self._left_behind_map)
            return
        if not block.strip(b"\0"):
            self._zero_blocks += 1
            return
        info = _header(block)
        if info is None or (self._is_lost and block[_MAGIC] != b"ustar"):
            # bytes behind the end are nobody's, unless they are one more archive
            if self._zero_blocks >= 2 and not self._is_lost:
                self._is_over = True
            elif not self._is_lost:
                self._is_lost = True
                self._start = self._size = None
                self._is_sparse = False
                self._members.notes = {"is_lost": True}
                yield from self._members.pass_over(at, at + BLOCK, State.DAMAGED, ObjectReason.CORRUPT)
            return
        self._is_lost, self._zero_blocks = False, 0
        self._members.notes = {}
        yield from self._begin(info, at)

    def _begin(self, info: tarfile.TarInfo, at: int) -> Iterator[Piece]:
        start = at if self._start is None else self._start
        size = info.size
        if info.type in _PAX or info.type in _PRELUDES:
            self._start = start
            if info.type in _PAX and size <= _MOST_PAX_BYTES:
                self._pax = bytearray()
        else:
            size = size if self._size is None else self._size
            is_sparse = self._is_sparse or info.type == tarfile.GNUTYPE_SPARSE
            self._start, self._size, self._is_sparse = None, None, False
            if info.type in _WITHOUT_DATA:
                size = 0
            elif info.type not in _NO_FILE:
                if self._members.index >= self._limits.members:
                    self._is_over = True
                    yield from self._members.finish(ObjectReason.TOO_MANY_MEMBERS, at)
                    return
                if is_sparse:
                    self._refused_from = start
                else:
                    self._is_open = True
                    self._members.begin(start)
        if info.type == tarfile.GNUTYPE_SPARSE and info._sparse_structs[1]:  # type: ignore[attr-defined]
            self._has_map, self._left_behind_map = True, size
        else:
            yield from self._expect(size)

    def _expect(self, size: int) -> Iterator[Piece]:
        """So much data comes next."""
        self._left, self._padding = size, -size % BLOCK
        if not size:
            yield from self._data_ended()

    def _data_ended(self) -> Iterator[Piece]:
        following = self._byte + self._padding
        if self._is_open:
            self._is_open = False
            yield from self._members.end(following)
        elif self._refused_from is not None:
            at, self._refused_from = self._refused_from, None
            yield from self._members.pass_over(at, following, State.REFUSED, ObjectReason.UNKNOWN_CONTAINER)
        elif self._pax is not None:
            self._read_pax(bytes(self._pax))
            self._pax = None

    def _read_pax(self, attributes: bytes) -> None:
        at = 0
        while record := _PAX_RECORD.match(attributes, at):
            end = at + int(record[1])
            if record[2] == b"size":
                size = attributes[record.end() : end - 1]
                self._size = int(size) if size.isdigit() else None
            elif record[2].startswith(b"GNU.sparse."):
                self._is_sparse = True
            if end <= at:
                return
            at = end


def _open(limits: Limits, position: Position, nest: Nest) -> Members:
    return _Tar(limits, position, nest)


TAR = Archive("tar", _find, _open)

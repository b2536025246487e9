"""A Parquet file's table of contents, read by ourselves: where its row groups stand, and how large its pages are.

pyarrow reads the footer too, but a damaged one can end the process when it is asked for a row group's details:
it throws a C++ exception where nothing catches it ("histogram size mismatch", pyarrow 26). And it unpacks a
page of any size. Format: https://parquet.apache.org/docs/file-format/metadata/ in Thrift's compact protocol.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_STOP, _TRUE, _FALSE, _BYTE, _I64, _DOUBLE, _BINARY = 0, 1, 2, 3, 6, 7, 8
_LIST, _SET, _MAP, _STRUCT, _UUID = 9, 10, 11, 12, 13
_DEEPEST = 30
_HEADER_BYTES = 16 << 20  # pyarrow takes no longer page header either


class BadThrift(ValueError):
    """Bytes that are no Thrift structure."""


class _Thrift:
    """A cursor over a structure. Raises IndexError where the bytes end before it does."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    def _byte(self) -> int:
        found = self._data[self.at]
        self.at += 1
        return found

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                return found
            shift += 7
            if shift > 63:
                raise BadThrift

    def number(self) -> int:
        found = self._varint()
        return (found >> 1) ^ -(found & 1)

    def fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of each field of a structure; read or skip its value before the next."""
        number = 0
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self.number()
            yield number, head & 15

    def items(self) -> Iterator[int]:
        """The type of each item of a list; read or skip it before the next."""
        head = self._byte()
        for _ in range(head >> 4 if head >> 4 < 15 else self._varint()):
            yield head & 15

    def skip(self, kind: int, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise BadThrift
        if kind == _BINARY:
            size = self._varint()
            self.at += size
        elif _BYTE < kind <= _I64:
            self._varint()
        elif kind == _STRUCT:
            for _, inner in self.fields():
                if inner not in (_TRUE, _FALSE):
                    self.skip(inner, depth + 1)
        elif kind in (_LIST, _SET):
            for inner in self.items():
                self.skip(inner, depth + 1)
        elif kind == _MAP:
            size = self._varint()
            kinds = self._byte() if size else 0
            for _ in range(size):
                self.skip(kinds >> 4, depth + 1)
                self.skip(kinds & 15, depth + 1)
        elif kind in (_DOUBLE, _UUID):
            self.at += 8 if kind == _DOUBLE else 16
        elif kind in (_TRUE, _FALSE, _BYTE):
            self.at += 1  # within a list: as a field a truth value has no bytes of its own
        else:
            raise BadThrift

    def pass_by(self, kind: int) -> None:
        """Skip a field's value."""
        if kind not in (_TRUE, _FALSE):
            self.skip(kind)


@dataclass(frozen=True, slots=True)
class Column:
    """A column's part of a row group: its bytes [start, end) in the file, and how many they are unpacked.

    `values` are those of all its lists, nulls too. `is_nested`: it may have more values than rows.
    """

    start: int
    end: int
    plain_bytes: int
    values: int
    is_nested: bool
    is_encrypted: bool
    is_elsewhere: bool  # in another file: this one is a summary of others


@dataclass(frozen=True, slots=True)
class Group:
    """A row group: its number, its rows [first, first + rows), and its columns."""

    number: int
    first: int
    rows: int
    columns: tuple[Column, ...]

    @property
    def start(self) -> int:
        return min((column.start for column in self.columns), default=0)

    @property
    def end(self) -> int:
        return max((column.end for column in self.columns), default=0)


def groups_of(footer: bytes) -> list[Group]:
    """The row groups in order. Raises BadThrift or IndexError where the footer makes no sense."""
    thrift = _Thrift(footer)
    groups: list[Group] = []
    first = rows = 0
    for number, kind in thrift.fields():
        if (number, kind) == (3, _I64):
            rows = thrift.number()
        elif (number, kind) == (4, _LIST):
            for _ in thrift.items():
                group = _group(thrift, len(groups), first)
                groups.append(group)
                first += group.rows
        else:
            thrift.pass_by(kind)
    if rows and not first:
        raise BadThrift  # it says that there are rows, and shows none
    return groups


def _group(thrift: _Thrift, number: int, first: int) -> Group:
    columns: list[Column] = []
    rows = 0
    for field, kind in thrift.fields():
        if (field, kind) == (1, _LIST):
            columns += [_column(thrift) for _ in thrift.items()]
        elif (field, kind) == (3, _I64):
            rows = thrift.number()
        else:
            thrift.pass_by(kind)
    if rows < 0:
        raise BadThrift
    return Group(number, first, rows, tuple(columns))


def _column(thrift: _Thrift) -> Column:
    is_encrypted = is_elsewhere = False
    found: dict[int, int] = {}
    path = 0
    for field, kind in thrift.fields():
        if (field, kind) == (3, _STRUCT):
            for inner, inner_kind in thrift.fields():
                if inner_kind == _I64:
                    found[inner] = thrift.number()
                elif (inner, inner_kind) == (3, _LIST):
                    for part in thrift.items():
                        thrift.skip(part)
                        path += 1
                else:
                    thrift.pass_by(inner_kind)
        else:
            is_elsewhere = is_elsewhere or field == 1
            is_encrypted = is_encrypted or field in (8, 9)
            thrift.pass_by(kind)
    # data_page_offset, dictionary_page_offset (0 in files of some writers), total_compressed_size
    start = min(found.get(9, 0), found.get(11) or found.get(9, 0))
    end = start + found.get(7, 0)
    return Column(start, end, found.get(6, 0), found.get(5, 0), path > 1, is_encrypted, is_elsewhere)


class Pages:
    """Follows the pages of one column as its bytes go by: `plain_bytes` is how large the newest is unpacked."""

    def __init__(self, column: Column) -> None:
        self._end = column.end
        self._next = column.start  # where the next page's header stands
        self._seen = column.start
        self._cut = b""  # the beginning of a header that ended with the bytes before
        self.plain_bytes = 0

    def see(self, start: int, data: bytes) -> None:
        """The bytes that were read at `start`."""
        if start != self._seen:
            return  # once more, or another thing altogether
        self._seen = start + len(data)
        data, start = self._cut + data, start - len(self._cut)
        self._cut = b""
        end = min(self._end, start + len(data))
        while start <= self._next < end:
            thrift = _Thrift(data, self._next - start)
            try:
                packed_bytes, plain_bytes = _page(thrift)
            except IndexError:
                self._cut = data[self._next - start :]
                if len(self._cut) > _HEADER_BYTES:
                    self._end = 0
                return
            except BadThrift:
                self._end = 0  # pyarrow will find it broken, but the pages before it are to be read
                return
            self.plain_bytes = max(self.plain_bytes, plain_bytes)
            self._next = start + thrift.at + packed_bytes


def _page(thrift: _Thrift) -> tuple[int, int]:
    sizes = {2: -1, 3: -1}
    for field, kind in thrift.fields():
        if field in sizes and _BYTE < kind <= _I64:
            sizes[field] = thrift.number()
        else:
            thrift.pass_by(kind)
    if min(sizes.values()) < 0:
        raise BadThrift
    return sizes[3], sizes[2]

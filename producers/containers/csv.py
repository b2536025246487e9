"""CSV and its kin: a header row, then a record a row, each sent as a JSON object {header: cell}.

A row that breaks the quoting rules costs its first physical line only: that line is settled alone and
reading goes on with the next one, so a stray quote never swallows the rows behind it. The same holds for a
quoted row of several lines that is larger than `record_bytes`.
"""

import csv
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from producers.containers.container import Container, Parser, Records
from producers.containers.csv_header import find_header
from producers.containers.encoding import repaired
from producers.limits import Limits
from streams.outcomes import Reason

# The module has one limit for the process, in characters; ours are in bytes and are checked here.
_NO_FIELD_LIMIT = (1 << 31) - 1


class _Taken:
    """Gives lines to a csv reader, and knows how many it took and whether it asked for more."""

    def __init__(self, lines: list[str], at: int) -> None:
        self.lines = lines
        self.at = at
        self.ran_out = False

    def __iter__(self) -> Iterator[str]:
        for number in range(self.at, len(self.lines)):
            self.at = number + 1
            yield self.lines[number]
        self.ran_out = True


class _Csv:
    """Rows behind the header. `carry` holds `header` (unique names) and `delimiter`."""

    def __init__(self, limits: Limits, byte: int, carry: Mapping[str, Any]) -> None:
        csv.field_size_limit(_NO_FIELD_LIMIT)
        self._limit = limits.record_bytes
        self._cell_limit = limits.csv_field_bytes
        self._header: list[str] = list(carry["header"])
        self._delimiter: str = carry["delimiter"]
        self._byte = byte  # where `_rest` begins in the plain object
        self._rest = b""
        self._skipped_from: int | None = None  # start of a line that is too large to hold

    def feed(self, block: bytes) -> Records:
        found = Records()
        if self._skipped_from is not None:
            cut = block.find(b"\n")
            if cut < 0:
                self._byte += len(block)
                return found
            end = self._byte + cut
            found.refuse(Reason.TOO_LARGE, self._skipped_from, end, end + 1)
            self._skipped_from = None
            self._byte = end + 1
            block = block[cut + 1 :]
        raw = (self._rest + block).split(b"\n")
        tail = raw.pop()
        self._rest = self._take([line + b"\n" for line in raw], tail, found, is_last=False)
        if len(self._rest) > self._limit + 1 and b"\n" not in self._rest:
            self._skipped_from = self._byte
            self._byte += len(self._rest)
            self._rest = b""
        return found

    def finish(self, *, is_damaged: bool) -> Records:
        found = Records()
        start, rest = self._byte, self._rest
        self._rest = b""
        if self._skipped_from is not None:
            found.refuse(Reason.TOO_LARGE, self._skipped_from, start, start)
            self._skipped_from = None
        elif is_damaged and rest.strip():
            # half a cell would pass for the whole of it
            self._byte += len(rest)
            found.refuse(Reason.BAD_CSV, start, self._byte, self._byte)
        elif not is_damaged:
            raw = [line + b"\n" for line in rest.split(b"\n")]
            raw[-1] = raw[-1][:-1]
            self._take(raw if raw[-1] else raw[:-1], b"", found, is_last=True)
        return found

    def _take(self, raw: list[bytes], tail: bytes, found: Records, *, is_last: bool) -> bytes:
        """Settle every row that ends in these lines; returns what does not, with `tail`."""
        try:
            texts = [line.decode() for line in raw]
        except UnicodeDecodeError:
            # lone surrogates stand for the bad bytes until their row is known
            texts = [line.decode(errors="surrogateescape") for line in raw]
        at = 0
        while at < len(raw):
            taken = _Taken(texts, at)
            try:
                for row in csv.reader(taken, delimiter=self._delimiter, strict=True):
                    is_long = taken.at > at + 1
                    size = sum(map(len, raw[at : taken.at])) if is_long else len(raw[at])
                    if is_long and size > self._limit:
                        at = self._alone(raw, texts, at, found)
                        break
                    self._settle(row, raw, at, taken.at, size, found)
                    at = taken.at
            except csv.Error:
                pending = sum(map(len, raw[at:])) + len(tail)
                if taken.ran_out and not is_last and pending <= self._limit:
                    return b"".join(raw[at:]) + tail
                # broken quoting, or an open quote whose end is nowhere near
                at = self._alone(raw, texts, at, found)
        return tail

    def _settle(self, row: list[str], raw: list[bytes], at: int, to: int, size: int, found: Records) -> None:
        start, resume = self._byte, self._byte + size
        end = resume - raw[to - 1].endswith(b"\n")
        self._byte = resume
        if size > self._limit and len(raw[at].rstrip(b"\r\n")) > self._limit:
            found.refuse(Reason.TOO_LARGE, start, end, resume)
            return
        if not row or (len(row) == 1 and not row[0].strip()):
            return
        line = self._document(row)
        is_repaired = line is Reason.BAD_ENCODING
        if is_repaired:
            line = self._repaired(b"".join(raw[at:to]))
        if isinstance(line, bytes):
            if len(line) > self._limit or (size > self._cell_limit and self._has_large_cell(row)):
                line = Reason.TOO_LARGE
            else:
                if is_repaired:
                    found.repaired.add(len(found.lines))
                found.add(line, resume)
                return
        found.refuse(line, start, end, resume)

    def _document(self, row: list[str]) -> bytes | Reason:
        width = len(self._header)
        if len(row) > width:
            if any(cell.strip() for cell in row[width:]):
                return Reason.BAD_CSV
        elif len(row) == 1 and width > 1:
            return Reason.BAD_CSV  # a fragment; a row that merely ends early keeps the cells it has
        try:
            # copied: of orjson's own bytes each holds 4 KiB, and a block can have thousands of tiny rows
            return bytes(memoryview(orjson.dumps(dict(zip(self._header, row, strict=False)))))
        except TypeError:  # lone surrogates
            return Reason.BAD_ENCODING

    def _repaired(self, raw: bytes) -> bytes | Reason:
        text = repaired(raw)
        if text is None:
            return Reason.BAD_ENCODING
        lines = text.decode().split("\n")
        try:
            row = next(csv.reader((line + "\n" for line in lines), delimiter=self._delimiter, strict=True))
        except (csv.Error, StopIteration):
            return Reason.BAD_CSV
        return self._document(row)

    def _has_large_cell(self, row: list[str]) -> bool:
        return any(len(cell.encode(errors="surrogateescape")) > self._cell_limit for cell in row)

    def _alone(self, raw: list[bytes], texts: list[str], at: int, found: Records) -> int:
        """Settle one physical line by itself, leniently unless it leaves a quote open; returns the next."""
        line = raw[at]
        taken = _Taken(texts[at : at + 1], 0)
        row: list[str] = []
        try:
            row = next(csv.reader(taken, delimiter=self._delimiter), [])
        except csv.Error:
            taken.ran_out = True
        if not taken.ran_out and len(row) == len(self._header):
            self._settle(row, raw, at, at + 1, len(line), found)
            return at + 1
        start = self._byte
        self._byte += len(line)
        is_large = len(line.rstrip(b"\r\n")) > self._limit
        end = self._byte - line.endswith(b"\n")
        found.refuse(Reason.TOO_LARGE if is_large else Reason.BAD_CSV, start, end, self._byte)
        return at + 1


def _open(limits: Limits, byte: int, carry: Mapping[str, Any]) -> Parser:
    return _Csv(limits, byte, carry)


CSV = Container("csv", find_header, _open)

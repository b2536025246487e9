"""The rows of a Parquet file in batches whose memory is bounded, however large its row groups are.

Imports pyarrow: only what has met a Parquet file imports this.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from producers.containers.column_names import unique_names
from producers.containers.container import Records
from producers.containers.parquet_footer import Column, Group, Pages
from producers.containers.parquet_rows import records_of, slices_of, undictionaried
from producers.states import ObjectReason

# A smaller row group is read in one request, whatever the order of its columns; of a larger one each column
# is read on by itself, so much at a time, and all columns together so much.
WHOLE_GROUP_BYTES = 8 << 20
COLUMN_BYTES = 1 << 20
COLUMNS_BYTES = 32 << 20

# A batch grows from few rows to what makes so many bytes. Few rows at most: rows that suddenly are a
# thousand times larger must not fill the memory before the next batch can be smaller.
BATCH_BYTES = 4 << 20
FIRST_ROWS = 16
MOST_ROWS = 128

# So much may the largest pages of all columns be together, unpacked: pyarrow holds one of each column. Most
# writers' have 1 MiB, DuckDB's up to 100 MB.
PAGES_BYTES = 256 << 20

# A list is three levels of it; deeper is no data that a person wrote.
DEPTH = 200


class Broken(Exception):
    """Nothing can be read from `row` on."""

    def __init__(self, row: int, reason: ObjectReason) -> None:
        super().__init__(row, reason)
        self.row = row
        self.reason = reason


class Source:
    """The stored file as pyarrow reads it. Keeps what a read raised, for pyarrow may tell it otherwise."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._at = 0
        self._held = b""
        self._held_at = 0
        self._pages: list[Pages] = []
        self.fault: Exception | None = None
        self.is_bomb = False

    def hold(self, start: int, size: int) -> bytes:
        """Read these bytes at once; they are at hand until the next call."""
        self._held = b""  # given back before its successor comes
        self._held, self._held_at = self._read_at(start, size), start
        return self._held

    def follow(self, columns: Sequence[Column]) -> None:
        """From now on refuse to give pages of these columns that would be too large together."""
        self._pages = [Pages(column) for column in columns]

    def read(self, size: int = -1) -> bytes:
        size = max(0, self.size - self._at if size < 0 else min(size, self.size - self._at))
        place = self._at - self._held_at
        if place >= 0 and place + size <= len(self._held):
            part = self._held[place : place + size]
        else:
            part = self._read_at(self._at, size)
        for pages in self._pages:
            pages.see(self._at, part)
        if sum(pages.plain_bytes for pages in self._pages) > PAGES_BYTES:
            self.is_bomb = True
            raise OSError("pages too large to be unpacked")
        self._at += len(part)
        return part

    def _read_at(self, start: int, size: int) -> bytes:
        if size <= 0:
            return b""
        try:
            self._file.seek(start)
            return self._file.read(size)
        except Exception as error:
            self.fault = error
            raise

    def seek(self, offset: int, whence: int = 0) -> int:
        at = offset + (0, self._at, self.size)[whence]
        if at < 0:
            raise OSError("a seek before the start")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def blame(self, error: Exception) -> None:
        """Raise again what damaged bytes do not explain: the store's faults, and want of memory."""
        if self.fault is not None:
            raise self.fault
        # pyarrow's own kind comes from sizes that no memory could hold
        if isinstance(error, MemoryError) and not isinstance(error, pa.ArrowException):
            raise error

    @property
    def reason(self) -> ObjectReason:
        return ObjectReason.EXPANSION if self.is_bomb else ObjectReason.CORRUPT

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """The file is its owner's."""


class Batches:
    """An open file. Making it raises what pyarrow raises, of whatever kind, where the footer makes no sense."""

    def __init__(self, source: Source, groups: Sequence[Group], most_bytes: int) -> None:
        """A row of more than `most_bytes` is refused."""
        columns = max((len(group.columns) for group in groups), default=1) or 1
        self._source = source
        self._most_bytes = most_bytes
        self._groups = groups
        self._file = pq.ParquetFile(
            source,
            buffer_size=max(16 << 10, min(COLUMN_BYTES, COLUMNS_BYTES // columns)),
            pre_buffer=False,
            schema_depth_limit=DEPTH,
            page_checksum_verification=True,
            arrow_extensions_enabled=True,
        )
        self._names = unique_names(self._file.schema_arrow.names)

    def read(self, from_row: int) -> Iterator[Records]:
        """The rows from that number on; `ends` are the numbers of their row groups. Raises Broken.

        A row group is always read from its start in the same batches, however often reading went on within it:
        on damaged bytes it can depend on them what pyarrow still takes for rows.
        """
        for group in self._groups:
            row, behind = max(group.first, from_row), group.first + group.rows
            if row >= behind:
                continue
            batch_row = group.first
            try:
                for batch_row, batch in self._batches(group, None):
                    for found in self._records(batch, row - batch_row, group):
                        row += len(found.lines)
                        yield found
                    batch_row += batch.num_rows
            except Exception as error:  # noqa: BLE001 - pyarrow raises many kinds on damaged bytes
                self._source.blame(error)
                # once more, from there row by row: what stands before the damage counts
                try:
                    for first_row, batch in self._batches(group, batch_row):
                        for found in self._records(batch, row - first_row, group):
                            row += len(found.lines)
                            yield found
                except Exception as again:  # noqa: BLE001
                    self._source.blame(again)
                    raise Broken(row, self._source.reason) from None
            if row != behind:
                raise Broken(row, self._source.reason)

    def _records(self, batch: pa.RecordBatch, to_skip: int, group: Group) -> Iterator[Records]:
        if to_skip < batch.num_rows:
            for part in slices_of(batch.slice(max(0, to_skip))):
                yield records_of(part, self._names, self._most_bytes, group.number)

    def _batches(self, group: Group, singly_from: int | None) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Each batch with the number of its first row; of one row each from `singly_from` on."""
        start, size = group.start, group.end - group.start
        is_held = 0 < size <= WHOLE_GROUP_BYTES and 0 <= start <= self._source.size - size
        self._source.hold(start, size if is_held else 0)
        self._source.follow(group.columns)
        row, rows = group.first, FIRST_ROWS
        first = 1 if row == singly_from else rows
        # one pass whose batches change their size: the reader is asked for it before each of them
        for found in self._file.iter_batches(first, row_groups=[group.number], use_threads=False):
            batch = undictionaried(found)
            yield row, batch
            row += batch.num_rows
            fitting = BATCH_BYTES * batch.num_rows // max(1, batch.nbytes)
            rows = max(1, min(fitting, 2 * rows, MOST_ROWS))
            is_single = singly_from is not None and row >= singly_from
            self._file.reader.set_batch_size(1 if is_single else rows)

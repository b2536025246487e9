"""How many records an object or a folder probably holds, judged by what was read of it."""

import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from console.catalog.listing import Folder
from console.catalog.sampling import Sampled
from producers.containers.container import Container
from producers.containers.order import container_named

_FOOTER_BYTES = 64 << 20
_DIRECTORY_BYTES = 16 << 20
_END_BYTES = (64 << 10) + 22
_END_MARK = b"PK\x05\x06"


def records_of(sampled: Sampled, stored: BinaryIO) -> float:
    """An estimate for one object from its sample: exact where it was read whole. `stored` may be read here and there.

    A stream of records: plain bytes for a record seen, and plain bytes for a stored one. Parquet: the rows
    that its footer states. Zip: the plain bytes that its directory states. Other archives: stored bytes.
    """
    after = sampled.after
    if sampled.is_whole or after is None or not sampled.records:
        return float(sampled.records)
    if sampled.container == "parquet":
        rows = _parquet_rows(stored, sampled.size_bytes)
        if rows and after.record:
            # where rows are gathered into dialogues, a record is several rows
            return rows * sampled.records / after.record
    if sampled.container == "zip" and sampled.value_bytes:
        in_members = _zip_plain_bytes(stored, sampled.size_bytes)
        if in_members:
            return in_members * sampled.records / sampled.value_bytes
    if _is_stream(sampled.container) and after.byte and sampled.fed_bytes:
        plain = sampled.plain_bytes * sampled.size_bytes / sampled.fed_bytes
        return max(float(sampled.records), plain * sampled.records / after.byte)
    read = sampled.fed_at_piece or sampled.read_bytes
    return max(float(sampled.records), sampled.records * sampled.size_bytes / read) if read else 0.0


def _is_stream(container: str) -> bool:
    try:
        return isinstance(container_named(container), Container)
    except KeyError:
        return False


def _parquet_rows(stored: BinaryIO, size_bytes: int) -> int:
    # pyarrow takes 0.3 s to import: only who meets Parquet pays
    import pyarrow as pa
    import pyarrow.parquet as pq

    stored.seek(max(0, size_bytes - 8))
    if int.from_bytes(stored.read(4), "little") > _FOOTER_BYTES:
        return 0
    stored.seek(0)
    try:
        with pq.ParquetFile(stored) as file:
            return int(file.metadata.num_rows)
    except (pa.ArrowException, ValueError, OSError):
        return 0


def _zip_plain_bytes(stored: BinaryIO, size_bytes: int) -> int:
    stored.seek(max(0, size_bytes - _END_BYTES))
    tail = stored.read(_END_BYTES)
    place = tail.rfind(_END_MARK)
    if place < 0 or len(tail) - place < 22:
        return 0
    (directory_bytes,) = struct.unpack_from("<I", tail, place + 12)
    # the library holds the whole directory: a huge one (or one of zip64, which says so by its size) is passed over
    if directory_bytes > _DIRECTORY_BYTES:
        return 0
    stored.seek(0)
    try:
        with zipfile.ZipFile(stored) as archive:
            return sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError):
        return 0


def _raw_bytes(sampled: Sampled) -> float:
    return sampled.estimate * sampled.value_bytes / sampled.records if sampled.records else 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Records of a folder. `is_exact`: every object was counted, by the ledger or by reading it whole.

    `raw_bytes` is what they take as lines in `raw`, before any compression of the topic.
    """

    records: int
    is_exact: bool
    raw_bytes: int


def estimate(folder: Folder, samples: Sequence[Sampled]) -> Estimate:
    """What a folder holds: counted objects as counted, sampled ones by their estimate, all others by the sampled
    records for a stored byte. Objects that could not be asked (denied) say nothing of the others."""
    asked = [one for one in samples if one.was_read]
    sampled_bytes = sum(one.size_bytes for one in asked)
    density = sum(one.estimate for one in asked) / sampled_bytes if sampled_bytes else 0.0
    unknown = [one for one in asked if one.known_records is None]
    records = folder.known_records + sum(one.estimate for one in unknown)
    # archived objects cannot be read, so they hold nothing that would come
    rest = (
        folder.size_bytes
        - folder.known_bytes
        - folder.archived_bytes
        - sum(one.size_bytes for one in unknown)
    )
    records += density * max(0, rest)
    guessed = sum(one.estimate for one in asked)
    line_bytes = sum(_raw_bytes(one) for one in asked) / guessed if guessed else 0.0
    return Estimate(
        round(records), rest <= 0 and all(one.is_whole for one in unknown), round(records * line_bytes)
    )

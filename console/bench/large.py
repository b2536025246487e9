"""The memory that one very large object takes, in every container: made while it is read, in a process of its own."""

import io
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import orjson

from console.bench.containers import KINDS, LIMITS, Kind
from console.bench.corpus import chat_lines
from console.bench.peak import peak_mib
from producers.cutter import Cutter
from producers.offline import pieces_of
from producers.pieces import Piece

_PART_RECORDS = 4_000  # about 17 MB, written over and over
_FEED_BYTES = 512 << 10
# What can only be read here and there lies in a file of the state folder while it is measured.
_FILES = ("parquet", "zip")
# An xz dictionary may be up to 320 MiB, and both had a wider limit set; the bench's own need far less.
MOST_MIB = {"bzip2": 500, "xz": 500}
USUAL_MOST_MIB = 400


@dataclass(frozen=True, slots=True)
class Large:
    """One large object: its stored bytes, records, seconds, and the peak of the process."""

    name: str
    stored_bytes: int
    records: int
    seconds: float
    peak_mib: int

    @property
    def most_mib(self) -> int:
        return MOST_MIB.get(self.name, USUAL_MOST_MIB)


def measure_large(plain_bytes: int, folder: Path) -> list[Large]:
    """Read one object of about so many plain bytes in each container. Files in `folder` are deleted again."""
    found = []
    for kind in KINDS:
        if "," in kind.name:
            continue  # another spelling of one that is measured
        # a process for each: a peak is for ever
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as child:
            found.append(child.submit(_read, kind.name, plain_bytes, str(folder)).result())
    return found


def _read(name: str, plain_bytes: int, folder: str) -> Large:
    kind = next(row for row in KINDS if row.name == name)
    lines = list(chat_lines(_PART_RECORDS, seed=12))
    part_bytes = sum(map(len, lines))
    times = max(1, plain_bytes // part_bytes)
    stored = 0
    if name in _FILES:
        place = Path(tempfile.mkdtemp(dir=folder)) / "object"
        try:
            _write_file(name, lines, times, place)
            began = time.perf_counter()
            with place.open("rb") as file:
                stored = place.stat().st_size
                records = _count(pieces_of(file, LIMITS))
            seconds = time.perf_counter() - began
        finally:
            shutil.rmtree(place.parent)
    else:
        part = kind.write(lines)
        began = time.perf_counter()
        cutter = Cutter(LIMITS)
        records = 0
        for block in _repeated(kind, part, times):
            stored += len(block)
            records += _count(cutter.feed(block))
        records += _count(cutter.finish())
        seconds = time.perf_counter() - began
    if records != times * _PART_RECORDS:
        raise RuntimeError(f"{name}: {records} records of {times * _PART_RECORDS}")
    return Large(name, stored, records, seconds, peak_mib())


def _count(pieces: Iterator[Piece]) -> int:
    return sum(piece.count - len(piece.stubs) for piece in pieces)


def _repeated(kind: Kind, part: bytes, times: int) -> Iterator[bytes]:
    """One object that holds the part's records `times` times: several frames, one array, one header."""
    for number in range(times):
        if kind.name == "json_array":
            part_now = (b"[" if number == 0 else b",") + part[1:-1] + (b"]" if number == times - 1 else b"")
        elif kind.name == "csv" and number:
            part_now = part[part.index(b"\n") + 1 :]
        else:
            part_now = part
        file = io.BytesIO(part_now)
        while block := file.read(_FEED_BYTES):
            yield block


def _write_file(name: str, lines: list[bytes], times: int, place: Path) -> None:
    if name == "zip":
        body = b"\n".join(lines) + b"\n"
        with (
            zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open("all.jsonl", "w", force_zip64=True) as member,
        ):
            for _ in range(times):
                member.write(body)
        return
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist([orjson.loads(line) for line in lines])
    # row groups as large as exporters make them: 128 MB and more
    whole = pyarrow.concat_tables([table] * 8)
    with pyarrow.parquet.ParquetWriter(place, table.schema) as writer:
        for _ in range(times // 8):
            writer.write_table(whole, row_group_size=whole.num_rows)
        for _ in range(times % 8):
            writer.write_table(table)

"""What reading costs in every container and compression, beside the library's own bare read of the same bytes."""

import bz2
import csv
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import lz4.frame
import orjson
import zstandard
from isal import igzip

from console.bench.corpus import chat_lines
from producers.limits import Limits
from producers.offline import pieces_of
from producers.states import State

LIMITS = Limits(chunk_bytes=256 << 10, chunk_records=250, record_bytes=1 << 20, csv_field_bytes=1 << 20)
_BLOCK_BYTES = 1 << 20

# Records of 4.3 kB per CPU-second that reading must reach, where a target is set.
TARGETS = {
    "jsonl": 20_000,
    "gzip": 10_000,
    "zstd": 10_000,
    "csv": 8_000,
    "json_array": 8_000,
    "parquet": 8_000,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A row: how invented records are written, and how the field's library reads them without us."""

    name: str
    write: Callable[[list[bytes]], bytes]
    bare: Callable[[bytes], int]
    share: float = 1.0  # of the records: slow ones are measured on fewer


@dataclass(frozen=True, slots=True)
class Cost:
    """Records per CPU-second of ours and of the bare read, over `records` records of `stored_bytes`."""

    name: str
    records: int
    stored_bytes: int
    ours: float
    bare: float


def _lines(records: list[bytes]) -> bytes:
    return b"\n".join(records) + b"\n"


def _rows(records: list[bytes]) -> Iterator[dict[str, str]]:
    for number, record in enumerate(records):
        messages = orjson.loads(record)["messages"]
        asked = "\n".join(m["content"] for m in messages[0::2])
        answered = "\n".join(m["content"] for m in messages[1::2])
        yield {"id": str(number), "question": asked, "answer": answered}


def _csv(records: list[bytes]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["id", "question", "answer"])
    writer.writeheader()
    writer.writerows(_rows(records))
    return out.getvalue().encode()


def _array(records: list[bytes]) -> bytes:
    return b"[" + b",".join(records) + b"]"


def _pretty(records: list[bytes]) -> bytes:
    return orjson.dumps([orjson.loads(record) for record in records], option=orjson.OPT_INDENT_2)


def _wrapped(records: list[bytes]) -> bytes:
    return b'{"version": 1, "conversations": ' + _array(records) + b"}"


def _parquet(records: list[bytes]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist([orjson.loads(record) for record in records])
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, row_group_size=5_000)
    return out.getvalue()


def _bare_parquet(data: bytes) -> int:
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
    return sum(len(batch.to_pylist()) for batch in file.iter_batches(500, use_threads=False))


def _zip(records: list[bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for at in range(0, len(records), 1000):
            archive.writestr(f"part-{at}.jsonl", _lines(records[at : at + 1000]))
    return out.getvalue()


def _bare_zip(data: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return sum(archive.read(name).count(b"\n") for name in archive.namelist())


def _tar_gz(records: list[bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6) as archive:
        for at in range(0, len(records), 1000):
            body = _lines(records[at : at + 1000])
            header = tarfile.TarInfo(f"part-{at}.jsonl")
            header.size = len(body)
            archive.addfile(header, io.BytesIO(body))
    return out.getvalue()


def _bare_tar_gz(data: bytes) -> int:
    found = 0
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|gz") as archive:
        for member in archive:
            body = archive.extractfile(member)
            found += 0 if body is None else body.read().count(b"\n")
    return found


def _count_lines(blocks: Iterable[bytes]) -> int:
    return sum(block.count(b"\n") for block in blocks)


def _blocks(file: "io.BufferedIOBase | io.RawIOBase") -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block


def _bare_zstd(data: bytes) -> int:
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True)
    found = 0
    while block := reader.read(_BLOCK_BYTES):
        found += block.count(b"\n")
    return found


def _bare_gzip(data: bytes) -> int:
    plain: bytes = igzip.decompress(data)  # type: ignore[no-untyped-call]
    return plain.count(b"\n")


def _bare_lz4(data: bytes) -> int:
    plain: bytes = lz4.frame.decompress(data)
    return plain.count(b"\n")


KINDS: tuple[Kind, ...] = (
    Kind("jsonl", _lines, lambda data: _count_lines(_blocks(io.BytesIO(data)))),
    Kind("gzip", lambda r: gzip.compress(_lines(r), 6), _bare_gzip),
    Kind("zstd", lambda r: zstandard.compress(_lines(r), 3), _bare_zstd),
    Kind("lz4", lambda r: bytes(lz4.frame.compress(_lines(r))), _bare_lz4),
    Kind("bzip2", lambda r: bz2.compress(_lines(r)), lambda data: bz2.decompress(data).count(b"\n"), 0.1),
    Kind(
        "xz",
        lambda r: lzma.compress(_lines(r), preset=1),
        lambda data: lzma.decompress(data).count(b"\n"),
        0.2,
    ),
    Kind("csv", _csv, lambda data: sum(1 for _ in csv.reader(io.StringIO(data.decode(), newline=""))) - 1),
    Kind("json_array", _array, lambda data: len(orjson.loads(data))),
    Kind("json_array, pretty", _pretty, lambda data: len(orjson.loads(data))),
    Kind("json_object, wrapped", _wrapped, lambda data: len(orjson.loads(data)["conversations"])),
    Kind("parquet", _parquet, _bare_parquet),
    Kind("zip", _zip, _bare_zip),
    Kind("tar, gzip", _tar_gz, _bare_tar_gz),
)


def measure_containers(records: int) -> list[Cost]:
    """Read the same invented records in every container. Raises RuntimeError where one is missing."""
    all_lines = list(chat_lines(records, seed=11))
    found = []
    for kind in KINDS:
        lines = all_lines[: max(1, int(records * kind.share))]
        data = kind.write(lines)
        bare_seconds, bare_count = _timed(kind.bare, data)
        seconds, count = _timed(_read, data)
        if count != len(lines) or bare_count != len(lines):
            raise RuntimeError(
                f"{kind.name}: {count} read, {bare_count} by the library, {len(lines)} written"
            )
        found.append(Cost(kind.name, len(lines), len(data), len(lines) / seconds, len(lines) / bare_seconds))
    return found


def _timed(work: Callable[[bytes], int], data: bytes) -> tuple[float, int]:
    work(data)  # once to warm up: imports and first allocations are no part of the cost
    began = time.process_time()
    count = work(data)
    return max(time.process_time() - began, 1e-9), count


def _read(data: bytes) -> int:
    found = 0
    for piece in pieces_of(io.BytesIO(data), LIMITS):
        found += piece.count - len(piece.stubs)
        if piece.ending is not None and piece.ending.state is not State.COMPLETE:
            raise RuntimeError(f"ended {piece.ending.state}: {piece.ending.reason}")
    return found

"""The table of compressions, in the order in which they are tried. A new one is a file and a row."""

from producers.compressions.bzip2 import BZIP2
from producers.compressions.gzip import GZIP
from producers.compressions.lz4 import LZ4
from producers.compressions.stream import Compression
from producers.compressions.xz import XZ
from producers.compressions.zstd import ZSTD

COMPRESSIONS: tuple[Compression, ...] = (GZIP, ZSTD, BZIP2, XZ, LZ4)

HEAD_BYTES = 10  # so many first bytes show each of them


def compression_of(head: bytes) -> Compression | None:
    """The compression that an object's first bytes show, never its name; None for plain bytes."""
    return next((row for row in COMPRESSIONS if row.shows(head)), None)


def compression_named(name: str) -> Compression:
    """The row of that name. Raises KeyError: a ledger that names another was written by a newer Forebay."""
    for row in COMPRESSIONS:
        if row.name == name:
            return row
    raise KeyError(name)

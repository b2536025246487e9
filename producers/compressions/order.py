"""The table of compressions, in the order in which they are tried. A new one is a file and a row."""

from producers.compressions.gzip import GZIP
from producers.compressions.plain import PLAIN
from producers.compressions.stream import Compression

COMPRESSIONS: tuple[Compression, ...] = (GZIP, PLAIN)

LONGEST_MAGIC = max(len(row.magic) for row in COMPRESSIONS)


def compression_of(head: bytes) -> Compression:
    """The compression that an object's first bytes show, never its name."""
    return next(row for row in COMPRESSIONS if head.startswith(row.magic))


def compression_named(name: str) -> Compression:
    """The row of that name. Raises KeyError: a ledger that names another was written by a newer Forebay."""
    for row in COMPRESSIONS:
        if row.name == name:
            return row
    raise KeyError(name)

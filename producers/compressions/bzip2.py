"""Bzip2, with any number of streams, by libbz2."""

import bz2

from producers.compressions.sliced import Sliced
from producers.compressions.stream import Compression, PlainStream

_BLOCK = bytes.fromhex("314159265359")  # pi: a block follows
_END = bytes.fromhex("177245385090")  # its square root: the stream is empty
# "BZh9" alone can begin a text.
STARTS = tuple(b"BZh%d" % level + magic for level in range(1, 10) for magic in (_BLOCK, _END))


def _open() -> PlainStream:
    return Sliced(STARTS, bz2.BZ2Decompressor, OSError)


BZIP2 = Compression("bzip2", lambda head: head.startswith(STARTS), _open)

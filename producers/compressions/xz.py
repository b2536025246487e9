"""xz, with any number of streams and padding between them, by liblzma."""

import lzma

from producers.compressions.sliced import Decompressor, Sliced
from producers.compressions.stream import Compression, PlainStream

MAGIC = b"\xfd7zXZ\0"
# `xz -9` needs 65 MiB; this takes dictionaries of 256 MiB, which only who asks for them gets.
MOST_MEMORY_BYTES = 320 << 20


def _begin() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY_BYTES)


def _open() -> PlainStream:
    return Sliced((MAGIC,), _begin, lzma.LZMAError, padding=b"\0")


XZ = Compression("xz", lambda head: head.startswith(MAGIC), _open)

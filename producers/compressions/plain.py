"""No compression: stored bytes are plain bytes."""

from collections.abc import Iterator

from producers.compressions.stream import Compression


class _Plain:
    def feed(self, block: bytes) -> Iterator[bytes]:
        yield block

    def finish(self) -> Iterator[bytes]:
        yield from ()


PLAIN = Compression("none", b"", True, _Plain)

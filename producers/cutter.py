"""Turns the stored bytes of one object into pieces: compression, container and cuts in one line, no I/O."""

import re
from collections.abc import Iterator

from producers.chunker import Chunker, Piece
from producers.compressions.order import LONGEST_MAGIC, compression_named, compression_of
from producers.compressions.stream import Compression, Damage, PlainStream
from producers.containers.container import Parser, Sample
from producers.containers.order import container_named, container_of
from producers.states import Ending, Limits, ObjectReason, Position, State

SAMPLE_BYTES = 64 << 10
_BOM = b"\xef\xbb\xbf"
_BLANK_LINES = re.compile(rb"(?:[ \t\r]*\n)+")


class Cutter:
    """Feed it the object's bytes from `reads_from` on, in any blocks, then finish it.

    The pieces do not depend on how the bytes are split. The last piece has an `ending`; after it the
    cutter `is_finished`, which damage or a refusal can bring before the object's end.
    """

    def __init__(self, limits: Limits, position: Position | None = None) -> None:
        self._limits = limits
        self._position = position
        self._head = b""  # stored bytes, until the compression is known
        self._sample = b""  # plain bytes, until the container is known
        self._plain_bytes = 0  # plain bytes before `_sample`, later all plain bytes
        self._to_skip = 0
        self._compression: Compression | None = None
        self._stream: PlainStream | None = None
        self._parser: Parser | None = None
        self._chunker: Chunker | None = None
        self.is_finished = False
        self.reads_from = 0
        if position is not None:
            self._compression = compression_named(position.compression)
            self._stream = self._compression.open()
            if self._compression.seeks:
                self.reads_from = position.byte
                self._plain_bytes = position.byte
            else:
                self._to_skip = position.byte
            self._open(position)

    @property
    def plain_bytes(self) -> int:
        """How many plain bytes were seen."""
        return self._plain_bytes

    def _open(self, at: Position) -> None:
        container = container_named(at.container)
        self._parser = container.open(self._limits, at.byte, at.carry)
        self._chunker = Chunker(self._limits, at)

    def feed(self, block: bytes) -> Iterator[Piece]:
        """The pieces that are full now. Consume it wholly before the next call."""
        if self._stream is None:
            self._head += block
            if len(self._head) < LONGEST_MAGIC:
                return
            block = self._begin()
        assert self._stream is not None
        try:
            for plain in self._stream.feed(block):
                yield from self._plain(plain)
                if self.is_finished:
                    return
        except Damage as damage:
            yield from self._end(damage.reason)

    def finish(self) -> Iterator[Piece]:
        """The rest, ending with the last piece; nothing if that has come before."""
        if self.is_finished:
            return
        try:
            if self._stream is None:
                if not self._head:
                    yield self._refused(ObjectReason.EMPTY)
                    return
                block = self._begin()
                assert self._stream is not None
                for plain in self._stream.feed(block):
                    yield from self._plain(plain)
            for plain in self._stream.finish():
                yield from self._plain(plain)
            if self.is_finished:
                return
        except Damage as damage:
            yield from self._end(damage.reason)
        else:
            yield from self._end(ObjectReason.NONE)

    def _begin(self) -> bytes:
        self._compression = compression_of(self._head)
        self._stream = self._compression.open()
        head, self._head = self._head, b""
        return head

    def _plain(self, plain: bytes) -> Iterator[Piece]:
        if self._parser is None:
            self._sample += plain
            self._drop_blank()
            if len(self._sample) >= SAMPLE_BYTES:
                yield from self._find(is_whole=False)
            return
        self._plain_bytes += len(plain)
        if self._to_skip:
            # reading on to the position without sending
            skipped = min(self._to_skip, len(plain))
            self._to_skip -= skipped
            plain = plain[skipped:]
        assert self._chunker is not None
        if plain:
            yield from self._chunker.add(self._parser.feed(plain))

    def _drop_blank(self) -> None:
        """Take the byte order mark and leading blank lines off, so that the sample begins with content."""
        if self._plain_bytes == 0 and self._sample.startswith(_BOM):
            self._advance(len(_BOM))
        blank = _BLANK_LINES.match(self._sample)
        if blank is not None:
            self._advance(blank.end())

    def _advance(self, size: int) -> None:
        self._sample = self._sample[size:]
        self._plain_bytes += size

    def _find(self, *, is_whole: bool) -> Iterator[Piece]:
        assert self._compression is not None
        # a sample is of one length whatever the blocks were: the same object is always read the same way
        sample = Sample(self._sample[:SAMPLE_BYTES], is_whole and len(self._sample) <= SAMPLE_BYTES)
        row = container_of(sample)
        if row is None:
            self._sample = b""
            if not is_whole:
                yield self._refused(ObjectReason.UNKNOWN_CONTAINER)
            return
        container, found = row
        at = self._plain_bytes + found.skip
        self._open(Position(self._compression.name, container.name, at, 0, found.carry))
        rest, self._sample = self._sample[found.skip :], b""
        self._plain_bytes = at
        yield from self._plain(rest)

    def _refused(self, reason: ObjectReason) -> Piece:
        self.is_finished = True
        return Piece(b"", 0, 0, (), 0, None, False, Ending(State.REFUSED, reason))

    def _end(self, reason: ObjectReason) -> Iterator[Piece]:
        is_damaged = reason is not ObjectReason.NONE
        refusal = ObjectReason.EMPTY
        if self._parser is None and self._sample.strip():
            refusal = ObjectReason.UNKNOWN_CONTAINER
            yield from self._find(is_whole=True)
        ending = Ending(State.DAMAGED, reason, self._plain_bytes) if is_damaged else Ending(State.COMPLETE)
        if self._parser is None or self._chunker is None:
            self.is_finished = True
            if is_damaged:
                yield Piece(b"", 0, 0, (), 0, None, False, ending)
            else:
                yield self._refused(refusal)
            return
        yield from self._chunker.add(self._parser.finish(is_damaged=is_damaged))
        if not is_damaged and self._chunker.records == 0:
            ending = Ending(State.REFUSED, ObjectReason.EMPTY)
        self.is_finished = True
        yield self._chunker.finish(ending)

"""Turns the stored bytes of one object into pieces: compression, encoding, container and cuts in one line, no I/O."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import BinaryIO

from producers.compressions.stream import Damage
from producers.containers.container import AnyContainer, Archive, Container, FileContainer, Nest, Sample
from producers.containers.order import container_named, container_of
from producers.encodings import LONGEST_MARK, UTF8, Encoding, Utf8Stream, encoding_named, encoding_of
from producers.gathering.gather import own_carry
from producers.inside import Held, Inside, Stream
from producers.limits import Limits
from producers.pieces import Piece
from producers.states import REFUSALS, Ending, ObjectReason, Position, State
from producers.unpacking import PLAIN, Unpacking

SAMPLE_BYTES = 64 << 10
_BLANK_LINES = re.compile(rb"(?:[ \t\r]*\n)+")


class Cutter:
    """Feed it the object's bytes from `reads_from` on, in any blocks, then finish it.

    The pieces do not depend on how the bytes are split. The last piece has an `ending`; after it the
    cutter `is_finished`, which damage or a refusal can bring before the object's end. Where it `wants_file`,
    nothing more need be fed: the container is read here and there, by `read_file`.
    """

    def __init__(self, limits: Limits, position: Position | None = None, depth: int = 0) -> None:
        """`depth` counts the archives around it: within one, what wants a file is held in memory."""
        self._limits = limits
        self._nest = Nest(depth, Cutter)
        self._sample = b""  # plain bytes, until the container is known
        self._plain_bytes = 0  # plain bytes before `_sample`, later all plain bytes
        self._to_skip = 0
        self._encoding: Encoding | None = None
        self._text: Utf8Stream | None = None
        self._inside: Inside | None = None
        self._file: tuple[FileContainer, Position] | None = None
        self.is_finished = False
        self.reads_from = 0
        self._stream = Unpacking(limits, position.compression if position is not None else "")
        if position is not None:
            self._go_on(position)

    def _go_on(self, position: Position) -> None:
        container = container_named(position.container)
        self._encoding = encoding_named(position.encoding)
        self._text = self._encoding.open()
        self._open(container, position)
        if isinstance(container, FileContainer):
            return  # it goes on by itself
        if self._stream.is_plain and self._encoding is UTF8 and not self._nest.depth:
            self.reads_from = self._plain_bytes = position.byte
        else:
            self._to_skip = position.byte  # reading on to the position without sending

    def _open(self, container: AnyContainer, at: Position) -> None:
        if isinstance(container, Container):
            self._inside = Stream(
                container.open(self._limits, at.byte, own_carry(at.carry)), self._limits, at
            )
        elif isinstance(container, Archive):
            self._inside = container.open(self._limits, at, self._nest)
        elif self._nest.depth or at.compression != PLAIN:
            self._inside = Held(container, self._limits, at, self._nest)
        else:
            self._file = container, at

    @property
    def plain_bytes(self) -> int:
        """How many plain bytes were seen."""
        return self._plain_bytes

    @property
    def wants_file(self) -> bool:
        return self._file is not None and not self.is_finished

    def read_file(self, file: BinaryIO) -> Iterator[Piece]:
        """The pieces of a container that is read here and there. May block: run it in a thread."""
        assert self._file is not None
        container, at = self._file
        yield from container.read(file, self._limits, at, self._nest)
        self.is_finished = True

    def feed(self, block: bytes) -> Iterator[Piece]:
        """The pieces that are full now. Consume it wholly before the next call."""
        if self.wants_file:
            return
        try:
            for plain in self._stream.feed(block):
                yield from self._plain(plain)
                if self.is_finished or self.wants_file:
                    return
        except Damage as damage:
            yield from self._end(damage.reason)

    def finish(self) -> Iterator[Piece]:
        """The rest, ending with the last piece; nothing if that has come before, or where a file is wanted."""
        if self.is_finished or self.wants_file:
            return
        try:
            for plain in self._stream.finish():
                yield from self._plain(plain)
                if self.is_finished or self.wants_file:
                    return
            if self._text is None:
                yield from self._begin_text()
            assert self._text is not None
            yield from self._utf8(self._text.finish())
        except Damage as damage:
            yield from self._end(damage.reason)
            return
        if not self.is_finished:
            yield from self._end(ObjectReason.NONE)

    def break_off(self, reason: ObjectReason) -> Iterator[Piece]:
        """The rest, where the bytes end for this reason: what holds the object found it, the bytes do not show it."""
        try:
            for plain in self._stream.finish():
                yield from self._plain(plain)
            if self._text is None:
                yield from self._begin_text()
        except Damage as damage:
            reason = reason or damage.reason  # theirs is what follows of it
        if not self.is_finished:
            yield from self._end(reason)

    def _plain(self, plain: bytes) -> Iterator[Piece]:
        if self._text is None:
            self._sample += plain
            if len(self._sample) >= LONGEST_MARK:
                yield from self._begin_text()
            return
        yield from self._utf8(plain if self._encoding is UTF8 else self._text.feed(plain))

    def _begin_text(self) -> Iterator[Piece]:
        self._encoding = encoding_of(self._sample)
        self._text = self._encoding.open()
        plain, self._sample = self._sample, b""
        yield from self._utf8(self._text.feed(plain))

    def _utf8(self, plain: bytes) -> Iterator[Piece]:
        if self._inside is None:
            self._sample += plain
            self._drop_blank()
            if len(self._sample) >= SAMPLE_BYTES:
                yield from self._find(is_whole=False)
            return
        self._plain_bytes += len(plain)
        if self._to_skip:
            skipped = min(self._to_skip, len(plain))
            self._to_skip -= skipped
            plain = plain[skipped:]
        if plain:
            for piece in self._inside.feed(plain):
                yield piece
                self.is_finished = self.is_finished or piece.ending is not None

    def _drop_blank(self) -> None:
        """Take the byte order mark and leading blank lines off, so that the sample begins with content."""
        if self._plain_bytes == 0 and self._sample.startswith(BOM_UTF8):
            self._sample = self._sample[len(BOM_UTF8) :]
            self._plain_bytes = len(BOM_UTF8)
        blank = _BLANK_LINES.match(self._sample)
        if blank is not None:
            self._sample = self._sample[blank.end() :]
            self._plain_bytes += blank.end()

    def _find(self, *, is_whole: bool) -> Iterator[Piece]:
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
        encoding = "" if self._encoding is None else self._encoding.name
        rest, self._sample = self._sample[found.skip :], b""
        self._plain_bytes = at
        self._open(container, Position(self._stream.name, container.name, at, 0, found.carry, encoding))
        if self._inside is not None:
            yield from self._utf8(rest)

    def _refused(self, reason: ObjectReason) -> Piece:
        self.is_finished = True
        return Piece(ending=Ending(State.REFUSED, reason))

    def _end(self, reason: ObjectReason) -> Iterator[Piece]:
        refusal = ObjectReason.EMPTY
        if self._inside is None and self._sample.strip():
            refusal = ObjectReason.UNKNOWN_CONTAINER
            yield from self._find(is_whole=True)
        if self.wants_file or self.is_finished:
            return
        if self._inside is not None:
            yield from self._inside.finish(reason)
        elif reason in REFUSALS:
            yield self._refused(reason)
        elif reason:
            yield Piece(ending=Ending(State.DAMAGED, reason, self._plain_bytes))
        else:
            yield self._refused(refusal)
        self.is_finished = True

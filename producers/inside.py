"""What an object's plain bytes go into once its container is known: records in a stream, or a file held whole."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from producers.chunker import Chunker
from producers.containers.container import FileContainer, Nest, Parser
from producers.gathering.gather import Gather
from producers.limits import Limits
from producers.pieces import Piece
from producers.states import REFUSALS, Ending, ObjectReason, Position, State


class Inside(Protocol):
    """What is fed with an object's plain bytes once its container is known."""

    def feed(self, block: bytes) -> Iterator[Piece]: ...
    def finish(self, damage: ObjectReason) -> Iterator[Piece]: ...


def ending_of(reason: ObjectReason, *, has_records: bool, at_byte: int) -> Ending:
    """How reading ended, by the reason for which it broke off; NONE: at the object's end."""
    if reason in REFUSALS:
        return Ending(State.REFUSED, reason, at_byte)
    if reason:
        return Ending(State.DAMAGED, reason, at_byte)
    return Ending(State.COMPLETE) if has_records else Ending(State.REFUSED, ObjectReason.EMPTY)


class Stream:
    """A stream of records: parser, gathering and chunker in one."""

    def __init__(self, parser: Parser, limits: Limits, at: Position) -> None:
        self._parser = parser
        self._gather = Gather(limits, at)
        self._chunker = Chunker(limits, at)
        self._byte = at.byte

    def feed(self, block: bytes) -> Iterator[Piece]:
        self._byte += len(block)
        found = self._parser.feed(block)
        for gathered in self._gather.feed(found):
            yield from self._chunker.add(gathered)
        if found.damage:
            yield from self._ended(found.damage, found.damage_at)

    def finish(self, damage: ObjectReason) -> Iterator[Piece]:
        found = self._parser.finish(is_damaged=bool(damage))
        for gathered in self._gather.feed(found):
            yield from self._chunker.add(gathered)
        yield from self._ended(damage or found.damage, None if damage else found.damage_at)

    def _ended(self, damage: ObjectReason, at_byte: int | None = None) -> Iterator[Piece]:
        for gathered in self._gather.finish():
            yield from self._chunker.add(gathered)
        # a dialogue at the object's start is read on at number 0, with records sent before it
        has_records = self._chunker.has_records or self._gather.is_resumed
        at_byte = self._byte if at_byte is None else at_byte
        yield self._chunker.finish(ending_of(damage, has_records=has_records, at_byte=at_byte))


class Held:
    """A container that is read here and there, within a stream: held in memory, up to a limit."""

    def __init__(self, container: FileContainer, limits: Limits, at: Position, nest: Nest) -> None:
        self._container, self._limits, self._at, self._nest = container, limits, at, nest
        self._held = io.BytesIO()

    def feed(self, block: bytes) -> Iterator[Piece]:
        if self._held.tell() + len(block) > self._limits.member_bytes:
            yield Piece(after=self._at, ending=Ending(State.REFUSED, ObjectReason.MEMBER_TOO_LARGE))
            return
        self._held.write(block)

    def finish(self, damage: ObjectReason) -> Iterator[Piece]:
        # damaged bytes are tried all the same: some archives are readable up to where they break
        self._held.seek(0)
        for piece in self._container.read(self._held, self._limits, self._at, self._nest):
            ending = piece.ending
            if damage and ending is not None and ending.state is State.COMPLETE:
                ending = Ending(State.DAMAGED, damage, self._held.getbuffer().nbytes)
            yield replace(piece, ending=ending)

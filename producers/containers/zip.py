"""Zip: read by its table of contents, member by member; without one, forward by the members' own headers."""

import io
from collections.abc import Generator, Iterator
from typing import BinaryIO

from producers.compressions.stream import Damage
from producers.containers.container import FileContainer, Found, Nest, Sample
from producers.containers.members import DEEPEST, MemberReader, too_deep
from producers.containers.zip_bytes import Forward, listed_bytes
from producers.containers.zip_directory import END, LOCAL, Entry, entries_of
from producers.containers.zip_methods import Unreadable
from producers.limits import Limits, most_plain_bytes
from producers.pieces import Piece
from producers.states import ObjectReason, Position, State

# The latter two: a zip that was cut into volumes, or might have been.
_STARTS = (LOCAL, END, b"PK\x07\x08" + LOCAL, b"PK00" + LOCAL)


def _find(sample: Sample) -> Found | None:
    return Found() if sample.data.startswith(_STARTS) else None


class _Zip:
    def __init__(self, file: BinaryIO, limits: Limits, position: Position, nest: Nest) -> None:
        self._file = file
        self._limits = limits
        self._start = position.byte
        self._members = MemberReader(limits, position, nest)
        self._size = file.seek(0, io.SEEK_END)
        # members can share their packed bytes: a bomb that no member alone is
        self._most_bytes = min(limits.plain_bytes, most_plain_bytes(limits.expansion, self._size))
        self._is_bomb = False

    def read(self) -> Iterator[Piece]:
        try:
            entries = entries_of(self._file, self._limits.members)
        except Damage as damage:
            if damage.reason is ObjectReason.TOO_MANY_MEMBERS:
                yield from self._members.finish(damage.reason, 0)
            else:
                yield from self._forward(damage.reason)
            return
        for index in range(self._members.index, len(entries)):
            entry = entries[index]
            following = entries[index + 1].header_at if index + 1 < len(entries) else self._size
            stored = listed_bytes(self._file, entry, self._limits.expansion)
            fault = yield from self._feed(entry, stored)
            yield from self._end(entry, following, fault)
            if self._is_bomb:
                yield from self._members.finish(ObjectReason.EXPANSION, entry.header_at)
                return
        yield from self._members.finish(ObjectReason.NONE, self._size)

    def _forward(self, reason: ObjectReason) -> Iterator[Piece]:
        """By the members' own headers, where the directory is cut off or broken."""
        ahead = Forward(self._file, self._start, self._limits.expansion)
        for entry, stored in ahead.members():
            if self._members.index >= self._limits.members:
                reason = ObjectReason.TOO_MANY_MEMBERS
                break
            fault = yield from self._feed(entry, stored)
            for _ in stored:  # where the next member begins can be known only behind the bytes of this one
                pass
            yield from self._end(entry, ahead.at, fault)
            if self._is_bomb:
                reason = ObjectReason.EXPANSION
                break
        yield from self._members.finish(reason, ahead.at)

    def _feed(
        self, entry: Entry, stored: Iterator[bytes]
    ) -> Generator[Piece, None, Damage | Unreadable | None]:
        """A member's pieces; returns what was wrong with it."""
        members = self._members
        members.begin(entry.header_at)
        try:
            for plain in stored:
                if members.plain_bytes + len(plain) > self._most_bytes:
                    self._is_bomb = True
                    return Damage(ObjectReason.EXPANSION)
                yield from members.feed(plain)
                if not members.is_reading:
                    break
        except (Damage, Unreadable) as fault:
            return fault
        return None

    def _end(self, entry: Entry, following: int, fault: Damage | Unreadable | None) -> Iterator[Piece]:
        if isinstance(fault, Unreadable):
            yield from self._members.pass_over(entry.header_at, following, State.REFUSED, fault.reason)
        else:
            yield from self._members.end(following, ObjectReason.NONE if fault is None else fault.reason)


def _read(file: BinaryIO, limits: Limits, position: Position, nest: Nest) -> Iterator[Piece]:
    if nest.depth > DEEPEST:
        yield too_deep()
    else:
        yield from _Zip(file, limits, position, nest).read()


ZIP = FileContainer("zip", _find, _read)

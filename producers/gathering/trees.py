"""Message trees: each path from a root to a last message is a record, numbered as the row of that message.

Rows may come in any order. They are held up to `gather_bytes`; beyond that every tree but the one that is
being read is closed, and of that one the rows held are refused (too_large) if they take half of the room alone.
Every row is in a path or is a refusal of its own, so none goes uncounted:

- a deleted or blank message ends the path before it. Nothing below it: a refusal (empty, null_content). Else
  the paths below go through it, for conversion to refuse and the gate to hear;
- a message whose parent is nowhere begins a path that is marked as an orphan: conversion refuses it as
  no_parent and the gate hears it;
- messages that are their own ancestors are refused (no_parent), paths beyond `record_bytes` too (too_large).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from producers.containers.container import Refusal
from producers.gathering.columns import Columns, fragment_of, id_of, is_whole
from producers.gathering.rows import Entry, Mark, Row
from producers.limits import Limits
from streams.outcomes import Reason
from streams.shapes.content import text_of

# What a message costs in memory beside its bytes.
_OVERHEAD_BYTES = 700
_TRUE = frozenset({"true", "1", "yes"})
_WRAP_BYTES = len(b'{"path":[],"is_orphan":true}')


@dataclass(slots=True, eq=False)
class _Message:
    before: Mark
    end: int
    is_repaired: bool
    key: str  # tree and id: ids can be those of the tree alone
    parent_key: str  # empty: a root
    tree: str
    fragment: bytes  # role and text as JSON
    blank: Reason | None  # deleted, or nothing in it
    parent: "_Message | None" = None
    children: list["_Message"] = field(default_factory=list)
    path_bytes: int = 0  # 0: not reached from any top
    is_end: bool = False
    is_in_path: bool = False

    @property
    def size_bytes(self) -> int:
        return len(self.fragment) + len(self.key) + len(self.parent_key) + len(self.tree) + _OVERHEAD_BYTES

    def refused(self, reason: Reason) -> Entry:
        return Entry(self.before.row, Refusal(reason, self.before.byte, self.end))


class Trees:
    """Gathers the rows of message trees."""

    def __init__(self, limits: Limits, columns: Columns) -> None:
        self._limits = limits
        self._columns = columns
        self._held: list[_Message] = []
        self._held_bytes = 0
        self._before: Mark | None = None  # where reading on gives just what is held

    def take(self, row: Row) -> Iterator[Entry] | None:
        message = self._read(row)
        return None if message is None else self._taken(message)

    def _taken(self, message: _Message) -> Iterator[Entry]:
        if not self._held:
            self._before = message.before
        self._held.append(message)
        self._held_bytes += message.size_bytes
        if self._held_bytes > self._limits.gather_bytes:
            yield from self._make_room()

    def _make_room(self) -> Iterator[Entry]:
        """Close every tree but the one that is being read."""
        held, current = self._held, self._held[-1]
        tops = _tops(held)
        mine = [message for message in held if tops[message] == tops[current]]
        others = [message for message in held if tops[message] != tops[current]]
        if sum(message.size_bytes for message in mine) > self._limits.gather_bytes // 2:
            self._hold([], None)
        else:
            # rows without a gap: reading on can begin with them, else only where it last could
            first = mine[0].before
            is_run = current.before.row - first.row == len(mine) - 1
            self._hold(mine, first if is_run else None)
        yield from _paths(others, self._limits)
        if not self._held:
            for message in mine:
                yield message.refused(Reason.TOO_LARGE)

    def _hold(self, messages: list[_Message], before: Mark | None) -> None:
        self._held, self._before = messages, before
        self._held_bytes = sum(message.size_bytes for message in messages)

    def finish(self) -> Iterator[Entry]:
        held = self._held
        self._hold([], None)
        yield from _paths(held, self._limits)

    def resumes_at(self, here: Mark) -> Mark | None:
        return self._before if self._held else here

    def _read(self, row: Row) -> _Message | None:
        columns, document = self._columns, row.document
        id_, role = id_of(document.get(columns.message)), document.get(columns.speaker)
        if not id_ or not id_of(role) or columns.text not in document or is_whole(document):
            return None
        text: Any = document[columns.text]
        if document.get(columns.deleted) is True or id_of(document.get(columns.deleted)).lower() in _TRUE:
            text = "[deleted]"  # what a deleted message said is nobody's business any more
        fragment = fragment_of({"role": role, "text": text})
        if fragment is None:
            return None
        said = text_of(text)
        parent, tree = id_of(document.get(columns.parent)), columns.id_in(document, columns.dialogue)
        return _Message(
            row.before,
            row.end,
            row.is_repaired,
            f"{tree}\n{id_}",
            f"{tree}\n{parent}" if parent else "",
            tree,
            fragment,
            said if isinstance(said, Reason) else None,
        )


def _by_key(messages: list[_Message]) -> dict[str, _Message]:
    """Of two messages with one id the first has the children; the other ends a path of its own."""
    found: dict[str, _Message] = {}
    for message in messages:
        found.setdefault(message.key, message)
    return found


def _tops(messages: list[_Message]) -> dict[_Message, str]:
    """For each message what its whole tree shares: the tree's id, else the key furthest up."""
    by_key = _by_key(messages)
    tops: dict[str, str] = {}
    for message in messages:
        way: dict[str, None] = {}
        at: _Message | None = message
        top = message.key
        while at is not None and at.key not in way:
            if at.key in tops:
                top = tops[at.key]
                break
            way[at.key] = None
            top = at.parent_key or at.key
            at = by_key.get(at.parent_key)
        tops.update(dict.fromkeys(way, top))
    return {message: f"tree {message.tree}" if message.tree else tops[message.key] for message in messages}


def _link(messages: list[_Message]) -> list[_Message]:
    """Tie parents and children; returns the tops: roots, and orphans whose parent is nowhere."""
    by_key = _by_key(messages)
    tops = []
    for message in messages:
        message.parent = by_key.get(message.parent_key) if message.parent_key else None
        if message.parent is None:
            tops.append(message)
        else:
            message.parent.children.append(message)
    return tops


def _measure(top: _Message, limits: Limits) -> None:
    """Find the ends of a tree's paths, as far as the paths are not too large, one by one and together."""
    room = limits.gather_bytes
    todo = [top]
    while todo:
        message = todo.pop()
        above = message.parent.path_bytes if message.parent is not None else _WRAP_BYTES
        message.path_bytes = above + len(message.fragment) + 1
        todo += reversed(message.children)
        is_last = all(child.blank for child in message.children)
        if message.blank or not is_last or message.path_bytes > limits.record_bytes:
            continue
        room -= message.path_bytes
        if room < 0:
            continue
        message.is_end = True
        at: _Message | None = message
        while at is not None and not at.is_in_path:
            at.is_in_path = True
            at = at.parent


def _paths(messages: list[_Message], limits: Limits) -> Iterator[Entry]:
    """The records in these messages, by their numbers. One path at a time: together they can be far larger."""
    for top in _link(messages):
        _measure(top, limits)
    for message in messages:
        message.children.clear()  # else parents and children keep each other in memory
    for message in messages:
        if message.is_end:
            yield _path(message)
        elif not message.is_in_path:
            reached = Reason.TOO_LARGE if message.path_bytes else Reason.NO_PARENT
            yield message.refused(message.blank or reached)


def _path(end: _Message) -> Entry:
    way = []
    at: _Message | None = end
    while at is not None:
        way.append(at)
        at = at.parent
    way.reverse()
    orphan = b',"is_orphan":true}' if way[0].parent_key else b"}"
    line = b'{"path":[' + b",".join(message.fragment for message in way) + b"]" + orphan
    return Entry(end.before.row, line, any(message.is_repaired for message in way))

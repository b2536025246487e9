"""Utterance tables: neighbouring rows with one dialogue id become one record, numbered as its first good row.

A row that says nothing is a refusal of its own (null_content, empty) and the dialogue is what the others say.
Several annotators' copies of an utterance appear once. An annotator's blank copy is a refusal too, and keeps
the place of the utterance: it may be the first of the copies. A dialogue whose document would pass
`record_bytes` becomes one refusal (too_large) and its other rows are not held.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from producers.containers.container import Refusal
from producers.gathering.columns import Columns, fragment_of, id_of, is_whole
from producers.gathering.rows import Entry, Mark, Row
from producers.limits import Limits
from streams.outcomes import Reason
from streams.shapes.content import text_of
from streams.shapes.order import ORDER

# What one utterance costs in memory beside its bytes, and one annotator.
_OVERHEAD_BYTES = 300
# What cannot be read otherwise stays in: conversion refuses the dialogue and the gate hears the rest of it.
_BLANK = (Reason.NULL_CONTENT, Reason.EMPTY)
# Fields that any shape looks for would let the gathered document pass for another one; labels and tags of
# a row are those of its utterance.
_LEFT_OUT = frozenset().union(*(row.one_of for row in ORDER)) | {"data", "label", "labels", "tag", "tags"}


@dataclass(frozen=True, slots=True)
class _Utterance:
    dialogue: str
    fragment: bytes  # speaker and text as JSON
    speaker: str
    id: str
    annotator: str
    blank: Reason | None  # there is nothing in it


class _Dialogue:
    """The dialogue that is open: its utterances, and what tells a copy of one."""

    def __init__(self, id_: str, before: Mark) -> None:
        self.id = id_
        self.before = before  # of its first row, where reading goes on
        self.end = 0
        self.is_repaired = False
        self.is_too_large = False
        self.document_bytes = len(b'{"utterances":[]}')
        self.held_bytes = self.document_bytes
        self._first: Mark | None = None  # the place of its first row that says something
        self._own_fields = b""
        self._fragments: list[bytes] = []  # empty: the place of a blank copy
        self._by: list[str] = []  # the annotator of each
        self._seen: set[tuple[str, bytes]] = set()  # id and utterance
        self._first_annotator: dict[tuple[str, str], str] = {}  # of an utterance id and its speaker
        self._next_of: dict[str, int] = {}  # annotator: the utterance that a next copy would be of
        self._place_of: dict[tuple[str, str], int] = {}  # of a blank copy with an id, by that and its speaker
        self._speaker_at: dict[int, str] = {}  # of a blank copy without an id

    @property
    def has_begun(self) -> bool:
        """True once a row has said something."""
        return self._first is not None

    def begin(self, first: Row, own_fields: bytes) -> None:
        self._first, self._own_fields = first.before, own_fields
        self.document_bytes += len(own_fields)
        self.held_bytes += len(own_fields)

    def is_copy(self, one: _Utterance, *, id_names_utterance: bool) -> bool:
        """True for what another annotator, or the same table, has said before.

        By the utterance's id and words; by the id and who speaks alone only between annotators and where the
        id is surely that of an utterance; without an id where an annotator goes along with what is there.
        """
        if one.id:
            if (one.id, one.fragment) in self._seen:
                return True
            first = self._first_annotator.get((one.id, one.speaker))
            return id_names_utterance and bool(one.annotator) and first not in (None, one.annotator)
        if not one.annotator or not self._fragments:
            return False
        at = self._next_of.get(one.annotator, 0)
        if at in self._speaker_at:
            return False
        if at < len(self._fragments) and self._fragments[at] == one.fragment:
            self._follow(one.annotator, at + 1)
            return True
        last = len(self._fragments)
        if self._fragments[-1] == one.fragment and self._by[-1] != one.annotator and at < last:
            self._follow(one.annotator, last)
            return True
        return False

    def _follow(self, annotator: str, at: int) -> None:
        if annotator not in self._next_of:
            self.held_bytes += _OVERHEAD_BYTES
        self._next_of[annotator] = at

    def add(self, one: _Utterance) -> None:
        at = self._place(one)
        if at is None:
            at = len(self._fragments)
            self._fragments.append(one.fragment)
            self._by.append(one.annotator)
        else:
            self._fragments[at], self._by[at] = one.fragment, one.annotator
        self.document_bytes += len(one.fragment) + 1
        self.held_bytes += len(one.fragment) + len(one.id) + len(one.speaker) + _OVERHEAD_BYTES
        if one.id:
            self._seen.add((one.id, one.fragment))
            self._first_annotator.setdefault((one.id, one.speaker), one.annotator)
        elif one.annotator:
            self._follow(one.annotator, at + 1)

    def _place(self, one: _Utterance) -> int | None:
        """The place that a blank copy of it has kept."""
        if one.id:
            return self._place_of.pop((one.id, one.speaker), None)
        at = self._next_of.get(one.annotator, 0) if one.annotator else -1
        return at if self._speaker_at.get(at) == one.speaker and self._speaker_at.pop(at) else None

    def keep_place(self, one: _Utterance) -> None:
        """An annotator's row is blank: another copy, before it or to come, may say what belongs there."""
        if not one.annotator:
            return
        at = len(self._fragments)
        if one.id:
            key = (one.id, one.speaker)
            if key in self._first_annotator or key in self._place_of:
                return
            self._place_of[key] = at
        else:
            known = self._next_of.get(one.annotator, 0)
            self._follow(one.annotator, min(known, at) + 1)
            if known < at:
                return
            self._speaker_at[at] = one.speaker
        self._fragments.append(b"")
        self._by.append(one.annotator)
        self.held_bytes += len(one.id) + len(one.speaker) + _OVERHEAD_BYTES

    def drop(self) -> None:
        """Too large: nothing of it is held any more."""
        self.is_too_large = True
        self._fragments, self._by, self.held_bytes = [], [], 0
        self._seen, self._first_annotator, self._next_of = set(), {}, {}
        self._place_of, self._speaker_at = {}, {}

    def entry(self) -> Iterator[Entry]:
        """The record; nothing where all its rows were blank."""
        if self._first is None:
            return
        number = self._first.row
        if self.is_too_large:
            yield Entry(number, Refusal(Reason.TOO_LARGE, self._first.byte, self.end))
            return
        said = b",".join(filter(None, self._fragments))
        yield Entry(number, b'{"utterances":[' + said + b"]" + self._own_fields + b"}", self.is_repaired)


class Utterances:
    """Gathers the rows of an utterance table."""

    def __init__(self, limits: Limits, columns: Columns) -> None:
        self._limits = limits
        self._columns = columns
        self._id_names_utterance = columns.utterance.lower().startswith("utt")
        self._open: _Dialogue | None = None

    def take(self, row: Row) -> Iterator[Entry] | None:
        one = self._read(row.document)
        return None if one is None else self._taken(one, row)

    def _taken(self, one: _Utterance, row: Row) -> Iterator[Entry]:
        done, dialogue = None, self._open
        if dialogue is None or dialogue.id != one.dialogue:
            done = dialogue
            dialogue = self._open = _Dialogue(one.dialogue, row.before)
        if one.blank is not None:
            if not dialogue.is_too_large:
                dialogue.keep_place(one)
        else:
            self._say(dialogue, one, row)
        # asked after a copy too: annotators take room
        if (
            dialogue.document_bytes > self._limits.record_bytes
            or dialogue.held_bytes > self._limits.gather_bytes
        ):
            dialogue.drop()
        if done is not None:
            yield from done.entry()
        if one.blank is not None:
            yield Entry(row.number, Refusal(one.blank, row.before.byte, row.end), comes_again=True)

    def _say(self, dialogue: _Dialogue, one: _Utterance, row: Row) -> None:
        if not dialogue.has_begun:
            dialogue.begin(row, self._own_fields(row.document))
        dialogue.end = row.end
        if not dialogue.is_too_large and not dialogue.is_copy(
            one, id_names_utterance=self._id_names_utterance
        ):
            dialogue.add(one)
            dialogue.is_repaired |= row.is_repaired

    def finish(self) -> Iterator[Entry]:
        done, self._open = self._open, None
        if done is not None:
            yield from done.entry()

    def resumes_at(self, here: Mark) -> Mark | None:
        return here if self._open is None else self._open.before

    def _read(self, document: dict[str, Any]) -> _Utterance | None:
        columns = self._columns
        if columns.text not in document or is_whole(document):
            return None
        dialogue, speaker = id_of(document.get(columns.dialogue)), document.get(columns.speaker)
        fragment = fragment_of({"speaker": speaker, "text": document[columns.text]})
        if not dialogue or not id_of(speaker) or fragment is None:
            return None
        id_, annotator = (
            columns.id_in(document, columns.utterance),
            columns.id_in(document, columns.annotator),
        )
        said = text_of(document[columns.text])
        blank = said if isinstance(said, Reason) and said in _BLANK else None
        return _Utterance(dialogue, fragment, id_of(speaker), id_, annotator, blank)

    def _own_fields(self, document: dict[str, Any]) -> bytes:
        """What the dialogue's first row says beside its utterance, as the rest of a JSON object."""
        columns = self._columns
        spoken = {columns.speaker, columns.text, columns.utterance, columns.annotator}
        kept = {
            name: value
            for name, value in document.items()
            if name not in spoken
            and isinstance(value, str | int | float)
            and name.strip().lower().replace(" ", "_").replace("-", "_") not in _LEFT_OUT
        }
        return b"," + orjson.dumps(kept)[1:-1] if kept else b""

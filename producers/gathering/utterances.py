"""Utterance tables: neighbouring rows with one dialogue id become one record, numbered as the first of them.

Several annotators' copies of an utterance appear once. A dialogue whose document would pass `record_bytes`
becomes one refusal (too_large) and its other rows are not held. A null text stays in: conversion rejects the
dialogue as null_content and the gate still reads the rest of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from producers.containers.container import Refusal
from producers.gathering.columns import WHOLE, Columns, fragment_of, id_of
from producers.gathering.rows import Entry, Mark, Row
from producers.limits import Limits
from streams.outcomes import Reason
from streams.shapes.order import ORDER

# What one utterance costs in memory beside its bytes, and one annotator.
_OVERHEAD_BYTES = 300
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


class _Dialogue:
    """The dialogue that is open: its utterances, and what tells a copy of one."""

    def __init__(self, id_: str, first: Row, own_fields: bytes) -> None:
        self.id = id_
        self.before = first.before
        self.end = first.end
        self.is_repaired = False
        self.is_too_large = False
        self.document_bytes = len(b'{"utterances":[]}') + len(own_fields)
        self.held_bytes = self.document_bytes
        self._own_fields = own_fields
        self._fragments: list[bytes] = []
        self._by: list[str] = []  # the annotator of each
        self._seen: set[tuple[str, bytes]] = set()  # id and utterance
        self._first_annotator: dict[tuple[str, str], str] = {}  # of an utterance id and its speaker
        self._next_of: dict[str, int] = {}  # annotator: the utterance that a next copy would be of

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
        self._fragments.append(one.fragment)
        self._by.append(one.annotator)
        self.document_bytes += len(one.fragment) + 1
        self.held_bytes += len(one.fragment) + len(one.id) + len(one.speaker) + _OVERHEAD_BYTES
        if one.id:
            self._seen.add((one.id, one.fragment))
            self._first_annotator.setdefault((one.id, one.speaker), one.annotator)
        elif one.annotator:
            self._follow(one.annotator, len(self._fragments))

    def drop(self) -> None:
        """Too large: nothing of it is held any more."""
        self.is_too_large = True
        self._fragments, self._by, self.held_bytes = [], [], 0
        self._seen, self._first_annotator, self._next_of = set(), {}, {}

    def entry(self) -> Entry:
        number = self.before.row
        if self.is_too_large:
            return Entry(number, Refusal(Reason.TOO_LARGE, self.before.byte, self.end))
        document = b'{"utterances":[' + b",".join(self._fragments) + b"]" + self._own_fields + b"}"
        return Entry(number, document, self.is_repaired)


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
            dialogue = self._open = _Dialogue(one.dialogue, row, self._own_fields(row.document))
        dialogue.end = row.end
        if not dialogue.is_too_large and not dialogue.is_copy(
            one, id_names_utterance=self._id_names_utterance
        ):
            dialogue.add(one)
            dialogue.is_repaired |= row.is_repaired
        # asked after a copy too: annotators take room
        if (
            dialogue.document_bytes > self._limits.record_bytes
            or dialogue.held_bytes > self._limits.gather_bytes
        ):
            dialogue.drop()
        if done is not None:
            yield done.entry()

    def finish(self) -> Iterator[Entry]:
        done, self._open = self._open, None
        if done is not None:
            yield done.entry()

    def resumes_at(self, here: Mark) -> Mark | None:
        return here if self._open is None else self._open.before

    def _read(self, document: dict[str, Any]) -> _Utterance | None:
        columns = self._columns
        if columns.text not in document or not WHOLE.isdisjoint(document):
            return None
        dialogue, speaker = id_of(document.get(columns.dialogue)), document.get(columns.speaker)
        fragment = fragment_of({"speaker": speaker, "text": document[columns.text]})
        if not dialogue or not id_of(speaker) or fragment is None:
            return None
        id_, annotator = (
            columns.id_in(document, columns.utterance),
            columns.id_in(document, columns.annotator),
        )
        return _Utterance(dialogue, fragment, id_of(speaker), id_, annotator)

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

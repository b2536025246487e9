"""Between a container's parser and the chunker: records that are rows of a dialogue become one record.

Whether an object is gathered is decided by its first rows alone, and carried. Rows that are no part of a
dialogue stay records of their own, with their own numbers, in the order in which they were found.

Reading on begins where nothing was held: at the open dialogue's first row (of trees: at the object's first,
or where all but one tree was closed). From there the same records come again, and as many as were sent since
(`skip`) are left out. So a process that dies with a dialogue open costs reading its rows again, no more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from producers.containers.container import Records, Refusal
from producers.gathering.columns import TREE, Columns, columns_carried, columns_of
from producers.gathering.rows import Entry, Gatherer, Mark, Row
from producers.gathering.trees import Trees
from producers.gathering.utterances import Utterances
from producers.limits import Limits
from producers.states import Position

KEY = "gather"
# A few lines may stand before the table proper; each is a record of its own.
_ROWS_TO_DECIDE = 8


def own_carry(carry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the container itself carries."""
    return {name: value for name, value in carry.items() if name != KEY} if KEY in carry else carry


class Gather:
    """Feed it every batch of records in order, then finish it; what it yields goes to the chunker.

    The batches yielded are small whatever is held: a tree's paths together can be far larger than its rows.
    Consume what it yields wholly before the next call.
    """

    def __init__(self, limits: Limits, at: Position) -> None:
        self._limits = limits
        self._here = Mark(at.record, at.byte, own_carry(at.carry))
        self._from = self._here  # where reading goes on
        self._sent = 0  # records since there
        self._gatherer: Gatherer | None = None
        self._columns: Columns | None = None
        carried = at.carry.get(KEY)
        self.is_resumed = carried is not None
        self._skip = 0
        self._left_to_decide = _ROWS_TO_DECIDE if carried is None and not at.record else 0
        if carried is not None:
            self._left_to_decide = carried.get("undecided", 0)
            if "columns" in carried:
                self._skip = carried["skip"]
                self._choose(columns_carried(carried["columns"]))

    def feed(self, found: Records) -> Iterator[Records]:
        """The records that these complete. What `found` says of damage is the caller's to see."""
        if self._gatherer is None and not self._left_to_decide:
            yield found
            return
        begins = self._decide(found) if self._gatherer is None else 0
        if begins is None:
            yield found
        else:
            yield from self._batches(self._entries(found, begins))

    def finish(self) -> Iterator[Records]:
        """What is still held: the object ends, or nothing can be read behind."""
        if self._gatherer is not None:
            yield from self._batches(self._settled(self._gatherer.finish()))

    def _choose(self, columns: Columns) -> None:
        self._columns = columns
        kind = Trees if columns.kind == TREE else Utterances
        self._gatherer = kind(self._limits, columns)

    def _decide(self, found: Records) -> int | None:
        """The place of the row that begins a dialogue. None: the batch passes as it is."""
        for place, line in enumerate(found.lines[: self._left_to_decide]):
            document = None if place in found.refused else _document(line)
            columns = None if document is None else columns_of(document)
            if columns is not None:
                self._choose(columns)
                return place
        carry = self._here.carry
        for place in range(len(found.lines)):
            carry = found.carries.get(place, carry)
            if self._left_to_decide:
                self._left_to_decide -= 1
                found.carries[place] = self._undecided(carry)
        number = self._here.row + len(found.lines)
        if found.lines:
            self._here = self._from = Mark(number, found.ends[-1], carry)
        return None

    def _undecided(self, carry: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**carry, KEY: {"undecided": self._left_to_decide}} if self._left_to_decide else carry

    def _entries(self, found: Records, begins: int) -> Iterator[tuple[Entry, Mark, Mapping[str, Any]]]:
        """Each record with where reading goes on behind it. Rows before the place `begins` are their own."""
        assert self._gatherer is not None
        for place, line in enumerate(found.lines):
            before = self._here
            end = found.ends[place]
            self._here = Mark(before.row + 1, end, found.carries.get(place, before.carry))
            refusal = found.refused.get(place)
            is_repaired = place in found.repaired
            own = Entry(before.row, line if refusal is None else refusal, is_repaired)
            if place < begins:
                self._left_to_decide -= 1
                self._from = self._here
                yield own, self._here, self._undecided(self._here.carry)
                continue
            document = None if refusal is not None else _document(line)
            entries = None
            if document is not None:
                entries = self._gatherer.take(Row(document, before, end, is_repaired))
            if entries is not None:
                yield from self._settled(entries)
                continue
            # it does not close the dialogue around it, and reading on must not send it twice
            is_free = self._gatherer.resumes_at(self._here) is self._here
            yield from self._settle(own, self._here if is_free else None)

    def _settled(self, entries: Iterator[Entry]) -> Iterator[tuple[Entry, Mark, Mapping[str, Any]]]:
        """These records; with the last of them reading goes on where the gatherer says."""
        assert self._gatherer is not None
        last: Entry | None = None
        again: Entry | None = None
        for entry in entries:
            if entry.comes_again:
                again = entry
                continue
            if last is not None:
                yield from self._settle(last, None)
            last = entry
        if last is not None:
            yield from self._settle(last, self._gatherer.resumes_at(self._here))
        if again is not None:
            yield from self._settle(again, None)

    def _settle(self, entry: Entry, move_to: Mark | None) -> Iterator[tuple[Entry, Mark, Mapping[str, Any]]]:
        self._sent += 1
        is_old = self._sent <= self._skip
        if move_to is not None and move_to is not self._from:
            self._from, self._sent, self._skip = move_to, 0, 0
        if not is_old:
            yield entry, self._from, self._carry()

    def _carry(self) -> Mapping[str, Any]:
        assert self._columns is not None
        return {**self._from.carry, KEY: {"columns": self._columns.carried(), "skip": self._sent}}

    def _batches(self, settled: Iterator[tuple[Entry, Mark, Mapping[str, Any]]]) -> Iterator[Records]:
        batch, size = Records(), 0
        for entry, mark, carry in settled:
            place = len(batch.lines)
            if isinstance(entry.content, Refusal):
                batch.refused[place] = entry.content
            elif entry.is_repaired:
                batch.repaired.add(place)
            line = b"" if isinstance(entry.content, Refusal) else entry.content
            batch.add(line, mark.byte)
            batch.rows.append((entry.number, mark.row))
            batch.carries[place] = carry
            size += len(line)
            if size > self._limits.chunk_bytes:
                yield batch
                batch, size = Records(), 0
        if batch.lines:
            yield batch


def _document(line: bytes) -> dict[str, Any] | None:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return document if type(document) is dict else None

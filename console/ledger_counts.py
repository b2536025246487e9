"""Counts the objects of the ledger by state, and names those that cannot be read."""

import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeVar

from aiokafka import TopicPartition

from clients.kafka import messages_to_end, reader
from producers.ledger import Entry, read_entry
from producers.states import State
from streams.names import Names
from streams.settings import Settings

MOST_NAMED = 20

Row = TypeVar("Row")


@dataclass(slots=True)
class ObjectCounts:
    """Objects and records by state; `unread` names up to 20 that intake could not read whole, with state and reason."""

    by_state: dict[str, tuple[int, int]] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)

    @property
    def records(self) -> int:
        return sum(records for _, records in self.by_state.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "by_state": {state: {"objects": n, "records": r} for state, (n, r) in self.by_state.items()},
            "records": self.records,
            "unread": [{"object": place, "reason": reason} for place, reason in self.unread],
        }


@dataclass(frozen=True, slots=True)
class _Row:
    """What is kept of a ledger row while the topic is read."""

    state: str
    records: int
    unread: tuple[str, str] | None


class NoLedger(Exception):
    """The topic of the ledger is not made yet: nothing was ever read."""


async def ledger_rows(settings: Settings) -> AsyncGenerator[tuple[bytes, bytes | None], None]:
    """Every row of the ledger up to the read_committed end of now, as (key, value), in the order of each lane.

    The last row of a key counts; None withdraws it. Raises NoLedger, and RetryLater when Kafka is away.
    """
    topic = Names(settings.namespace).objects
    async with reader(settings) as consumer:
        partitions = consumer.partitions_for_topic(topic) or await _known(consumer, topic)
        if not partitions:
            raise NoLedger
        tps = [TopicPartition(topic, number) for number in sorted(partitions)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        async with aclosing(messages_to_end(consumer, tps)) as messages:
            async for message in messages:
                yield message.key or b"", message.value


async def read_objects(settings: Settings) -> ObjectCounts | None:
    """The ledger's last word on every object version; None when the topic is not made yet.

    Reads the whole compacted topic, about 200 bytes of memory an object. Raises RetryLater when Kafka is away.
    """
    try:
        return counted(await last_rows(settings, _row))
    except NoLedger:
        return None


async def last_rows(settings: Settings, row_of: Callable[[Entry], Row]) -> list[Row]:
    """What `row_of` makes of the ledger's last word on every object version. Raises as `ledger_rows`.

    Keys are held as hashes: what it gives decides how much memory an object takes.
    """
    last: dict[bytes, Row] = {}
    async with aclosing(ledger_rows(settings)) as rows:
        async for key, value in rows:
            digest = blake2b(key, digest_size=12).digest()
            if value is None:
                last.pop(digest, None)
            else:
                last[digest] = row_of(read_entry(key, value))
    return list(last.values())


async def _known(consumer: Any, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    return set(consumer.partitions_for_topic(topic) or ())


def _row(entry: Entry) -> _Row:
    unread = None
    if entry.state in (State.DAMAGED, State.REFUSED) or entry.is_denied:
        reason = f"{entry.reason.value} {entry.detail}".strip()
        unread = (entry.version.place, f"{entry.state.value}, {reason}")
    return _Row(sys.intern(entry.state.value), entry.records, unread)


def counted(rows: Iterable[_Row]) -> ObjectCounts:
    """Objects and records by state, in the order of the states."""
    found: dict[str, tuple[int, int]] = {state.value: (0, 0) for state in State}
    unread: list[tuple[str, str]] = []
    for row in rows:
        objects, records = found[row.state]
        found[row.state] = (objects + 1, records + row.records)
        if row.unread is not None and len(unread) < MOST_NAMED:
            unread.append(row.unread)
    return ObjectCounts({state: pair for state, pair in found.items() if pair[0]}, unread)

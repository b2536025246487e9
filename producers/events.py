"""Bucket events: what a source's queue names is announced at once, without waiting for a sweep.

Sweeps go on beside them: an event that is lost, late or never sent costs one sweep interval and no object.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from clients.errors import Fatal, RetryLater
from clients.metrics import EVENTS, QUEUE_REFUSALS
from clients.source_servers import SQSClient
from producers.announcements import Announcement
from producers.discover import Discover
from producers.early_sweeps import EarlySweeps
from producers.event_messages import BucketEvent, Kind, read_message
from producers.event_queue import BATCH, LONG_POLL_SECONDS, Message, Queue, Refused, queues_of
from streams.catalogue import Catalogue
from streams.settings import Settings

log = logging.getLogger(__name__)

MOST_POLLS = 8  # side by side, while every answer is full
REFUSED_SECONDS = 10.0
_SAY_AGAIN_SECONDS = 60.0
_ASK_SECONDS = 0.3
# A listing gives whole seconds, and the store's clock may run a little before ours.
_CLOCK_SECONDS = 1.0


class Outcome(StrEnum):
    """What became of an event."""

    ANNOUNCED = "announced"
    SWEEP = "sweep"  # its source waits for whole drops: a sweep was asked for
    WAITS = "waits"  # the marker of its drop will ask for one, or the next sweep finds it
    NO_SOURCE = "no_source"
    OWN_OUTPUT = "own_output"
    FOLDER = "folder"
    IGNORED = "ignored"  # it names no object that came or went


@dataclass(frozen=True, slots=True)
class Verdict:
    """An event, what becomes of it, and in how many seconds it wants a sweep."""

    event: BucketEvent
    outcome: Outcome
    sweep_seconds: float = 0.0


class BucketEvents:
    """Reads the queues while this process is the one that sweeps. No fault of a queue ends the process."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        discover: Discover,
        early: EarlySweeps,
        is_sweeper: Callable[[], bool],
        *,
        refused_seconds: float = REFUSED_SECONDS,
    ) -> None:
        """`is_sweeper`: whether this process sweeps now. A refusal is tried again after `refused_seconds`."""
        self._settings = settings
        self._catalogue = catalogue
        self._discover = discover
        self._early = early
        self._is_sweeper = is_sweeper
        self._refused_seconds = refused_seconds
        self.announced = 0

    async def run(self) -> None:
        """Read every queue until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for queue in queues_of(self._catalogue):
                tasks.create_task(self._follow(queue))

    async def _follow(self, queue: Queue) -> None:
        said = -_SAY_AGAIN_SECONDS
        while True:
            if not self._is_sweeper():
                await asyncio.sleep(_ASK_SECONDS)
                continue
            try:
                # made anew after a refusal: the keys of an assumed role run out
                async with queue.opened(self._settings) as client:
                    await self._read(client, queue)
            except (Refused, Fatal, RetryLater) as refusal:
                QUEUE_REFUSALS.inc()
                if time.monotonic() - said >= _SAY_AGAIN_SECONDS:
                    said = time.monotonic()
                    log.error(
                        "a queue of bucket events cannot be used; sweeps find its objects",
                        extra={"queue": queue.url, "reason": str(refusal)},
                    )
                await asyncio.sleep(self._refused_seconds)

    async def _read(self, client: SQSClient, queue: Queue) -> None:
        """Batch after batch, for as long as this process sweeps."""
        polls = 1
        while self._is_sweeper():
            # one long poll while little comes; side by side they are short, so that none holds up the others
            wait = LONG_POLL_SECONDS if polls == 1 else 1
            batches = await asyncio.gather(*(queue.receive(client, wait) for _ in range(polls)))
            messages = [message for batch in batches for message in batch]
            if messages:
                await self._take(client, queue, messages)
            polls = min(polls * 2, MOST_POLLS) if len(messages) == polls * BATCH else 1

    async def _take(self, client: SQSClient, queue: Queue, messages: list[Message]) -> None:
        taken: list[Message] = []
        verdicts: list[Verdict] = []
        unreadable: list[Message] = []
        for message in messages:
            found = [self._judge(event) for event in read_message(message.body)]
            if any(one.outcome is Outcome.SWEEP for one in found) and not self._is_sweeper():
                continue  # it comes again, to the process that sweeps now
            taken.append(message)
            verdicts += found
            if any(one.event.kind is Kind.UNREADABLE for one in found):
                unreadable.append(message)
        await self._announce(verdicts)
        for one in verdicts:
            if one.outcome is Outcome.SWEEP:
                self._early.ask(one.sweep_seconds)
            EVENTS.labels(one.event.kind.value, one.outcome.value).inc()
        if unreadable:
            # deleted like the others: such a message would come back for ever
            log.warning(
                "messages of a queue are no bucket events",
                extra={
                    "queue": queue.url,
                    "messages": len(unreadable),
                    "first_id": unreadable[0].message_id,
                },
            )
        # delete after delivery: dying in between makes the messages come again, and lanes ignore a version
        # that the ledger knows. A sweep asked for dies with us, but whoever sweeps next begins with one
        await queue.delete(client, taken)

    async def _announce(self, verdicts: list[Verdict]) -> None:
        # no ETag and no time: what stands there now is the lane's to find out
        news = {
            (event.bucket, event.key): Announcement(event.bucket, event.key, "", 0, event.size_bytes or 0)
            for event in (one.event for one in verdicts if one.outcome is Outcome.ANNOUNCED)
        }
        if news:
            await self._discover.announce(list(news.values()))
            self.announced += len(news)

    def _judge(self, event: BucketEvent) -> Verdict:
        if event.kind not in (Kind.CREATED, Kind.REMOVED):
            return Verdict(event, Outcome.IGNORED)
        is_there = event.kind is Kind.CREATED
        if self._discover.is_own_output(event.bucket, event.key):
            return Verdict(event, Outcome.OWN_OUTPUT)
        if self._catalogue.is_marker(event.bucket, event.key):
            return Verdict(event, Outcome.SWEEP if is_there else Outcome.WAITS)
        source = self._catalogue.of(event.bucket, event.key)
        if source is None:
            return Verdict(event, Outcome.NO_SOURCE)
        if event.key.endswith("/") and not event.size_bytes:
            return Verdict(event, Outcome.FOLDER)  # or of a size not told: the next sweep tells them apart
        if source.ready == "at_once":
            return Verdict(event, Outcome.ANNOUNCED)
        if source.ready == "settle" and is_there:
            return Verdict(event, Outcome.SWEEP, source.settle_seconds + _CLOCK_SECONDS)
        # what was removed from a drop is left to the sweep too: something unready may stand in its place
        return Verdict(event, Outcome.WAITS)

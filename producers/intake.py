"""Intake in one process: sweeps and lanes in one event loop, once or until told to stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial

from clients.backlog import Gate
from clients.catalogue import read_catalogue
from clients.s3 import S3Client
from clients.source_servers import source_clients
from clients.topics import create_topics, intake_topics
from clients.waiting import until_answered
from producers.discover import Discover, Swept
from producers.early_sweeps import EarlySweeps
from producers.event_queue import queues_of
from producers.events import BucketEvents
from producers.known import Known
from producers.lanes import LaneGroup
from producers.ledger import Entry
from streams.catalogue import Catalogue
from streams.settings import Settings

log = logging.getLogger(__name__)

_ASK_SECONDS = 0.3
_SPARE_CONNECTIONS = 24  # for listings and HEADs, beside the bodies that the lanes hold open


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """What came of it. `unread` names objects and sources that could not be read, each with the reason.

    `states` counts object versions by the last state they reached meanwhile, `records` what went to `raw`
    for them, whichever process did it; where sweeps go on, as far as the last one saw.
    """

    sweeps: int = 0
    listed: int = 0
    announced: int = 0
    states: dict[str, int] = field(default_factory=dict)
    records: int = 0
    unread: tuple[str, ...] = ()


async def run_intake(
    settings: Settings,
    *,
    once: bool,
    stop: asyncio.Event,
    backlog_bytes: Callable[[], Awaitable[int]] | None = None,
    reach: Callable[..., AbstractAsyncContextManager[Callable[[str], S3Client]]] = source_clients,
) -> IntakeReport:
    """Read the sources. `once`: one sweep, until all that it found, and all that the ledger had open there,
    has a final state or is named in the report. Else: sweep after sweep until `stop` is set.

    `reach` opens the way from a bucket to its client. `stop` ends both within five seconds. Raises Fatal where the
    process must end and be started again.
    """
    await until_answered(
        "kafka",
        lambda: create_topics(settings, intake_topics(settings)),
        seconds=settings.server_wait_seconds,
    )
    connections = settings.lanes * settings.open_objects + _SPARE_CONNECTIONS
    catalogue = read_catalogue(settings)
    async with reach(settings, catalogue, connections=connections) as client_of:
        gate = Gate("fetch", settings.raw_backlog_bytes, backlog_bytes or _no_backlog)
        known = Known(settings)
        group = LaneGroup(settings, client_of, gate.passed)
        discover = Discover(settings, catalogue, client_of, known)
        early = EarlySweeps()
        events = BucketEvents(settings, catalogue, discover, early, partial(group.owns, 0))
        intake = _Intake(settings, catalogue, known, group, discover, early, events)
        lanes = asyncio.create_task(group.run())
        sweeps = asyncio.create_task(intake.once() if once else intake.follow())
        told = asyncio.create_task(stop.wait())
        tasks = [lanes, sweeps, told]
        if backlog_bytes is not None:
            tasks.append(asyncio.create_task(gate.watch()))
        if queues_of(catalogue) and not once:
            tasks.append(asyncio.create_task(events.run()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = [task for task in (lanes, sweeps, *tasks[3:]) if task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await _closed(known, discover)
        for task in ended:
            task.result()  # raises what ended it
        # a lane that failed while it stopped must not pass for a good end
        if lanes.done() and not lanes.cancelled():
            lanes.result()
        return intake.report()


async def _no_backlog() -> int:
    return 0


async def _closed(known: Known, discover: Discover) -> None:
    closing = asyncio.gather(known.close(), discover.close(), return_exceptions=True)
    try:
        await asyncio.wait_for(closing, timeout=1)
    except TimeoutError:
        log.warning("Kafka did not answer the good-bye", extra={"group": "discover"})


class _Intake:
    """The order of things: sweep, wait for the lanes, say what came of it."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        known: Known,
        group: LaneGroup,
        discover: Discover,
        early: EarlySweeps,
        events: BucketEvents,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._known = known
        self._group = group
        self._discover = discover
        self._early = early
        self._events = events
        self._swept = Swept()
        self._sweeps = 0
        self._announced = 0

    async def once(self) -> None:
        await until_answered("kafka", self._known.refresh)
        self._known.count_from_here()
        await self._sweep()
        while True:
            if not await self._discover.is_handled():
                await asyncio.sleep(_ASK_SECONDS)
                continue
            await until_answered("kafka", self._known.refresh)
            # a row that says "denied" is an answer only if it came after our sweep asked again
            if all(is_news and entry.is_denied for entry, is_news in self._unfinished()):
                return
            await asyncio.sleep(_ASK_SECONDS)

    async def follow(self) -> None:
        """One process sweeps: the owner of lane 0."""
        is_counting = False
        while True:
            if not self._group.owns(0):
                await asyncio.sleep(_ASK_SECONDS)
                continue
            if not is_counting:
                await until_answered("kafka", self._known.refresh)
                self._known.count_from_here()
                is_counting = True
            self._early.begin()
            await self._sweep()
            await self._early.rest(self._settings.sweep_seconds)

    async def _sweep(self) -> None:
        self._swept = await self._discover.sweep()
        self._sweeps += 1
        self._announced += self._swept.announced

    def _unfinished(self) -> Iterator[tuple[Entry, bool]]:
        for entry, is_news in self._known.unfinished():
            if self._catalogue.of(entry.version.bucket, entry.version.key) is not None:
                yield entry, is_news

    def report(self) -> IntakeReport:
        denied = sorted(
            f"{entry.version.place}: {entry.detail}" for entry, _ in self._unfinished() if entry.is_denied
        )
        return IntakeReport(
            sweeps=self._sweeps,
            listed=self._swept.listed,
            announced=self._announced + self._events.announced,
            states=self._known.states(),
            records=self._known.records,
            unread=(*self._swept.faults, *denied),
        )

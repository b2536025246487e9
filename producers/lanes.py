"""The lanes of this process: Kafka's consumer group on `drops` says which, one owner each."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from clients.errors import Fatal, RetryLater
from clients.kafka import connection
from clients.s3 import S3Client
from clients.waiting import until_answered
from producers.announcements import Announcement, read_announcement
from producers.fetch import Lane
from streams.names import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0  # with the good-byes below, a stop takes less than five seconds even while Kafka is away
_POLL_MS = 200


class LaneGroup(ConsumerRebalanceListener):  # type: ignore[misc]
    """Runs a lane for each partition that the group assigns, and hands it its announcements.

    A process that was frozen past its session may still think that it owns a lane: its next commit is
    refused, since the new owner has fenced it, and the process ends.
    """

    def __init__(
        self, settings: Settings, client_of: Callable[[str], S3Client], gate: Callable[[], Awaitable[None]]
    ) -> None:
        self._settings = settings
        self._client_of = client_of
        self._gate = gate
        self._drops = Names(settings.namespace).drops
        self._lanes: dict[int, tuple[Lane, asyncio.Task[None]]] = {}
        self._failed: list[asyncio.Task[None]] = []
        self._paused: set[TopicPartition] = set()
        self._consumer: AIOKafkaConsumer | None = None

    def owns(self, lane: int) -> bool:
        return lane in self._lanes

    async def run(self) -> None:
        """Work until cancelled. Raises Fatal as soon as a lane does."""
        self._consumer = consumer = await until_answered("kafka", self._join)
        try:
            while True:
                self._check()
                self._make_room(consumer)
                try:
                    batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=500)
                except KafkaError as error:
                    if not getattr(error, "retriable", False):
                        raise Fatal(f"Kafka refuses the fetch group: {type(error).__name__}") from error
                    log.warning(
                        "waiting for a server", extra={"server": "kafka", "what": type(error).__name__}
                    )
                    await asyncio.sleep(1)
                    continue
                for tp, messages in batches.items():
                    if tp.partition not in self._lanes:
                        continue  # it moved meanwhile: its new owner reads them from the committed offset
                    lane = self._lanes[tp.partition][0]
                    for message in messages:
                        lane.arrivals.announce(_announcement(message), message.offset)
        finally:
            await asyncio.shield(self._close(consumer))

    async def _join(self) -> AIOKafkaConsumer:
        seconds = self._settings.session_seconds
        consumer = AIOKafkaConsumer(
            **connection(self._settings),
            group_id=Names(self._settings.namespace).fetch_group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # an announcement read twice is ignored, one skipped waits for a sweep
            isolation_level="read_committed",
            session_timeout_ms=int(seconds * 1000),
            heartbeat_interval_ms=int(seconds * 200),
        )
        consumer.subscribe([self._drops], listener=self)
        try:
            await consumer.start()
        except BaseException as error:
            await consumer.stop()
            if isinstance(error, KafkaError):
                raise RetryLater(
                    f"Kafka does not let the fetch group begin: {type(error).__name__}"
                ) from error
            raise
        return consumer

    def _make_room(self, consumer: AIOKafkaConsumer) -> None:
        assigned = consumer.assignment()
        for tp in assigned:
            owned = self._lanes.get(tp.partition)
            if owned is None:
                continue
            if owned[0].arrivals.is_full and tp not in self._paused:
                consumer.pause(tp)
                self._paused.add(tp)
            elif not owned[0].arrivals.is_full and tp in self._paused:
                consumer.resume(tp)
                self._paused.discard(tp)
        self._paused &= assigned

    def _check(self) -> None:
        for task in [*self._failed, *(task for _, task in self._lanes.values())]:
            if task.done() and not task.cancelled():
                task.result()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._paused.clear()
        await self._stop([tp.partition for tp in assigned])  # a lane has one owner, in this process too
        for tp in assigned:
            lane = Lane(self._settings, tp.partition, self._client_of, self._gate)
            self._lanes[tp.partition] = (lane, asyncio.create_task(lane.run()))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._stop([tp.partition for tp in revoked])

    async def _stop(self, numbers: Iterable[int]) -> None:
        """Let each lane end the transaction that it has open; one that Kafka does not let end is left to its
        next owner, who fences it."""
        ending = [self._lanes.pop(number) for number in numbers if number in self._lanes]
        for lane, _ in ending:
            lane.stop()
        tasks = [task for _, task in ending]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        if late:
            log.warning("a transaction was left open", extra={"lanes": len(late)})
            await asyncio.wait(late, timeout=0.5)
        # a lane that failed while it was stopped must end the process all the same
        self._failed += [task for task in tasks if task.done() and not task.cancelled() and task.exception()]

    async def _close(self, consumer: AIOKafkaConsumer) -> None:
        await self._stop(list(self._lanes))
        try:
            await asyncio.wait_for(consumer.stop(), timeout=1)
        except TimeoutError:
            log.warning("Kafka did not answer the good-bye", extra={"group": "fetch"})


def _announcement(message: ConsumerRecord) -> Announcement | None:
    try:
        return read_announcement(message.key, message.value)
    except (TypeError, ValueError):
        # no Forebay wrote it; the next sweep announces whatever it meant
        where = {"lane": message.partition, "offset": message.offset}
        log.warning("a message of drops is no announcement", extra=where)
        return None

"""A lane: reads its objects side by side and commits what is ready, chunk by chunk in turn.

`transaction.py` numbers the chain that makes it exactly once. No S3 call is made inside a transaction.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiokafka import AIOKafkaConsumer, TopicPartition

from clients.errors import Fatal
from clients.kafka import reader
from clients.metrics import FETCH_TRANSACTIONS
from clients.s3 import S3Client
from clients.waiting import until_answered
from producers.arrivals import Arrivals
from producers.counting import count_committed, say_settled
from producers.ledger import Entry, LaneLedger
from producers.limits import limits_of
from producers.packing import OpenChunk, Packed, packed
from producers.pieces import Piece
from producers.reading import Reading
from producers.states import ObjectReason
from producers.transaction import TRANSACTION_TIMEOUT_MS, LaneProducer, Work
from streams.names import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

TRANSACTION_CHUNKS = 16
TRANSACTION_BYTES = 4 << 20
TRANSACTION_PIECES = 1000
# Longer than any transaction of ours may last, so that one that is still open then will never end.
SETTLE_SECONDS = 4 * TRANSACTION_TIMEOUT_MS / 1000
AHEAD_BYTES = 8 << 20  # what all open objects of a lane may have read ahead, together


class Lane:
    """One partition of `drops` and `objects`, with its one owner: this object, until `stop`."""

    def __init__(
        self,
        settings: Settings,
        number: int,
        client_of: Callable[[str], S3Client],
        gate: Callable[[], Awaitable[None]],
    ) -> None:
        self.number = number
        self._settings = settings
        self._client_of = client_of
        self._gate = gate
        self._limits = limits_of(settings)
        self._ledger = LaneLedger()
        self._producer = LaneProducer(settings, number)
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._waiting: deque[bytes] = deque()  # ledger keys, in order of arrival
        self._readings: deque[Reading] = deque()
        self._open_chunk = OpenChunk(self._limits, settings.chunk_wait_seconds)
        self.arrivals = Arrivals(client_of, self._ledger, self._waiting, self._wake.set)

    async def run(self) -> None:
        """Own the lane until `stop`. Raises Fatal where going on could lose or repeat records."""
        arrivals: asyncio.Task[None] | None = None
        try:
            await until_answered("kafka", self._producer.open)
            if self._is_stopping:
                return
            await until_answered("kafka", self._load)
            arrivals = asyncio.create_task(self.arrivals.run())
            while not self._is_stopping:
                self._open_objects()
                self._check(arrivals)
                taken = self._take()
                if taken:
                    await self._commit(taken)
                else:
                    work = Work(rows=self.arrivals.rows(), drops_offset=self.arrivals.offset())
                    if work:
                        await self._producer.commit(work)
                        self._commit_done(work)
                    else:
                        await self._sleep()
        finally:
            tasks = [reading.task for reading in self._readings] + ([arrivals] if arrivals else [])
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._producer.close()

    def stop(self) -> None:
        """End after the transaction that is open; what was only read ahead is read again by the next owner."""
        self._is_stopping = True
        self._wake.set()

    async def _load(self) -> None:
        """Read the lane's ledger to its read_committed end; older owners are fenced, so it cannot grow."""
        names = Names(self._settings.namespace)
        tp = TopicPartition(names.objects, self.number)
        self._ledger.clear()
        async with reader(self._settings) as consumer:
            consumer.assign([tp])
            await consumer.seek_to_beginning(tp)
            end = await self._settled_end(consumer, tp)
            while await consumer.position(tp) < end:
                for messages in (await consumer.getmany(tp, timeout_ms=1000)).values():
                    for message in messages:
                        self._ledger.apply(message.key, message.value)
        self._waiting.clear()
        for key, entry in list(self._ledger.unfinished.items()):
            if entry.version.version:
                # a new owner tries again what was denied
                self._ledger.put(replace(entry, reason=ObjectReason.NONE, detail=""))
                self._waiting.append(key)
            else:
                self.arrivals.again(entry.version.bucket, entry.version.key)
        extra = {
            "lane": self.number,
            "unfinished": len(self._ledger.unfinished),
            "finished": self._ledger.finished_count,
        }
        log.info("lane owned", extra=extra)

    async def _settled_end(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> int:
        """The ledger's end once no transaction is open in it. Raises Fatal where one stays open for ever.

        The last owner's commit may be decided and its markers not yet written everywhere, above all when the
        broker died meanwhile: a read_committed end taken then is short, and its records would be sent again.
        """
        due = time.monotonic() + SETTLE_SECONDS
        async with reader(self._settings, "read_uncommitted") as all_of_it:
            while True:
                whole = (await all_of_it.end_offsets([tp]))[tp]
                end = (await consumer.end_offsets([tp]))[tp]
                if end >= whole or self._is_stopping:
                    return int(end)
                if time.monotonic() > due:
                    raise Fatal(
                        f"a transaction in {tp.topic} partition {tp.partition} has no end, and nothing behind it can "
                        "be read: Kafka 4.2 and 4.3 lose ends when a broker dies (KAFKA-20734). Use Kafka 4.1, and "
                        "look at it with `kafka-transactions.sh find-hanging`"
                    )
                await asyncio.sleep(0.1)

    def _open_objects(self) -> None:
        while self._waiting and len(self._readings) < self._settings.open_objects:
            entry = self._ledger.unfinished.get(self._waiting.popleft())
            if entry is None:
                continue
            self._readings.append(
                Reading(
                    self._client_of(entry.version.bucket),
                    entry,
                    self._limits,
                    gate=self._gate,
                    ahead_bytes=self._ahead_bytes,
                    wake=self._wake.set,
                )
            )
        self.arrivals.show_room(len(self._waiting))

    def _ahead_bytes(self) -> int:
        return AHEAD_BYTES // max(1, len(self._readings))

    def _check(self, arrivals: "asyncio.Task[None]") -> None:
        for task in [arrivals, *(reading.task for reading in self._readings)]:
            if task.done() and not task.cancelled():
                task.result()  # raises what ended it: a fault of ours must end the process, not stall a lane

    async def _sleep(self) -> None:
        self._wake.clear()
        due = self._open_chunk.due
        can_open = self._waiting and len(self._readings) < self._settings.open_objects
        if can_open or any(reading.pieces for reading in self._readings):
            return
        timeout = None if due is None else max(0.0, due - time.monotonic())
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            return  # the shared chunk is due

    def _take(self) -> list[Packed]:
        """What is ready, one piece of each object in turn, up to the bounds of a transaction."""
        found: list[Packed] = []
        size = pieces = idle = 0
        while self._readings and idle < len(self._readings):
            if len(found) >= TRANSACTION_CHUNKS or size >= TRANSACTION_BYTES or pieces >= TRANSACTION_PIECES:
                break
            reading = self._readings[0]
            if not reading.pieces:
                self._readings.rotate(-1)
                idle += 1
                continue
            idle = 0
            pieces += 1
            piece = reading.pop()
            if piece.ending is None:
                self._readings.rotate(-1)
            else:
                self._readings.popleft()
            ready = self._place(reading.key, piece)
            if ready is not None:
                found.append(ready)
                size += ready.size_bytes
        due = self._open_chunk.due
        if due is not None and (due <= time.monotonic() or self._is_idle()):
            found.append(self._open_chunk.seal())
        return found

    def _place(self, key: bytes, piece: Piece) -> Packed | None:
        version = self._ledger.unfinished[key].version
        if piece.is_full:
            return packed([(key, version, piece)])
        return self._open_chunk.add(key, version, piece, time.monotonic())

    def _is_idle(self) -> bool:
        return not self._readings and not self._waiting and self.arrivals.is_idle

    async def _commit(self, taken: list[Packed]) -> None:
        work = Work(rows=self.arrivals.rows(), drops_offset=self.arrivals.offset())
        work.chunks = [ready.chunk for ready in taken if ready.chunk is not None]
        entries: dict[bytes, Entry] = {}
        for ready in taken:
            for key, _, piece in ready.pieces:
                entries[key] = entries.get(key, self._ledger.unfinished[key]).after(piece)
                successor = piece.ending.successor if piece.ending is not None else None
                if successor is not None:
                    # found together with the end of the old one: no sweep has to see it first
                    work.rows.update(self.arrivals.take_version(successor))
        work.rows.update({key: entry.value() for key, entry in entries.items()})
        # dying before or in the commit: the next owner reads the same objects on from the last position
        await self._producer.commit(work)
        for entry in entries.values():
            self._ledger.put(entry)
            if entry.is_final or entry.is_denied:
                say_settled(entry)
        self._commit_done(work)
        count_committed(taken)

    def _commit_done(self, work: Work) -> None:
        FETCH_TRANSACTIONS.inc()
        self.arrivals.committed(work.drops_offset)

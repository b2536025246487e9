"""One Kafka transaction of a lane: chunks, the ledger rows of their objects, and the offset of `drops`.

Exactly once rests on this chain:
1. `init_transactions` with the lane's id fences every older owner and ends its open transaction.
2. Only then the lane's ledger is read to its read_committed end: it is the truth about what is in `raw`.
3. Chunks, progress and the `drops` offset are committed together or not at all.
4. Any error between begin and commit ends the process, since nobody knows then how it ended: the next
   owner starts at 1.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, ProducerFenced

from clients.errors import Fatal, RetryLater
from clients.kafka import MESSAGE_BYTES, compression, connection
from producers.watched import watched
from streams.chunks import RawChunk
from streams.names import Names
from streams.settings import Settings

# Below the broker's 15 minutes: what a dead owner left open holds readers up no longer than this.
TRANSACTION_TIMEOUT_MS = 30_000


@dataclass(slots=True)
class Work:
    """What one transaction takes. `rows`: ledger key to value, None withdraws a row."""

    chunks: Sequence[RawChunk] = ()
    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    drops_offset: int | None = None

    def __bool__(self) -> bool:
        return bool(self.chunks or self.rows or self.drops_offset is not None)


class LaneProducer:
    """The transactional producer of one lane. The one that was opened last is the only one that can commit."""

    def __init__(self, settings: Settings, lane: int) -> None:
        self._names = Names(settings.namespace)
        self._lane = lane
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        # lanes begin at different partitions, so that few large objects still spread over all of them
        self._next_partition = lane * max(1, settings.partitions // settings.lanes)

    async def open(self) -> None:
        """Fence older owners. Raises RetryLater when Kafka is away (repeat it then), Fatal where it refuses."""
        producer = AIOKafkaProducer(
            **connection(self._settings),
            transactional_id=self._names.fetch_transaction(self._lane),
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            compression_type=compression(self._settings),
            max_request_size=MESSAGE_BYTES,
            max_batch_size=1 << 20,
        )
        try:
            await producer.start()
        except BaseException as error:
            await producer.stop()
            if isinstance(error, KafkaConnectionError | KafkaTimeoutError | OSError):
                raise RetryLater(f"Kafka does not answer: {type(error).__name__}") from error
            if isinstance(error, KafkaError):
                raise Fatal(f"Kafka refuses lane {self._lane}: {type(error).__name__}") from error
            raise
        self._producer = producer

    async def commit(self, work: Work) -> None:
        """Commit all of it. Raises Fatal on any error: how the transaction ended is not known then."""
        await watched("commit of a fetch transaction", self._commit(work))

    async def _commit(self, work: Work) -> None:
        assert self._producer is not None
        producer, names = self._producer, self._names
        try:
            await producer.begin_transaction()
            sent = [await self._send_chunk(producer, chunk) for chunk in work.chunks]
            for key, value in work.rows.items():
                sent.append(await producer.send(names.objects, value, key=key, partition=self._lane))
            await asyncio.gather(*sent)
            if work.drops_offset is not None:
                offsets: Mapping[TopicPartition, int] = {
                    TopicPartition(names.drops, self._lane): work.drops_offset
                }
                await producer.send_offsets_to_transaction(offsets, names.fetch_group)
            await producer.commit_transaction()
        except ProducerFenced as error:
            raise Fatal(f"lane {self._lane} has another owner, or its transaction timed out") from error
        except Exception as error:
            raise Fatal(f"a transaction of lane {self._lane} failed: {type(error).__name__}") from error

    async def _send_chunk(self, producer: AIOKafkaProducer, chunk: RawChunk) -> "asyncio.Future[object]":
        partition = self._next_partition % self._settings.partitions
        self._next_partition = partition + 1
        sent: asyncio.Future[object] = await producer.send(
            self._names.raw, chunk.value, partition=partition, headers=chunk.headers()
        )
        return sent

    async def close(self) -> None:
        """Close the connections; a transaction still open is ended by the lane's next owner."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

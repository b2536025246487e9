"""The thread that talks to Kafka for Faust's driver: what was read, the seek that it was read after, and commits.

Written against faust-streaming 0.15.3 and aiokafka 0.14.0, which are pinned: the overrides below replace
private parts of both. What follows from it for an agent is in `transport.py`.
"""

from collections.abc import Mapping
from typing import Any

import aiokafka
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

FETCH_BYTES = 32 << 20  # a process holds at most this much that Kafka sent and no agent has seen
FETCH_WAIT_MS = 250


class SafeConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to Kafka. Beside records it reports the seek and the positions that belong to them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sought = 0
        self.read_after = 0
        self.positions: dict[TP, int] = {}
        self.ends: dict[TP, int] = {}
        self.notes: dict[TP, str] = {}

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # no setting reaches these: aiokafka reads them when the consumer starts
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_bytes = FETCH_BYTES
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is Faust's
        max_records: int | None = None,
    ) -> Mapping[TP, list[Any]]:
        records = await super()._fetch_records(
            consumer, active_partitions, timeout=timeout, max_records=max_records
        )
        # taken in the thread that moves them: no read can slip between the records and their positions
        subscription: Any = consumer._subscription.subscription
        assignment: Any = subscription.assignment if subscription is not None else None
        positions, ends = {}, {}
        if assignment is not None and assignment.active:
            for tp in assignment.tps:
                state = assignment.state_value(tp)
                if state is not None and state.has_valid_position:
                    positions[TP(tp.topic, tp.partition)] = state.position
                    ends[TP(tp.topic, tp.partition)] = max(state.lso or 0, state.position)
        self.positions, self.ends, self.read_after = positions, ends, self.sought
        return records

    async def seek_as(self, number: int, offsets: Mapping[TP, int]) -> None:
        """Seek, and tell of what is read from now on that it was read after seek `number`."""
        await self.call_thread(self._seek_as, number, offsets)

    async def _seek_as(self, number: int, offsets: Mapping[TP, int]) -> None:
        assigned = self.assignment()
        # no await between the number and the seeks: no read can fall between them
        self.sought = number
        await self._seek_wait(
            self._ensure_consumer(),
            # one that was taken away meanwhile: the next assignment seeks again
            {TopicPartition(tp.topic, tp.partition): at for tp, at in offsets.items() if tp in assigned},
        )

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        assigned = self.assignment()
        chosen = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(at, self.notes.get(tp, ""))
            for tp, at in offsets.items()
            if tp in assigned
        }
        if not chosen:
            return False
        try:
            await self._ensure_consumer().commit(chosen)
        except (CommitFailedError, IllegalStateError):
            return False  # a rebalance took the partitions: whoever has them now reads these again
        except KafkaError as error:
            # no coordinator for a moment: the next commit says the same and more
            if not error.retriable:
                raise
            return False
        return True

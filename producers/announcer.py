"""Sends announcements to `drops`, each to the lane that owns its object, and asks what lanes have done of them."""

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from clients.errors import RetryLater
from clients.kafka import admin, connection
from producers.announcements import Announcement
from producers.ledger import lane_of
from streams.names import Names
from streams.settings import Settings


class Announcer:
    """One producer for sweeps and events, which announce side by side. Raises RetryLater while Kafka is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = Names(settings.namespace)
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()

    async def send(self, news: list[Announcement]) -> list[RecordMetadata]:
        """Deliver announcements; returns once Kafka has them. A repeat sends some twice, which lanes ignore."""
        try:
            async with self._opening:
                if self._producer is None:
                    self._producer = await self._open()
            sent = []
            for seen in news:
                lane = lane_of(seen.bucket, seen.key, self._settings.lanes)
                sent.append(
                    await self._producer.send(
                        self._names.drops, seen.value(), key=seen.message_key, partition=lane
                    )
                )
            return list(await asyncio.gather(*sent))
        except (KafkaError, OSError) as error:
            raise RetryLater(f"Kafka does not answer: {type(error).__name__}") from error

    async def _open(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(**connection(self._settings), acks="all", linger_ms=5)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def handled(self) -> Mapping[int, int]:
        """By lane the offset behind the last announcement whose handling it has committed."""
        try:
            async with admin(self._settings) as client:
                found = await client.list_consumer_group_offsets(self._names.fetch_group)
        except (KafkaError, OSError) as error:
            raise RetryLater(f"Kafka does not answer: {type(error).__name__}") from error
        return {tp.partition: at.offset for tp, at in found.items() if tp.topic == self._names.drops}

    async def close(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

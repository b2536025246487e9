"""How Kafka is reached: connections from settings, offsets, and what "read to the end" means."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from clients.errors import RetryLater
from streams.settings import Settings

MESSAGE_BYTES = 8 << 20
ELECTION_SECONDS = 20.0  # how long leaders and coordinators may take to be chosen

T = TypeVar("T")


def connection(settings: Settings) -> dict[str, Any]:
    """Arguments that every aiokafka client takes: brokers, security, credentials."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap,
        "security_protocol": settings.kafka_security,
    }
    if settings.kafka_security.endswith("SSL"):
        arguments["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca_file or None)
    if settings.kafka_security.startswith("SASL"):
        arguments |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return arguments


def compression(settings: Settings) -> str | None:
    return None if settings.kafka_compression == "none" else settings.kafka_compression


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client. Raises RetryLater when no broker answers."""
    client = AIOKafkaAdminClient(**connection(settings), request_timeout_ms=20_000)
    try:
        await client.start()
        yield client
    except KafkaConnectionError as error:
        raise RetryLater(f"Kafka at {settings.kafka_bootstrap} does not answer") from error
    finally:
        await client.close()


async def cluster_id(settings: Settings) -> str:
    """The id of the Kafka cluster; a run belongs to one cluster."""
    async with admin(settings) as client:
        return str((await client.describe_cluster())["cluster_id"])


def lone_consumer(
    settings: Settings, isolation: Literal["read_committed", "read_uncommitted"] = "read_committed"
) -> AIOKafkaConsumer:
    """A consumer without a group, not started: assign it, seek it, look at offsets."""
    return AIOKafkaConsumer(
        **connection(settings),
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MESSAGE_BYTES,
    )


async def messages_to_end(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> AsyncGenerator[ConsumerRecord, None]:
    """Every message from where the consumer stands to the end of now, as far as its isolation lets it see."""
    ends = await consumer.end_offsets(partitions)
    while behind := [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
        for messages in (await consumer.getmany(*behind, timeout_ms=500)).values():
            for message in messages:
                yield message


@asynccontextmanager
async def reader(
    settings: Settings, isolation: Literal["read_committed", "read_uncommitted"] = "read_committed"
) -> AsyncIterator[AIOKafkaConsumer]:
    """A `lone_consumer`, started and stopped. Open transactions do not count, unless it is told to see them."""
    consumer = lone_consumer(settings, isolation)
    try:
        await consumer.start()
        yield consumer
    except KafkaConnectionError as error:
        raise RetryLater(f"Kafka at {settings.kafka_bootstrap} does not answer") from error
    finally:
        await consumer.stop()


@dataclass(frozen=True, slots=True)
class Extent:
    """First offset that is still there, and the read_committed end, by partition of a topic."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]


async def extent(settings: Settings, topic: str, partitions: int) -> Extent:
    """Where a topic begins and ends now. `ends` are last stable offsets: open transactions do not count."""
    tps = [TopicPartition(topic, number) for number in range(partitions)]
    async with reader(settings) as consumer:
        starts = await consumer.beginning_offsets(tps)
        ends = await consumer.end_offsets(tps)
    return Extent(tuple(starts[tp] for tp in tps), tuple(ends[tp] for tp in tps))


@dataclass(frozen=True, slots=True)
class Resume:
    """A group's committed offset of a partition, and the note that was committed with it."""

    offset: int
    note: str


async def resume_points(
    settings: Settings, group: str, topic: str, partitions: int
) -> tuple[Resume | None, ...]:
    """Where a group goes on, by partition; None where it has no offset."""
    async with admin(settings) as client:
        found = await _once_elected(lambda: client.list_consumer_group_offsets(group))
    points = {
        tp.partition: Resume(at.offset, at.metadata)
        for tp, at in found.items()
        if tp.topic == topic and at.offset >= 0
    }
    return tuple(points.get(number) for number in range(partitions))


async def committed(settings: Settings, group: str, topic: str, partitions: int) -> tuple[int | None, ...]:
    """The group's committed offsets by partition; None where it has none."""
    points = await resume_points(settings, group, topic, partitions)
    return tuple(None if point is None else point.offset for point in points)


async def _once_elected(call: Callable[[], Awaitable[T]]) -> T:
    # a young broker has no coordinator for a group yet: it makes the offsets topic first
    deadline = time.monotonic() + ELECTION_SECONDS
    while True:
        try:
            return await call()
        except KafkaError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


async def pin_offsets(settings: Settings, group: str, topic: str, offsets: Mapping[int, int]) -> None:
    """Commit start offsets for a group that has no member yet. Call it before its first worker starts.

    Idempotent: partitions that have an offset keep it. Raises KafkaError when the group has members.
    """
    known = await committed(settings, group, topic, max(offsets, default=-1) + 1)
    missing = {TopicPartition(topic, p): at for p, at in offsets.items() if known[p] is None}
    if not missing:
        return
    consumer = AIOKafkaConsumer(**connection(settings), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(missing))
        await consumer.commit(missing)
    finally:
        await consumer.stop()

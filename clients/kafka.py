"""How Kafka is reached: connections from settings, topics, offsets, and what "read to the end" means."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from clients.errors import Fatal, RetryLater
from streams.names import Names
from streams.settings import Settings

MESSAGE_BYTES = 8 << 20
DAY_MS = 86_400_000
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


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it is made: partitions, and what is kept how long."""

    name: str
    partitions: int
    config: Mapping[str, str]


def intake_topics(settings: Settings) -> tuple[Topic, ...]:
    """`drops`, `objects` and `raw`: shared by all runs."""
    names = Names(settings.namespace)
    compacted = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}
    return (
        Topic(names.drops, settings.lanes, compacted),
        Topic(names.objects, settings.lanes, compacted),
        Topic(names.raw, settings.partitions, _kept(settings.raw_retention_days) | _capped(settings)),
    )


def run_topics(settings: Settings, run: str, topics: Iterable[str], partitions: int) -> tuple[Topic, ...]:
    """The topics of one run: `decided`, and those between the agents of `staged`."""
    names = Names(settings.namespace)
    return tuple(
        Topic(names.stage(topic, run), partitions, _kept(settings.decided_retention_days)) for topic in topics
    )


def _capped(settings: Settings) -> dict[str, str]:
    if not settings.raw_retention_bytes:
        return {}
    return {"retention.bytes": str(max(1, settings.raw_retention_bytes // settings.partitions))}


def _kept(days: float) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(int(days * DAY_MS)),
        "message.timestamp.type": "LogAppendTime",  # one clock: the broker's
        "max.message.bytes": str(MESSAGE_BYTES),
    }


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


async def create_topics(settings: Settings, topics: Iterable[Topic]) -> list[str]:
    """Make the topics that are missing; returns their names. Raises Fatal where one exists otherwise.

    A repeat finds them there: nothing is changed on topics that exist.
    """
    wanted = list(topics)
    async with admin(settings) as client:
        known = set(await client.list_topics())
        new = [topic for topic in wanted if topic.name not in known]
        if new:
            response = await client.create_topics(
                [
                    NewTopic(t.name, t.partitions, settings.kafka_replication, topic_configs=dict(t.config))
                    for t in new
                ]
            )
            for name, code, *_ in response.topic_errors:
                # another process may have made it at the same moment
                if code not in (0, TopicAlreadyExistsError.errno):
                    raise Fatal(f"Kafka does not make topic {name}: {for_code(code).__name__}")
        described = {
            topic["topic"]: len(topic["partitions"])
            for topic in await _described(client, [topic.name for topic in wanted])
        }
    for topic in wanted:
        if described.get(topic.name) != topic.partitions:
            raise Fatal(
                f"topic {topic.name} has {described.get(topic.name)} partitions, the settings say {topic.partitions}; "
                "the number is fixed when a topic is made: set it back or choose another namespace"
            )
    return [topic.name for topic in new]


async def _described(client: AIOKafkaAdminClient, names: list[str]) -> list[dict[str, Any]]:
    # a topic just made may not be known for a moment: its leader is elected first
    deadline = time.monotonic() + ELECTION_SECONDS
    while True:
        found: list[dict[str, Any]] = await client.describe_topics(names)
        if all(t["error_code"] == 0 and all(p["leader"] >= 0 for p in t["partitions"]) for t in found):
            return found
        if time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.1)


async def cluster_id(settings: Settings) -> str:
    """The id of the Kafka cluster; a run belongs to one cluster."""
    async with admin(settings) as client:
        return str((await client.describe_cluster())["cluster_id"])


@asynccontextmanager
async def reader(
    settings: Settings, isolation: Literal["read_committed", "read_uncommitted"] = "read_committed"
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group: assign it, seek it, look at offsets. Open transactions do not count."""
    consumer = AIOKafkaConsumer(
        **connection(settings),
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MESSAGE_BYTES,
    )
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

"""The topics: how each is made, and what of it is kept how long."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from clients.errors import Fatal
from clients.kafka import ELECTION_SECONDS, MESSAGE_BYTES, admin
from streams.names import Names
from streams.settings import Settings

DAY_MS = 86_400_000


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

"""How far a group is behind on a topic, in bytes: what back-pressure looks at."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiokafka.errors import KafkaError

from clients import metrics
from clients.errors import RetryLater
from clients.kafka import committed, extent
from streams.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0


async def messages_behind(settings: Settings, group: str, topic: str, partitions: int) -> tuple[int, ...]:
    """Messages by partition between the group's committed offset (else the topic's start) and the end."""
    found = await committed(settings, group, topic, partitions)
    span = await extent(settings, topic, partitions)
    return tuple(
        end - (start if at is None else max(at, start))
        for at, start, end in zip(found, span.starts, span.ends, strict=True)
    )


async def backlog_bytes(settings: Settings, group: str, topic: str, partitions: int) -> int:
    """An upper estimate: every message counts as a full chunk."""
    return sum(await messages_behind(settings, group, topic, partitions)) * settings.chunk_bytes


class Gate:
    """Closed while a neighbour is too far behind. Looks every few seconds; open until it has looked."""

    def __init__(self, agent: str, limit_bytes: int, look: Callable[[], Awaitable[int]]) -> None:
        self._agent = agent
        self._limit = limit_bytes
        self._look = look
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    async def passed(self) -> None:
        """Return as soon as the gate is open."""
        await self._open.wait()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                behind = await self._look()
            except (KafkaError, RetryLater, OSError):
                continue  # Kafka is away: then nothing flows anyway, and the next look decides
            if not self.is_open:
                metrics.PAUSED_SECONDS.labels(self._agent).inc(LOOK_SECONDS)
            if behind > self._limit and self.is_open:
                log.warning(
                    "pausing: the next stage is behind",
                    extra={"agent": self._agent, "behind_bytes": behind, "limit_bytes": self._limit},
                )
                self._open.clear()
            elif behind <= self._limit and not self.is_open:
                log.info("going on", extra={"agent": self._agent, "behind_bytes": behind})
                self._open.set()

"""Kafka for the tests of agents: topics with odd logs (transactions, aborts), and a worker to read them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from faust.types import TP, EventT

from agents.app import ForebayApp, create_app
from clients import kafka
from clients.topics import Topic, create_topics
from console.local.stack import Stack
from streams.settings import Settings


def settings_of(stack: Stack, **more: Any) -> Settings:
    """Settings for a namespace of the test's own on shared servers."""
    fields = {name.removeprefix("FOREBAY_").lower(): value for name, value in stack.environment().items()}
    return Settings.model_validate(
        {"namespace": f"t{uuid4().hex[:10]}", "session_seconds": 6, **fields, **more}
    )


async def make_topic(settings: Settings, name: str, partitions: int = 1) -> str:
    topic = Topic(f"{settings.namespace}.{name}", partitions, {"max.message.bytes": "8388608"})
    await create_topics(settings, [topic])
    return topic.name


@asynccontextmanager
async def producer(
    settings: Settings, transactional_id: str | None = None
) -> AsyncIterator[AIOKafkaProducer]:
    client = AIOKafkaProducer(**kafka.connection(settings), transactional_id=transactional_id)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def write_transactions(
    settings: Settings, topic: str, transactions: list[tuple[list[bytes], bool]], partition: int = 0
) -> None:
    """Each row is one transaction: its values, and whether it is committed (else aborted)."""
    async with producer(settings, f"{topic}-writer") as client:
        for values, is_committed in transactions:
            await client.begin_transaction()
            for value in values:
                await client.send_and_wait(topic, value, partition=partition)
            if is_committed:
                await client.commit_transaction()
            else:
                await client.abort_transaction()


async def group_offsets(offsets: Mapping[TP, int | None]) -> Mapping[TP, int]:
    await asyncio.sleep(0)
    return {tp: at or 0 for tp, at in offsets.items()}


@asynccontextmanager
async def reading(
    settings: Settings,
    group: str,
    topic: str,
    receive: Callable[[EventT[Any]], Awaitable[None]],
    begin_at: Callable[[Mapping[TP, int | None]], Awaitable[Mapping[TP, int]]] = group_offsets,
) -> AsyncIterator[ForebayApp]:
    """A Faust app that gives each event to `receive`, stopped at the end of the block."""
    app = create_app(settings, group, begin_at)

    async def consume(stream: Any) -> None:
        async for event in stream.noack().events():
            await receive(event)

    app.agent(app.topic(topic, value_type=bytes), name="reader")(consume)
    app.finalize()
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


async def until(condition: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 60) -> None:
    """Return when the condition holds; TimeoutError when it does not come to hold."""

    async def wait() -> None:
        while True:
            found = condition()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.05)

    await asyncio.wait_for(wait(), seconds)

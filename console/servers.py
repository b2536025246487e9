"""Waits for Kafka, S3 and Redis, and says plainly which one is missing and what to type."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from clients.errors import Fatal, RetryLater
from clients.kafka import cluster_id
from clients.redis import check_fit, redis_client
from clients.runs import run_store
from clients.s3 import s3_client
from streams.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Server:
    """One server: what it is called, where it should be, which setting says so, and how it is asked."""

    name: str
    place: str
    setting: str
    ask: Callable[[Settings], Awaitable[None]]


def servers_of(settings: Settings) -> tuple[Server, ...]:
    return (
        Server("Kafka", settings.kafka_bootstrap, "FOREBAY_KAFKA_BOOTSTRAP", ask_kafka),
        Server("S3", settings.s3_endpoint or "AWS", "FOREBAY_S3_ENDPOINT", ask_s3),
        Server("Redis", redis_place(settings), "FOREBAY_REDIS_URL", ask_redis),
    )


def redis_place(settings: Settings) -> str:
    """Host and port of Redis, without user or password."""
    url = urlsplit(settings.redis_url.get_secret_value())
    return f"{url.hostname or 'localhost'}:{url.port or 6379}"


async def ask_kafka(settings: Settings) -> None:
    await cluster_id(settings)


async def ask_s3(settings: Settings) -> None:
    """Reads below the output, which needs the bucket and the permission. Raises Fatal without them."""
    async with s3_client(settings, connections=2) as client:
        try:
            await run_store(client, settings).current()
        except Fatal as error:
            if "NoSuchBucket" in str(error):
                raise Fatal(
                    f"{error}: make the bucket, or name another with FOREBAY_OUTPUT (now {settings.output})"
                ) from error
            raise


async def ask_redis(settings: Settings) -> None:
    client = redis_client(settings)
    try:
        await check_fit(client)
    finally:
        await client.aclose()


async def is_up(server: Server, settings: Settings, seconds: float = 5.0) -> str | None:
    """None when the server answers and is fit; else what is wrong, in words."""
    try:
        await asyncio.wait_for(server.ask(settings), seconds)
    except (RetryLater, TimeoutError, KafkaError, RedisError, OSError) as error:
        return str(error) if isinstance(error, RetryLater) else f"does not answer ({type(error).__name__})"
    except Fatal as error:
        return str(error)
    return None


async def wait_for_servers(settings: Settings, say: Say) -> None:
    """Return once all three answer. Says which one it waits for.

    Raises RetryLater after `server_wait_seconds`, naming those that do not answer; Fatal at once where
    waiting cannot help (no bucket, no permission, Redis without Bloom filters).
    """
    deadline = time.monotonic() + settings.server_wait_seconds
    # one after the other: a person reads one line and starts one server
    for server in servers_of(settings):
        said = False
        while True:
            try:
                await asyncio.wait_for(server.ask(settings), 20)
                break
            except (RetryLater, TimeoutError, KafkaError, RedisError, OSError):
                if time.monotonic() >= deadline:
                    raise RetryLater(_missing(server, settings)) from None
            if not said:
                left = max(0, round(deadline - time.monotonic()))
                say(f"Waiting for {server.name} at {server.place} (up to {left} s) …")
                said = True
            await asyncio.sleep(1)
        if said:
            say(f"{server.name} answers")


def _missing(server: Server, settings: Settings) -> str:
    return (
        f"{server.name} at {server.place} does not answer (waited {settings.server_wait_seconds:.0f} s).\n"
        f"Start it, or set {server.setting}; `forebay up` starts all servers on this machine, "
        "`forebay doctor` checks each."
    )

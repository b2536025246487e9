"""Waiting for a server that does not answer: counted, said once, for ever or for a while."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import KafkaConnectionError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from clients import metrics
from clients.errors import RetryLater

log = logging.getLogger(__name__)

T = TypeVar("T")

PASSING = (RetryLater, KafkaConnectionError, RedisConnectionError, RedisTimeoutError, OSError, TimeoutError)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0


async def until_answered(server: str, call: Callable[[], Awaitable[T]], *, seconds: float | None = None) -> T:
    """The call's result, tried again while the server is away; the call must be safe to repeat.

    Raises RetryLater when `seconds` have passed; other errors pass through at once.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    is_waiting = False
    try:
        while True:
            try:
                found = await call()
            except PASSING as error:
                if deadline is not None and time.monotonic() > deadline:
                    raise RetryLater(f"{server} did not answer for {seconds:.0f} s") from error
                if not is_waiting:
                    is_waiting = True
                    log.warning("waiting for a server", extra={"server": server, "why": type(error).__name__})
                    metrics.SERVER_WAITING.labels(server).set(1)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                if is_waiting:
                    log.info("the server answers again", extra={"server": server})
                return found
    finally:
        if is_waiting:
            metrics.SERVER_WAITING.labels(server).set(0)

"""The S3 that a sink sees: calls that wait out passing faults, on the clock and sleep that the sink is given."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from clients.errors import RetryLater
from clients.metrics import SERVER_WAITING
from clients.s3 import Put

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
# S3's client tries again by itself, for minutes: a call that takes so long is a wait, not a stalled worker
SLOW_SECONDS = 5.0


class Bucket(Protocol):
    """What the sink needs of `clients.s3.Documents`."""

    async def get(self, key: str) -> bytes | None: ...
    async def exists(self, key: str) -> bool: ...
    async def put(self, key: str, body: bytes, content_type: str = ...) -> None: ...
    async def put_if(self, key: str, body: bytes, *, matches: str) -> Put: ...


class Waiting:
    """Repeats calls that raise RetryLater, for ever, with a growing pause; everything else goes through.

    Cancelling the caller ends the wait. While any call waits, `forebay_server_waiting` is 1; a first try
    that hangs shows there at the next `show`.
    """

    def __init__(
        self,
        server: str,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._server = server
        self._clock = clock
        self._sleep = sleep
        self._waits = 0
        self._begun_at: dict[object, float] = {}
        self._ended_at = clock()

    @property
    def is_going_on(self) -> bool:
        return self._waits > 0 or any(self._is_slow(at) for at in self._begun_at.values())

    @property
    def ended_at(self) -> float:
        """When the last wait ended, by the clock given; the time of start when there was none."""
        return self._ended_at

    def show(self) -> None:
        SERVER_WAITING.labels(self._server).set(self.is_going_on)

    async def until_answered(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        this = object()
        self._begun_at[this] = self._clock()
        try:
            return await call()
        except RetryLater as error:
            log.warning("waiting for a server", extra={"server": self._server, "reason": str(error)})
        finally:
            if self._is_slow(self._begun_at.pop(this)):
                self._ended_at = self._clock()
        return await self._repeated(call)

    async def _repeated(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        pause_seconds = FIRST_PAUSE_SECONDS
        self._waits += 1
        self.show()
        try:
            while True:
                await self._sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
                try:
                    answer = await call()
                except RetryLater:
                    continue
                log.info("the server answers again", extra={"server": self._server})
                return answer
        finally:
            self._waits -= 1
            self._ended_at = self._clock()
            self.show()

    def _is_slow(self, begun_at: float) -> bool:
        return self._clock() - begun_at >= SLOW_SECONDS


class PatientBucket:
    """A bucket whose calls wait out passing faults. Raises Fatal only."""

    def __init__(self, bucket: Bucket, waiting: Waiting) -> None:
        self._bucket = bucket
        self._waiting = waiting

    async def get(self, key: str) -> bytes | None:
        return await self._waiting.until_answered(lambda: self._bucket.get(key))

    async def exists(self, key: str) -> bool:
        return await self._waiting.until_answered(lambda: self._bucket.exists(key))

    async def put(self, key: str, body: bytes, content_type: str = "application/json") -> None:
        await self._waiting.until_answered(lambda: self._bucket.put(key, body, content_type))

    async def put_if(self, key: str, body: bytes, *, matches: str) -> Put:
        # a repeat after a lost response is TAKEN by ourselves: the caller reads who it was
        return await self._waiting.until_answered(lambda: self._bucket.put_if(key, body, matches=matches))

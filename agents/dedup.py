"""Which records were seen before: one Lua call a chunk on Bloom filters, answered the same when asked again.

Promises: a chunk that is delivered twice gets the answer that it got first, so it never meets itself;
filters are made with the run and never by a worker; a filter that is missing, full or older than what this
process has seen makes refine wait and say so, for guessing would keep copies or lose records.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from clients import metrics
from clients.errors import Fatal
from streams.names import Names
from streams.outcomes import Copy
from streams.records import Fingerprints
from streams.runs import Run

log = logging.getLogger(__name__)

SHARD_BYTES = 100 << 20
ANSWERS = {ord("0"): None, ord("1"): Copy.EXACT, ord("2"): Copy.NEAR}


@dataclass(frozen=True, slots=True)
class Sizing:
    """The filters of one run: their shards, and the share of false answers that each is made for.

    Bits an item: ln(1/p) / ln(2)^2 (Bloom 1970). Of `max_false_drops` one half is for exact copies, one for
    near ones: a record is falsely near when `agreeing` of its `bands` bands are false at once.
    """

    capacity: int
    exact_error: float
    near_error: float
    bands: int
    exact_shards: int
    near_shards: int

    @property
    def size_bytes(self) -> int:
        return _filter_bytes(self.capacity, self.exact_error) + _filter_bytes(
            self.capacity * self.bands, self.near_error
        )


def _filter_bytes(items: int, error: float) -> int:
    return math.ceil(items * math.log(1 / error) / math.log(2) ** 2 / 8) if items else 0


def sizing(expected_records: int, max_false_drops: float, bands: int, agreeing: int) -> Sizing:
    """The filters that keep false drops below `max_false_drops` when `expected_records` are kept."""
    share = max_false_drops / 2 / expected_records
    near = (share / math.comb(bands, agreeing)) ** (1 / agreeing) if bands else 0.1
    exact_error, near_error = min(share, 0.01), min(near, 0.1)
    return Sizing(
        expected_records,
        exact_error,
        near_error,
        bands,
        max(1, math.ceil(_filter_bytes(expected_records, exact_error) / SHARD_BYTES)),
        max(1, math.ceil(_filter_bytes(expected_records * bands, near_error) / SHARD_BYTES)),
    )


def _keys(names: Names, run: str, size: Sizing) -> tuple[list[str], list[str]]:
    exact = [names.redis(run, f"exact:{shard}") for shard in range(size.exact_shards)]
    near = [names.redis(run, f"near:{shard}") for shard in range(size.near_shards)]
    return exact, near


async def make_filters(redis: Redis, names: Names, run: Run, bands: int, agreeing: int) -> Sizing:
    """Make a run's filters; finds them there on a repeat. Raises Fatal, with the figure, if they do not fit."""
    size = sizing(run.expected_records, run.max_false_drops, bands, agreeing)
    counter = names.redis(run.run, "counter")
    if await redis.get(counter) is not None:
        return size
    memory: dict[str, Any] = await redis.info("memory")
    limit = int(memory.get("maxmemory") or memory.get("total_system_memory") or 0)
    free = limit - int(memory.get("used_memory", 0))
    if limit and size.size_bytes > free:
        raise Fatal(
            f"the filters of run {run.run} need {size.size_bytes >> 20} MiB of Redis memory, {max(free, 0) >> 20} MiB are "
            "free: give Redis more, or lower FOREBAY_EXPECTED_RECORDS"
        )
    exact, near = _keys(names, run.run, size)
    for keys, error, items in (
        (exact, size.exact_error, size.capacity),
        (near, size.near_error, size.capacity * max(bands, 1)),
    ):
        # a twentieth more: shards fill unevenly
        capacity = math.ceil(items / len(keys) * 1.05) + 1000
        for key in keys:
            try:
                await redis.execute_command("BF.RESERVE", key, error, capacity, "NONSCALING")  # type: ignore[no-untyped-call]
            except ResponseError as error_reply:
                # made by a try that died before the counter: it is empty still
                if "exists" not in str(error_reply):
                    raise
    # last: without the counter every worker waits, so half-made filters are never asked
    await redis.set(counter, 0, nx=True)
    return size


class Answers:
    """The answer log of one run: kept until a claim has passed it."""

    def __init__(self, redis: Redis, names: Names, run: str) -> None:
        self._redis = redis
        self._names = names
        self._run = run

    def key(self, partition: int) -> str:
        return self._names.redis(self._run, f"answers:{partition}")

    async def forget(self, partition: int, below: int) -> None:
        """Drop the answers of a partition below a raw offset: a claim has passed them."""
        key = self.key(partition)
        try:
            old = [field for field in await self._redis.hkeys(key) if int(field) < below]
            if old:
                await self._redis.hdel(key, *old)
        except (RedisError, OSError):
            # they are asked for again at the next claim; until then they only take room
            log.warning("answers not dropped", extra={"partition": partition})


class Dedup:
    """Asks for the chunks of one run. One per process; it is asked in the order of delivery."""

    def __init__(self, redis: Redis, names: Names, run: Run, bands: int, agreeing: int) -> None:
        self._redis = redis
        self._names = names
        self._run = run.run
        self._answers = Answers(redis, names, run.run)
        self._size = sizing(run.expected_records, run.max_false_drops, bands, agreeing)
        self._agreeing = agreeing
        self._exact, self._near = _keys(names, run.run, self._size)
        self._script = redis.register_script((resources.files("agents") / "dedup.lua").read_text())
        self._seen = -1

    def _arguments(self, field: str, asked: Sequence[Fingerprints]) -> list[str | int]:
        size = self._size
        arguments: list[str | int] = [
            field,
            size.exact_shards,
            size.near_shards,
            size.capacity,
            self._agreeing,
        ]
        for prints in asked:
            arguments += [1 + int(prints.content_hash[:8], 16) % size.exact_shards, prints.content_hash]
            arguments.append(len(prints.bands))
            for number, band in enumerate(prints.bands):
                # the band's number is part of the item: the same value elsewhere is no agreement
                arguments += [1 + int(band[:8], 16) % size.near_shards, f"{number}:{band}"]
        return arguments

    async def ask(self, partition: int, offset: int, asked: Sequence[Fingerprints]) -> list[Copy | None]:
        """What each record is a copy of. Waits, however long, while Redis cannot answer truly.

        If the process dies after the call and before the chunk is delivered, the chunk comes again and is
        given the stored answer.
        """
        if not asked:
            return []
        keys = [self._answers.key(partition), self._names.redis(self._run, "counter")]
        arguments = self._arguments(str(offset), asked)
        pause_seconds, trouble = 0.2, ""
        while True:
            try:
                with metrics.REDIS_SECONDS.time():
                    text, counter = await self._script(
                        keys=[*keys, *self._exact, *self._near], args=arguments
                    )
                if counter >= self._seen and len(text) == len(asked):
                    break
                found = f"Redis holds less than it did: its data went back in time; {_WAY_OUT}"
            except (RedisError, OSError) as error:
                found = _trouble(error)
            if found != trouble:
                log.error("dedup waits", extra={"why": found, "run": self._run})
                trouble = found
            metrics.SERVER_WAITING.labels("redis").set(1)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, 5)
        if trouble:
            log.info("dedup goes on", extra={"run": self._run})
        metrics.SERVER_WAITING.labels("redis").set(0)
        self._seen = counter
        return [ANSWERS[digit] for digit in text]


# The same pack is the same run: another version makes another run, with filters of its own.
_WAY_OUT = "raise `version` in a copy of its rule pack and `forebay replay --rules DIR`, which reads all of raw again"


def _trouble(error: BaseException) -> str:
    text = str(error)
    if "FOREBAY_MISSING" in text:
        return f"the run's filters are not in Redis: they were lost; {_WAY_OUT}"
    if "FOREBAY_FULL" in text:
        return f"the run's filters are full: FOREBAY_EXPECTED_RECORDS was too low for this run; {_WAY_OUT}"
    return f"Redis does not answer ({type(error).__name__})"

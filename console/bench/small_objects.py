"""How many objects of one dialogue each go through fetch: real Kafka, a store that lives in this process."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from clients.s3 import S3Client
from console.bench.sweeps import PAGE_KEYS
from producers.intake import run_intake
from streams.settings import Settings

_MODIFIED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SmallObjects:
    """Objects, the seconds from start to last commit, and the processor seconds of the fetching process."""

    objects: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return self.objects / self.seconds


class _Stream:
    """A body, given whole at the first read."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, _size: int) -> bytes:
        body, self._body = self._body, b""
        return body

    def release(self) -> None:
        """There is no connection."""

    def close(self) -> None:
        """There is no connection."""


class _Store:
    """Objects `drops/<number>.json`, each the same length and each another record."""

    def __init__(self, objects: int, body_of: Callable[[int], bytes]) -> None:
        self._objects = objects
        self._body_of = body_of

    async def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        start = int(asked.get("ContinuationToken") or 0)
        end = min(start + PAGE_KEYS, self._objects)
        return {
            "Contents": [
                {"Key": _key(n), "LastModified": _MODIFIED, **_facts(self._body_of(n))}
                for n in range(start, end)
            ],
            "IsTruncated": end < self._objects,
            "NextContinuationToken": str(end),
        }

    async def head_object(self, **asked: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        body = self._body_of(_number(asked["Key"]))
        return {"ETag": _facts(body)["ETag"], "LastModified": _MODIFIED, "ContentLength": len(body)}

    async def get_object(self, **asked: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        body = self._body_of(_number(asked["Key"]))
        return {"Body": _Stream(body), "ETag": _facts(body)["ETag"], "ContentLength": len(body)}


def _key(number: int) -> str:
    return f"drops/{number:09d}.json"


def _number(key: str) -> int:
    return int(key.rpartition("/")[2].removesuffix(".json"))


def _facts(body: bytes) -> dict[str, Any]:
    return {"ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"', "Size": len(body)}


async def measure_small_objects(
    settings: Settings, objects: int, body_of: Callable[[int], bytes]
) -> SmallObjects:
    """Fetch so many objects once. `settings` name a fresh namespace, whose sources are one place.

    Raises RuntimeError where a record is missing.
    """
    store = _Store(objects, body_of)

    @asynccontextmanager
    async def reach(*_: Any, **_more: Any) -> AsyncIterator[Callable[[str], S3Client]]:
        yield lambda _bucket: cast(S3Client, store)

    began, cpu = time.perf_counter(), time.process_time()
    report = await run_intake(settings, once=True, stop=asyncio.Event(), reach=reach)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    if report.records != objects:
        raise RuntimeError(f"{report.records} records of {objects} objects")
    return SmallObjects(objects, seconds, cpu_seconds)

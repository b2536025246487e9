"""How long a sweep takes over very many keys, and what it holds: a simulated listing, no servers."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any, cast

from clients.s3 import S3Client
from console.bench.peak import peak_mib
from producers.announcements import Announcement
from producers.discover import Discover
from producers.known import Known
from producers.seen import Seen
from streams.catalogue import Catalogue
from streams.catalogue_file import parse_catalogue
from streams.settings import Settings

PAGE_KEYS = 1000  # as S3 gives at most
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SweepFigures:
    """Seconds of the first sweep over `keys` keys and of a second one that finds `found` new, and peak memory."""

    keys: int
    first_seconds: float
    second_seconds: float
    found: int
    peak_mib: int


class _Lister:
    """Lists invented keys page by page, as S3 does: in order, 1,000 at a time, built as they are asked for."""

    def __init__(self, keys: int) -> None:
        self.keys = keys
        self.late: list[str] = []

    async def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        start = int(asked.get("ContinuationToken") or 0)
        end = min(start + PAGE_KEYS, self.keys)
        contents = [_item(f"drops/part-{number:09d}.jsonl", number) for number in range(start, end)]
        is_last = end >= self.keys
        if is_last:
            contents += [_item(key, 7) for key in self.late]
        return {"Contents": contents, "IsTruncated": not is_last, "NextContinuationToken": str(end)}


def _item(key: str, number: int) -> dict[str, Any]:
    return {
        "Key": key,
        "ETag": f'"{number:032x}"',
        "LastModified": _START + timedelta(seconds=number % 100_000),
        "Size": 4300,
    }


class _Handled(Known):
    """Every announcement counts as handled by the next sweep: what stands in the ledger by then."""

    def __init__(self) -> None:
        self.listings = Seen()
        self.standing = Seen()
        self.absent = Seen()

    async def refresh(self) -> None:
        """There is no ledger to read."""

    def is_known(self, listing: bytes) -> bool:
        return listing in self.listings

    def unfinished(self) -> Iterator[Any]:
        return iter(())


class _Announcing(Discover):
    """Discover without Kafka: what it would announce is handled at once."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, client_of: Callable[[str], S3Client]
    ) -> None:
        self._handled = _Handled()
        super().__init__(settings, catalogue, client_of, self._handled)

    async def _deliver(self, news: list[Announcement]) -> None:
        for seen in news:
            self._handled.listings.add(seen.listing)
            self._announced.add(seen.listing)


def measure_sweeps(keys: int = 1_000_000, late: int = 10) -> SweepFigures:
    """Sweep twice over `keys` invented keys in a process of its own; `late` more are there at the second time."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        return child.submit(_measure, keys, late).result()


def _measure(keys: int, late: int) -> SweepFigures:
    return asyncio.run(_sweep_twice(keys, late))


async def _sweep_twice(keys: int, late: int) -> SweepFigures:
    lister = _Lister(keys)
    catalogue = parse_catalogue(b"", ("s3://bench/drops/",))
    discover = _Announcing(Settings.model_validate({}), catalogue, lambda _bucket: cast(S3Client, lister))
    began = time.perf_counter()
    first = await discover.sweep()
    between = time.perf_counter()
    lister.late = [f"drops/late-{number}" for number in range(late)]
    second = await discover.sweep()
    ended = time.perf_counter()
    if first.announced != keys or second.announced != late:
        raise RuntimeError(f"announced {first.announced} and {second.announced}, not {keys} and {late}")
    return SweepFigures(keys, between - began, ended - between, second.announced, peak_mib())

"""Full sweeps of every source; what the ledger does not know is announced on `drops`.

Each sweep lists all of it again: a listing "after the last key" or "newer than the last time" misses keys
that sort before, that arrive late, or that share a second. An announcement that was lost is made again.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from clients.metrics import LIST_CALLS, SWEEPS
from clients.s3 import S3Client
from clients.waiting import until_answered
from producers.absent import Absent
from producers.announcements import Announcement
from producers.announcer import Announcer
from producers.known import Known
from producers.ready import Waiting
from producers.seen import Seen
from producers.versions import S3_FAULTS, Archived, Denied, Gone, Overwritten, etag_of, fault_of
from producers.watched import watched
from streams.catalogue import Catalogue
from streams.settings import Settings, split_url

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Swept:
    """One sweep: objects listed and announced, keys of our own output passed over, objects of drops that are
    not ready, finished versions that are no longer there, LIST calls, sources that failed."""

    listed: int = 0
    announced: int = 0
    own_output: int = 0
    waiting: int = 0
    absent: int = 0
    list_calls: int = 0
    faults: list[str] = field(default_factory=list)


class Discover:
    """Lists and announces; it decides nothing. Dying anywhere costs a sweep."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        client_of: Callable[[str], S3Client],
        known: Known,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`wall` gives seconds since 1970, to tell how long an object of a `settle` source has rested."""
        self._settings = settings
        self._catalogue = catalogue
        self._client_of = client_of
        self._known = known
        self._wall = wall
        self._output = split_url(settings.output)
        self._announcer = Announcer(settings)
        self._absent = Absent(settings, catalogue, known)
        self._announced = Seen()  # delivered, but perhaps not yet handled by the lanes
        self._delivered: dict[int, int] = {}  # lane to the offset behind our last announcement

    async def sweep(self) -> Swept:
        """List every source and announce what is new. Waits, and says so, while Kafka or S3 is away."""
        await until_answered("kafka", self._known.refresh)
        if await self.is_handled():
            # whatever the lanes made of them is in the ledger; what is not, is announced again
            await until_answered("kafka", self._known.refresh)
            self._announced.clear()
        swept = Swept()
        self._absent.begin()
        for bucket, prefix in self._catalogue.places():
            try:
                await self._sweep_place(bucket, prefix, swept)
            except (Denied, Gone, Overwritten, Archived) as fault:
                code = fault.args[0] if fault.args else type(fault).__name__
                swept.faults.append(f"s3://{bucket}/{prefix}: {code}")
                log.error(
                    "a source cannot be listed; the others go on",
                    extra={"source": f"s3://{bucket}/{prefix}", "reason": code},
                )
        await self._ask_again(swept)
        if not swept.faults:
            await self._take_leave(swept)
        SWEEPS.inc()
        log.info(
            "sweep ended",
            extra={
                "listed": swept.listed,
                "announced": swept.announced,
                "own_output": swept.own_output,
                "waiting": swept.waiting,
                "absent": swept.absent,
                "list_calls": swept.list_calls,
            },
        )
        return swept

    async def _take_leave(self, swept: Swept) -> None:
        news = await until_answered("kafka", self._absent.found)
        if news:
            await until_answered("kafka", partial(self._deliver, news))
            swept.absent += len(news)

    async def _ask_again(self, swept: Swept) -> None:
        """Announce what was denied and is not listed any more: its lane finds out what became of it."""
        news = []
        for entry, _ in self._known.unfinished():
            v = entry.version
            seen = Announcement(v.bucket, v.key, v.etag, v.modified_seconds, v.size_bytes)
            is_ours = self._catalogue.of(v.bucket, v.key) is not None
            if entry.is_denied and is_ours and seen.listing not in self._announced:
                news.append(seen)
        if news:
            await until_answered("kafka", partial(self._deliver, news))
            swept.announced += len(news)

    async def _sweep_place(self, bucket: str, prefix: str, swept: Swept) -> None:
        waiting = Waiting(self._wall())
        token = ""
        while True:
            # a page is asked for again as a whole: the token names where it begins
            keys, token = await until_answered("s3", partial(self._page, bucket, prefix, token))
            swept.list_calls += 1
            news: list[Announcement] = []
            for seen in keys:
                if self.is_own_output(bucket, seen.key):
                    swept.own_output += 1
                    continue
                if seen.key.endswith("/") and not seen.size_bytes:
                    continue  # a folder's marker, not a drop
                if self._catalogue.is_marker(bucket, seen.key):
                    waiting.take_marker(seen)
                    continue
                source = self._catalogue.of(bucket, seen.key)
                if source is None:
                    continue
                swept.listed += 1
                listing = seen.listing
                self._absent.show(listing)
                if self._known.is_known(listing) or listing in self._announced:
                    continue
                if waiting.is_ready(source, seen):
                    news.append(seen)
            news += waiting.marked() if not token else []
            if news:
                await until_answered("kafka", partial(self._deliver, news))
                swept.announced += len(news)
            if not token:
                swept.waiting += waiting.count
                return

    async def _page(self, bucket: str, prefix: str, token: str) -> tuple[list[Announcement], str]:
        LIST_CALLS.inc()
        arguments: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        if token:
            arguments["ContinuationToken"] = token
        try:
            page = await self._client_of(bucket).list_objects_v2(**arguments)
        except S3_FAULTS as error:
            raise fault_of(error) from error
        found = [
            Announcement(
                bucket,
                item["Key"],
                etag_of(item["ETag"]),
                int(item["LastModified"].timestamp()),
                item["Size"],
            )
            for item in page.get("Contents", ())
        ]
        return found, page.get("NextContinuationToken", "") if page.get("IsTruncated") else ""

    def is_own_output(self, bucket: str, key: str) -> bool:
        """True for what Forebay wrote: it is never read."""
        out_bucket, out_prefix = self._output
        return bucket == out_bucket and key.startswith(out_prefix)

    async def announce(self, news: list[Announcement]) -> None:
        """Announce what events name. Returns once Kafka has it; waits, and says so, while Kafka is away.

        It is apart from what sweeps announce: they remember theirs until all is handled, which under a steady
        flow of events would be never.
        """
        await until_answered("kafka", lambda: watched("announcements", self._announcer.send(news)))

    async def _deliver(self, news: list[Announcement]) -> None:
        await watched("announcements", self._announce(news))

    async def _announce(self, news: list[Announcement]) -> None:
        for delivered in await self._announcer.send(news):
            at = self._delivered.get(delivered.partition, 0)
            self._delivered[delivered.partition] = max(at, delivered.offset + 1)
        for seen in news:
            self._announced.add(seen.listing)

    async def is_handled(self) -> bool:
        """True once the lanes have committed what they made of every announcement of ours."""
        if not self._delivered:
            return True
        committed = await until_answered("kafka", self._announcer.handled)
        return all(committed.get(lane, -1) >= offset for lane, offset in self._delivered.items())

    async def close(self) -> None:
        await self._announcer.close()

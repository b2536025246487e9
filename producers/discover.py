"""Full sweeps of every source; what the ledger does not know is announced on `drops`.

Each sweep lists all of it again: a listing "after the last key" or "newer than the last time" misses keys
that sort before, that arrive late, or that share a second. An announcement that was lost is made again.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from clients.errors import RetryLater
from clients.kafka import admin, connection
from clients.metrics import LIST_CALLS, SWEEPS
from clients.s3 import S3Client
from clients.waiting import until_answered
from producers.announcements import Announcement
from producers.known import Known
from producers.ledger import lane_of
from producers.seen import Seen
from producers.versions import S3_FAULTS, Archived, Denied, Gone, Overwritten, etag_of, fault_of
from producers.waiting import watched
from streams.names import Names
from streams.settings import Settings, split_url

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Swept:
    """One sweep: objects listed and announced, keys of our own output passed over, sources that failed."""

    listed: int = 0
    announced: int = 0
    own_output: int = 0
    list_calls: int = 0
    faults: list[str] = field(default_factory=list)


class Discover:
    """Lists and announces; it decides nothing. Dying anywhere costs a sweep."""

    def __init__(self, settings: Settings, client: S3Client, known: Known) -> None:
        self._settings = settings
        self._client = client
        self._known = known
        self._names = Names(settings.namespace)
        self._producer: AIOKafkaProducer | None = None
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
        for bucket, prefix in self._settings.source_buckets():
            try:
                await self._sweep_source(bucket, prefix, swept)
            except (Denied, Gone, Overwritten, Archived) as fault:
                code = fault.args[0] if fault.args else type(fault).__name__
                swept.faults.append(f"s3://{bucket}/{prefix}: {code}")
                log.error(
                    "a source cannot be listed; the others go on",
                    extra={"source": f"s3://{bucket}/{prefix}", "reason": code},
                )
        await self._ask_again(swept)
        SWEEPS.inc()
        log.info(
            "sweep ended",
            extra={
                "listed": swept.listed,
                "announced": swept.announced,
                "own_output": swept.own_output,
                "list_calls": swept.list_calls,
            },
        )
        return swept

    async def _ask_again(self, swept: Swept) -> None:
        """Announce what was denied and is not listed any more: its lane finds out what became of it."""
        sources = self._settings.source_buckets()
        news = []
        for entry, _ in self._known.unfinished():
            v = entry.version
            seen = Announcement(v.bucket, v.key, v.etag, v.modified_seconds, v.size_bytes)
            is_ours = any(v.bucket == bucket and v.key.startswith(prefix) for bucket, prefix in sources)
            if entry.is_denied and is_ours and seen.listing not in self._announced:
                news.append(seen)
        if news:
            await until_answered("kafka", partial(self._deliver, news))
            swept.announced += len(news)

    async def _sweep_source(self, bucket: str, prefix: str, swept: Swept) -> None:
        out_bucket, out_prefix = split_url(self._settings.output)
        token = ""
        while True:
            # a page is asked for again as a whole: the token names where it begins
            keys, token = await until_answered("s3", partial(self._page, bucket, prefix, token))
            swept.list_calls += 1
            news: list[Announcement] = []
            for seen in keys:
                if bucket == out_bucket and seen.key.startswith(out_prefix):
                    swept.own_output += 1
                    continue
                if seen.key.endswith("/") and not seen.size_bytes:
                    continue  # a folder's marker, not a drop
                swept.listed += 1
                listing = seen.listing
                if not self._known.is_known(listing) and listing not in self._announced:
                    news.append(seen)
            if news:
                await until_answered("kafka", partial(self._deliver, news))
                swept.announced += len(news)
            if not token:
                return

    async def _page(self, bucket: str, prefix: str, token: str) -> tuple[list[Announcement], str]:
        LIST_CALLS.inc()
        arguments: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        if token:
            arguments["ContinuationToken"] = token
        try:
            page = await self._client.list_objects_v2(**arguments)
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

    async def _deliver(self, news: list[Announcement]) -> None:
        await watched("announcements", self._announce(news))

    async def _announce(self, news: list[Announcement]) -> None:
        """Deliver announcements. Raises RetryLater; a repeat sends some twice, which lanes ignore."""
        try:
            if self._producer is None:
                self._producer = await self._open()
            sent = []
            for seen in news:
                lane = lane_of(seen.bucket, seen.key, self._settings.lanes)
                sent.append(
                    await self._producer.send(
                        self._names.drops, seen.value(), key=seen.message_key, partition=lane
                    )
                )
            for delivered in await asyncio.gather(*sent):
                at = self._delivered.get(delivered.partition, 0)
                self._delivered[delivered.partition] = max(at, delivered.offset + 1)
        except (KafkaError, OSError) as error:
            raise RetryLater(f"Kafka does not answer: {type(error).__name__}") from error
        for seen in news:
            self._announced.add(seen.listing)

    async def _open(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(**connection(self._settings), acks="all", linger_ms=5)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def is_handled(self) -> bool:
        """True once the lanes have committed what they made of every announcement of ours."""
        if not self._delivered:
            return True

        async def ask() -> dict[int, int]:
            try:
                async with admin(self._settings) as client:
                    found = await client.list_consumer_group_offsets(self._names.fetch_group)
            except (KafkaError, OSError) as error:
                raise RetryLater(f"Kafka does not answer: {type(error).__name__}") from error
            return {tp.partition: at.offset for tp, at in found.items() if tp.topic == self._names.drops}

        committed = await until_answered("kafka", ask)
        return all(committed.get(lane, -1) >= offset for lane, offset in self._delivered.items())

    async def close(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

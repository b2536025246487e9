"""Lists a place and opens its objects for a look: a local file or folder, or a prefix in S3."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from clients.catalogue import read_catalogue
from clients.errors import Fatal, RetryLater
from clients.s3 import S3Client
from clients.source_servers import source_clients
from console.catalog.listing import Listed
from console.drops_read import is_s3
from producers.announcements import listing_name
from producers.body import Body
from producers.range_file import RangeFile
from producers.states import Ending, ObjectReason, State
from producers.versions import S3_FAULTS, Archived, Denied, Gone, Overwritten, etag_of, fault_of, settle
from streams.settings import Settings, split_url

# Classes whose objects must be restored before they can be read; Glacier Instant Retrieval is none of them.
_ARCHIVE_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
# One object's sample is some MiB at most: when it takes longer the store is away, and a person waits.
SAMPLE_SECONDS = 120.0

# What the ledger says of listed versions: records by their `listing_name`.
KnownRecords = dict[bytes, int]
Look = Callable[[BinaryIO], None]


@dataclass(slots=True)
class Asked:
    """Requests that looking took, and what was passed over."""

    list_calls: int = 0
    reads: int = 0
    read_bytes: int = 0
    own_output: int = 0


class Place(Protocol):
    """`name` ends in a slash or names one object; keys are relative to it."""

    name: str
    asked: Asked

    def keys(self, known: KnownRecords) -> AsyncIterator[tuple[Listed, bool]]:
        """Every key, and whether it lies in an archive class. Raises Fatal or RetryLater."""
        ...

    async def look(self, key: str, look: Look) -> Ending | None:
        """Run `look` on the object in a thread; an Ending where the store does not give it."""
        ...


@asynccontextmanager
async def open_place(settings: Settings, place: str) -> AsyncIterator[Place]:
    """The place that a person named. Raises Fatal where there is none."""
    if not is_s3(place):
        yield LocalPlace(place)
        return
    bucket, prefix = split_url(place)
    if not bucket:
        raise Fatal(f"{place}: name a bucket, for example s3://chats/drops/")
    async with source_clients(settings, read_catalogue(settings), connections=8) as client_of:
        yield S3Place(settings, client_of(bucket), bucket, prefix)


class LocalPlace:
    """A file or a folder of this machine."""

    def __init__(self, place: str) -> None:
        self._root = Path(place)
        self._base = self._root.parent if self._root.is_file() else self._root
        self.name = place.rstrip("/") + "/" if self._root.is_dir() else place
        self.asked = Asked()

    async def keys(self, known: KnownRecords) -> AsyncIterator[tuple[Listed, bool]]:
        if not self._root.exists():
            raise Fatal(f"{self.name}: there is no such file or folder")
        if self._root.is_file():
            yield Listed(self._root.name, self._root.stat().st_size), False
            return
        for path in sorted(self._root.rglob("*")):
            if path.is_file():
                yield Listed(path.relative_to(self._root).as_posix(), path.stat().st_size), False

    async def look(self, key: str, look: Look) -> Ending | None:
        def read() -> None:
            with (self._base / key).open("rb") as stored:
                look(stored)

        try:
            await asyncio.to_thread(read)
        except FileNotFoundError:
            return Ending(State.GONE)
        except OSError as error:
            return Ending(State.FOUND, ObjectReason.DENIED, detail=type(error).__name__)
        return None


class S3Place:
    """A prefix of a bucket. Forebay's own output is passed over, as in every sweep."""

    def __init__(self, settings: Settings, client: S3Client, bucket: str, prefix: str) -> None:
        self._settings, self._client, self._bucket, self._prefix = settings, client, bucket, prefix
        self._base = prefix[: prefix.rfind("/") + 1]
        self.name = f"s3://{bucket}/{self._base}"
        self.asked = Asked()

    async def keys(self, known: KnownRecords) -> AsyncIterator[tuple[Listed, bool]]:
        out_bucket, out_prefix = split_url(self._settings.output)
        pages = self._client.get_paginator("list_objects_v2")
        try:
            async for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                self.asked.list_calls += 1
                for item in page.get("Contents", ()):
                    key, size = item["Key"], item["Size"]
                    if self._bucket == out_bucket and key.startswith(out_prefix):
                        self.asked.own_output += 1
                        continue
                    if key.endswith("/") and not size:
                        continue  # a folder's marker, not a drop
                    records = None
                    if known:
                        modified = int(item["LastModified"].timestamp())
                        records = known.get(listing_name(self._bucket, key, etag_of(item["ETag"]), modified))
                    is_archived = item.get("StorageClass") in _ARCHIVE_CLASSES
                    yield Listed(key.removeprefix(self._base), size, records), is_archived
        except S3_FAULTS as error:
            fault = fault_of(error)
            place = f"s3://{self._bucket}/{self._prefix}"
            if isinstance(fault, RetryLater):
                raise RetryLater(
                    f"S3 at {self._settings.s3_endpoint or 'AWS'} does not answer: cannot list {place}"
                ) from error
            raise Fatal(f"S3 refuses to list {place}: {fault}") from error

    async def look(self, key: str, look: Look) -> Ending | None:
        try:
            async with asyncio.timeout(SAMPLE_SECONDS):
                await self._look(self._base + key, look)
        except Denied as denied:
            return Ending(State.FOUND, ObjectReason.DENIED, detail=denied.code)
        except Archived:
            return Ending(State.REFUSED, ObjectReason.ARCHIVED)
        except (Gone, Overwritten):
            return Ending(State.GONE)
        except TimeoutError:
            raise RetryLater(f"S3 gave no sample of an object within {SAMPLE_SECONDS:.0f} s") from None
        return None

    async def _look(self, key: str, look: Look) -> None:
        version = await settle(self._client, self._bucket, key)
        body = Body(self._client, version, 0)

        async def fetch(start: int, size: int) -> bytes:
            # each read is one bounded GET: nothing is asked for that is not looked at
            self.asked.reads += 1
            self.asked.read_bytes += size
            return await body.range(start, size)

        stored = RangeFile(asyncio.get_running_loop(), version.size_bytes, fetch)
        try:
            await asyncio.to_thread(look, io.BufferedReader(stored))
        finally:
            stored.stop()  # a thread that was left behind must not go on asking
            body.close()

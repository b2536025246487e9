"""Reads drops as the pipeline's intake does, but into records and not into Kafka: local files, folders, S3."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from clients.errors import Fatal, RetryLater
from clients.s3 import S3Client, error_code, is_passing, s3_client
from producers.body import BLOCK_BYTES, Body
from producers.chunker import Piece
from producers.cutter import Cutter
from producers.states import Ending, Limits, ObjectReason, State
from producers.versions import Archived, Denied, Gone, Overwritten, settle
from streams.chain import receive
from streams.chunks import Part, RawChunk, Stub
from streams.origins import origins
from streams.records import Record
from streams.settings import Settings, split_url

LOCAL_BUCKET = "local"


@dataclass(frozen=True, slots=True)
class ObjectRead:
    """How reading one object ended. `key` is relative to what was named; `records` were handed out."""

    key: str
    state: str
    reason: str | None
    container: str | None
    compression: str | None
    records: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Neighbouring records of one object."""

    key: str
    records: list[Record]


def is_s3(place: str) -> bool:
    return place.startswith("s3://")


async def read_drops(settings: Settings, place: str, sample: int) -> AsyncIterator[Batch | ObjectRead]:
    """Every record below a place, each object followed by how it ended. `sample`: so many of each; 0: all.

    Raises Fatal where there is nothing there, or S3 refuses to list it.
    """
    if is_s3(place):
        async for found in _from_s3(settings, place, sample):
            yield found
        return
    root = Path(place)
    if not root.exists():
        raise Fatal(f"{place}: there is no such file or folder")
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    if not files:
        raise Fatal(f"{place}: there is no file in this folder")
    for path in files:
        key = path.name if root.is_file() else str(path.relative_to(root))
        for piece_or_end in _from_file(settings, path, key, sample):
            yield piece_or_end


def _from_file(settings: Settings, path: Path, key: str, sample: int) -> Iterator[Batch | ObjectRead]:
    reader = _Reader(settings, LOCAL_BUCKET, path.name, key, sample)
    try:
        with path.open("rb") as stored:
            while not reader.is_done:
                yield from reader.take(stored.read(BLOCK_BYTES))
    except OSError as error:
        yield reader.ended(Ending(State.FOUND, ObjectReason.DENIED, detail=type(error).__name__))


async def _from_s3(settings: Settings, place: str, sample: int) -> AsyncIterator[Batch | ObjectRead]:
    bucket, prefix = split_url(place)
    _, output = split_url(settings.output)
    async with s3_client(settings) as client:
        keys = 0
        async for key in _keys(settings, client, bucket, prefix):
            if settings.output == f"s3://{bucket}/{output}" and key.startswith(output):
                continue  # own output is never read
            keys += 1
            shown = key.removeprefix(prefix).lstrip("/") or key.rpartition("/")[2]
            async for found in _from_object(settings, client, bucket, key, shown, sample):
                yield found
        if not keys:
            raise Fatal(f"{place}: there is no object")


async def _keys(settings: Settings, client: S3Client, bucket: str, prefix: str) -> AsyncIterator[str]:
    try:
        async for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                if not item["Key"].endswith("/"):
                    yield item["Key"]
    except (ClientError, BotoCoreError, OSError) as error:
        if not isinstance(error, ClientError) or is_passing(error):
            raise RetryLater(
                f"S3 at {settings.s3_endpoint or 'AWS'} does not answer: cannot list {bucket}"
            ) from error
        raise Fatal(f"S3 refuses to list s3://{bucket}/{prefix}: {error_code(error)}") from error


async def _from_object(
    settings: Settings, client: S3Client, bucket: str, key: str, shown: str, sample: int
) -> AsyncIterator[Batch | ObjectRead]:
    reader = _Reader(settings, bucket, key, shown, sample)
    try:
        version = await settle(client, bucket, key)
        reader.version = version.version
        body = Body(client, version, 0)
        try:
            while not reader.is_done:
                for found in reader.take(await body.read()):
                    yield found
        finally:
            body.close()
    except Denied as denied:
        yield reader.ended(Ending(State.FOUND, ObjectReason.DENIED, detail=denied.code))
    except Archived:
        yield reader.ended(Ending(State.REFUSED, ObjectReason.ARCHIVED))
    except (Gone, Overwritten):
        yield reader.ended(Ending(State.GONE))


class _Reader:
    """One object: stored bytes in, batches and at last one ObjectRead out."""

    def __init__(self, settings: Settings, bucket: str, key: str, shown: str, sample: int) -> None:
        self._cutter = Cutter(
            Limits(
                settings.chunk_bytes, settings.chunk_records, settings.record_bytes, settings.csv_field_bytes
            )
        )
        self._bucket, self._key, self._shown, self._sample = bucket, key, shown, sample
        self._origin = origins(settings.source_buckets())
        self._container: str | None = None
        self._compression: str | None = None
        self._records = 0
        self.version = ""
        self.is_done = False

    def take(self, block: bytes) -> Iterator[Batch | ObjectRead]:
        """What a block brings; an empty one is the object's end."""
        for piece in self._cutter.feed(block) if block else self._cutter.finish():
            if self.is_done:
                continue  # the cutter wants to be read to its end
            yield from self._piece(piece)

    def ended(self, ending: Ending) -> ObjectRead:
        self.is_done = True
        reason = ending.reason.value or None
        return ObjectRead(
            self._shown, ending.state.value, reason, self._container, self._compression, self._records
        )

    def _piece(self, piece: Piece) -> Iterator[Batch | ObjectRead]:
        if piece.after is not None:
            self._container, self._compression = piece.after.container, piece.after.compression
        if piece.count:
            stubs = tuple(Stub(0, s.record, s.reason, s.start, s.end) for s in piece.stubs)
            part = Part(
                self._bucket, self._key, self.version, piece.first, piece.count, self._container or ""
            )
            records = receive(RawChunk(piece.value, (part,), stubs), self._origin)
            if self._sample:
                records = records[: self._sample - self._records]
            self._records += len(records)
            yield Batch(self._shown, records)
        if self._sample and self._records >= self._sample and piece.ending is None:
            yield self.ended(Ending(State.READING))
        elif piece.ending is not None:
            yield self.ended(piece.ending)

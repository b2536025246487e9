"""Reads drops as the pipeline's intake does, but into records and not into Kafka: local files, folders, S3."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from clients.catalogue import read_catalogue
from clients.errors import Fatal, RetryLater
from clients.s3 import S3Client, error_code, is_passing, s3_client
from producers.limits import limits_of
from producers.offline import pieces_of
from producers.packing import parts_of
from producers.pieces import Piece
from producers.reading import pieces_of_version
from producers.states import Ending, ObjectReason, State
from producers.versions import Denied, Gone, settle
from streams.chain import receive
from streams.chunks import RawChunk
from streams.records import Record
from streams.settings import Settings, split_url
from streams.steps.kept import persons

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
            for piece in pieces_of(stored, limits_of(settings)):
                yield from reader.take(piece)
                if reader.is_done:
                    return
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
        async with aclosing(pieces_of_version(client, version, limits_of(settings))) as pieces:
            async for piece in pieces:
                for found in reader.take(piece):
                    yield found
                if reader.is_done:
                    break
    except Denied as denied:
        yield reader.ended(Ending(State.FOUND, ObjectReason.DENIED, detail=denied.code))
    except Gone:
        yield reader.ended(Ending(State.GONE))


class _Reader:
    """One object: pieces in, batches and at last one ObjectRead out."""

    def __init__(self, settings: Settings, bucket: str, key: str, shown: str, sample: int) -> None:
        self._bucket, self._key, self._shown, self._sample = bucket, key, shown, sample
        self._origin = read_catalogue(settings).origin_of
        self._person = persons(settings.person_key.get_secret_value().encode())
        self._container: str | None = None
        self._compression: str | None = None
        self._records = 0
        self.version = ""
        self.is_done = False

    def ended(self, ending: Ending) -> ObjectRead:
        self.is_done = True
        reason = ending.reason.value or None
        return ObjectRead(
            self._shown, ending.state.value, reason, self._container, self._compression, self._records
        )

    def take(self, piece: Piece) -> Iterator[Batch | ObjectRead]:
        """What a piece brings."""
        if piece.after is not None:
            self._container, self._compression = piece.after.container, piece.after.compression
        if piece.count:
            parts, stubs = parts_of(piece, self._bucket, self._key, self.version, self._container or "")
            records = receive(RawChunk(piece.value, tuple(parts), tuple(stubs)), self._origin, self._person)
            if self._sample:
                records = records[: self._sample - self._records]
            self._records += len(records)
            yield Batch(self._shown, records)
        if self._sample and self._records >= self._sample and piece.ending is None:
            yield self.ended(Ending(State.READING))
        elif piece.ending is not None:
            yield self.ended(piece.ending)

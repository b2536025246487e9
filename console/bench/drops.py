"""Puts the bench's objects into its bucket: plain and gzip JSON Lines, and one large object."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from clients.s3 import S3Client
from console.bench.corpus import chat_lines

BUCKET = "bench"
PLAIN, GZIP, LARGE = "plain/", "gzip/", "large/"
SEED = 11
OBJECTS = 8
GZIP_SHARE = 4  # one in so many objects is put again as gzip: that phase measures unpacking, not the rest
COPY_SHARE, CRISIS_SHARE = 0.03, 0.01
SAMPLE_RECORDS = 5_000  # what the bare loop runs over again and again

_PART_BYTES = 16 << 20
_PARTS_AT_ONCE = 3
_BLOCK_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class Put:
    """What was put: records by prefix, plain bytes, and the first lines for the bare loop."""

    records: int
    gzip_records: int
    plain_bytes: int
    sample: tuple[bytes, ...]


def corpus(records: int) -> Iterator[bytes]:
    """The bench's records, the same ones every time."""
    return chat_lines(records, SEED, copy_share=COPY_SHARE, crisis_share=CRISIS_SHARE)


async def put_drops(client: S3Client, records: int) -> Put:
    """Put `records` in eight objects, and two of these again as gzip."""
    lines = corpus(records)
    sample: list[bytes] = []
    gzip_records = plain_bytes = 0
    for number in range(OBJECTS):
        count = records // OBJECTS + (number < records % OBJECTS)
        held = list(islice(lines, count))
        sample += held[: SAMPLE_RECORDS - len(sample)]
        body = b"\n".join(held) + b"\n"
        plain_bytes += len(body)
        await client.put_object(Bucket=BUCKET, Key=f"{PLAIN}drop-{number}.jsonl", Body=body)
        if number % GZIP_SHARE == 0:
            # level 6: what tools that write drops do
            packed = await asyncio.to_thread(gzip.compress, body, 6)
            await client.put_object(Bucket=BUCKET, Key=f"{GZIP}drop-{number}.jsonl.gz", Body=packed)
            gzip_records += count
    return Put(records, gzip_records, plain_bytes, tuple(sample))


def large_lines(block: Sequence[bytes], size_bytes: int) -> Iterator[bytes]:
    """Lines until `size_bytes` are reached: the block again and again, each line with an id of its own."""
    made = number = 0
    while made < size_bytes:
        line = b'%s,"id":"%d"}\n' % (block[number % len(block)][:-1], number)
        made += len(line)
        number += 1
        yield line


def parts_of(lines: Iterable[bytes], part_bytes: int = _PART_BYTES) -> Iterator[tuple[bytes, int]]:
    """The lines joined into parts of about that size, each with its number of lines."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= part_bytes:
            yield b"".join(held), len(held)
            held, size = [], 0
    if held:
        yield b"".join(held), len(held)


async def put_large(client: S3Client, size_bytes: int) -> int:
    """Put one object of that size, streamed; returns its records. An upload that fails is taken back."""
    key = f"{LARGE}drop.jsonl"
    block = list(chat_lines(_BLOCK_RECORDS, SEED))
    upload = (await client.create_multipart_upload(Bucket=BUCKET, Key=key))["UploadId"]
    records = 0
    tags: list[str] = []
    try:
        async for batch in _batches(parts_of(large_lines(block, size_bytes))):
            numbers = range(len(tags) + 1, len(tags) + 1 + len(batch))
            answers = await asyncio.gather(
                *(
                    client.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=body)
                    for number, (body, _) in zip(numbers, batch, strict=True)
                )
            )
            tags += [answer["ETag"] for answer in answers]
            records += sum(count for _, count in batch)
    except BaseException:
        await client.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload)
        raise
    await client.complete_multipart_upload(
        Bucket=BUCKET,
        Key=key,
        UploadId=upload,
        MultipartUpload={
            "Parts": [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
        },
    )
    return records


async def _batches(parts: Iterator[tuple[bytes, int]]) -> AsyncIterator[list[tuple[bytes, int]]]:
    while batch := list(islice(parts, _PARTS_AT_ONCE)):
        yield batch

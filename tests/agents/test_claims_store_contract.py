"""What claims rest on, asked of the bucket in memory and of a real S3 store: both must answer alike."""

import asyncio
import gzip
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from agents.sink import Sink
from clients.errors import RetryLater
from clients.s3 import Documents, Put, probe_conditional_put, s3_client
from console.local.stack import Stack
from streams.settings import Settings
from tests.agents.buckets import MemoryBucket
from tests.agents.sink_world import LAYOUT, PLACES, World, a_run, steady_log

Store = MemoryBucket | Documents

pytestmark = pytest.mark.promise


async def patiently(call: Callable[[], Awaitable[Any]]) -> Any:
    """A store that has just started may refuse its first writes."""
    for _ in range(30):
        try:
            return await call()
        except RetryLater:
            await asyncio.sleep(0.2)
    return await call()


@pytest.fixture(
    params=["memory", pytest.param("server", marks=pytest.mark.servers)], ids=["in memory", "on a server"]
)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryBucket()
        return
    stack: Stack = request.getfixturevalue("stack")
    names = {name.removeprefix("FOREBAY_").lower(): value for name, value in stack.environment().items()}
    settings = Settings.model_validate(names)
    bucket = f"contract-{uuid.uuid4().hex[:12]}"
    async with s3_client(settings) as client:
        await client.create_bucket(Bucket=bucket)
        documents = Documents(client, bucket, settings)
        await patiently(lambda: documents.put("warm/up", b"."))
        yield documents


async def test_a_free_key_is_taken_once_and_keeps_its_first_body(store: Store) -> None:
    assert await store.put_if("a/1.json", b"first", matches="nothing") is Put.WRITTEN
    assert await store.put_if("a/1.json", b"second", matches="nothing") is Put.TAKEN
    assert await store.get("a/1.json") == b"first"


async def test_the_same_body_again_is_also_taken(store: Store) -> None:
    await store.put_if("a/1.json", b"first", matches="nothing")
    assert await store.put_if("a/1.json", b"first", matches="nothing") is Put.TAKEN


async def test_of_writers_at_the_same_moment_one_wins_and_its_body_stands(store: Store) -> None:
    bodies = [b"writer %d" % number for number in range(16)]
    answers = await asyncio.gather(
        *(
            patiently(lambda body=body: store.put_if("a/raced.json", body, matches="nothing"))
            for body in bodies
        )
    )
    assert answers.count(Put.WRITTEN) == 1
    assert await store.get("a/raced.json") == bodies[answers.index(Put.WRITTEN)]


async def test_a_change_goes_through_for_the_etag_that_was_read_and_only_once(store: Store) -> None:
    await store.put("current.json", b"one")
    found = await store.get_with_etag("current.json")
    assert found is not None
    assert await store.put_if("current.json", b"two", matches=found[1]) is Put.WRITTEN
    assert await store.put_if("current.json", b"three", matches=found[1]) is Put.TAKEN
    assert await store.get("current.json") == b"two"


async def test_a_change_of_what_is_not_there_is_taken(store: Store) -> None:
    assert await store.put_if("none.json", b"x", matches='"0123456789abcdef0123456789abcdef"') is Put.TAKEN
    assert await store.get("none.json") is None


async def test_what_is_not_there_reads_as_none(store: Store) -> None:
    assert await store.get("nothing/here") is None
    assert await store.get_with_etag("nothing/here") is None
    assert not await store.exists("nothing/here")


async def test_a_plain_put_replaces_and_is_seen_at_once(store: Store) -> None:
    await store.put("kept/p000-00000001.jsonl.gz", b"a", "application/gzip")
    assert await store.exists("kept/p000-00000001.jsonl.gz")
    await store.put("kept/p000-00000001.jsonl.gz", b"bb", "application/gzip")
    assert await store.get("kept/p000-00000001.jsonl.gz") == b"bb"


async def test_keys_and_folders_are_listed_in_order(store: Store) -> None:
    for key in ("list/b/2", "list/a/1", "list/b/1", "list/c", "other/1"):
        await store.put(key, b".")
    assert await store.keys("list/") == ["list/a/1", "list/b/1", "list/b/2", "list/c"]
    assert await store.folders("list/") == ["a", "b"]


async def test_the_probe_finds_that_the_store_keeps_a_claim(store: Store) -> None:
    await probe_conditional_put(store, f"probe/{uuid.uuid4().hex}")  # type: ignore[arg-type]


async def test_three_sinks_on_the_same_partitions_write_each_line_once(store: Store) -> None:
    logs = [steady_log(40, lines=5), steady_log(40, lines=5, partition=1)]
    truth = World(logs)
    acked: list[tuple[int, int]] = []

    async def forget(partition: int, raw_next: int) -> None:
        return None

    async def work(name: str, cut_every: int) -> None:
        sink = Sink(store, LAYOUT, a_run(2), Settings(), name, time.monotonic, forget, wall=time.time)
        starts = await sink.assigned(range(2))
        for offset in range(40):
            for partition, start in starts.items():
                if offset >= start:
                    chunk = logs[partition][offset]
                    await sink.receive(
                        partition, offset, 0, chunk, lambda place=(partition, offset): acked.append(place)
                    )
            if offset % cut_every == 0:
                await sink.drain()
        await sink.drain()
        assert sink.buffered_messages == 0

    await asyncio.gather(work("one", 3), work("two", 7), work("three", 11))
    assert set(acked) == {(partition, offset) for partition in range(2) for offset in range(40)}
    for partition in range(2):
        for dataset, split in PLACES:
            folder = LAYOUT.run("r1") + (f"{dataset}/split={split}/" if split else f"{dataset}/")
            keys = await store.keys(f"{folder}p{partition:03d}-")
            bodies = [await store.get(key) for key in keys]
            content = b"".join(gzip.decompress(body) for body in bodies if body is not None)
            assert content == truth.truth(partition, (dataset, split))

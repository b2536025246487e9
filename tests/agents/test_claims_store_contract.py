"""What claims rest on, asked of the bucket in memory and of a real S3 store: both must answer alike."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from clients.errors import RetryLater
from clients.s3 import Documents, Put, probe_conditional_put, s3_client
from console.local.stack import Stack
from streams.settings import Settings
from tests.agents.buckets import MemoryBucket

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

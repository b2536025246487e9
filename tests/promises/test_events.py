"""A new object is read within ten seconds by its event, when no sweep is near; and sweeps find what events miss."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml

from clients.s3 import s3_client
from console.local.stack import Stack
from tests.producers.test_event_messages import ODD_KEYS, bridged
from tests.promises.fetch_world import CANARY, World, lines, until
from tests.servers.moto_server import MotoQueue, moto_queue, moto_server, notify

pytestmark = [pytest.mark.servers, pytest.mark.promise]

PROMISED_SECONDS = 10


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
async def queue(moto: str) -> AsyncIterator[MotoQueue]:
    async with moto_queue(moto) as made:
        yield made


@pytest.fixture
async def world(stack: Stack, moto: str, queue: MotoQueue, tmp_path: Path) -> AsyncIterator[World]:
    """Kafka and Redis are real; the bucket, its queue and the events between them are moto's."""
    catalogue = tmp_path / "sources.yaml"
    made = World(
        stack,
        tmp_path,
        s3_endpoint=moto,
        s3_access_key="moto",
        s3_secret_key="moto",
        s3_path_style=True,
        sources=(),
        sources_file=str(catalogue),
        sweep_seconds=3600,
    )
    rows = [
        {"name": "talks", "place": f"s3://{made.name}/drops/"},
        {"name": "marked", "place": f"s3://{made.name}/drops/marked/", "ready": "marker", "marker": "_DONE"},
        {
            "name": "rested",
            "place": f"s3://{made.name}/drops/rested/",
            "ready": "settle",
            "settle_seconds": 2,
        },
    ]
    for row in rows:
        row["events"] = queue.url
    catalogue.write_text(yaml.safe_dump({"version": 1, "sources": rows}))
    await made.prepare()
    async with s3_client(made.settings) as client:
        await notify(client, made.name, queue)
    yield made
    made.end()


async def _following(world: World) -> None:
    """A process whose first sweep is over: the next one is an hour away."""
    before = world.logs().count('"sweep ended"') if world.processes else 0
    world.start("follow")
    await until(lambda: _said(world, '"sweep ended"', before + 1))


async def _said(world: World, what: str, times: int = 1) -> bool:
    return world.logs().count(what) >= times


async def _has(world: World, key: str) -> bool:
    return bool(await world.records(key))


async def _emptied(queue: MotoQueue) -> bool:
    return await queue.held() == 0


async def test_a_new_object_is_in_raw_within_ten_seconds_by_its_event(world: World, queue: MotoQueue) -> None:
    await _following(world)
    body = lines(5)
    at = time.monotonic()
    await world.put("new.jsonl", b"\n".join(body))
    await until(lambda: _has(world, "new.jsonl"))
    assert time.monotonic() - at < PROMISED_SECONDS
    assert await world.records("new.jsonl") == body
    # changed, it is read again, and its first version stays what it was
    await world.put("new.jsonl", b'{"a": 2}')
    await until(lambda: _versions(world, "new.jsonl", 2))
    await until(lambda: _emptied(queue))
    assert await _said(world, '"sweep ended"', 1)
    assert not await _said(world, '"sweep ended"', 2)
    assert CANARY not in world.logs()


async def _versions(world: World, key: str, count: int) -> bool:
    return len([name for name, _ in await world.raw() if name == key]) == count


async def test_any_key_survives_the_way_through_the_queue(world: World) -> None:
    await _following(world)
    keys = [key if len(key) < 1000 else "x" * 1018 for key in ODD_KEYS]
    for key in keys:
        await world.put(key, b'{"a": 1}')
    await until(lambda: _all_there(world, keys))
    assert not await _said(world, '"sweep ended"', 2)


async def _all_there(world: World, keys: list[str]) -> bool:
    return {key for key, _ in await world.raw()} == set(keys)


async def test_a_drop_of_several_files_is_read_once_its_marker_is_there(
    world: World, queue: MotoQueue
) -> None:
    await _following(world)
    await world.put("marked/one/a", b'{"a": 1}')
    await world.put("marked/one/b", b'{"b": 1}')
    await until(lambda: _emptied(queue))
    assert await world.raw() == {}
    at = time.monotonic()
    await world.put("marked/one/_DONE", b"")
    await until(lambda: _all_there(world, ["marked/one/a", "marked/one/b"]))
    assert time.monotonic() - at < PROMISED_SECONDS


async def test_an_object_that_has_settled_is_read_long_before_the_next_sweep(world: World) -> None:
    await _following(world)
    at = time.monotonic()
    await world.put("rested/a", b'{"a": 1}')
    await until(lambda: _has(world, "rested/a"))
    assert 1 < time.monotonic() - at < PROMISED_SECONDS + 2


async def test_messages_that_come_again_after_a_death_are_read_once(world: World, queue: MotoQueue) -> None:
    await _following(world)
    keys = [f"k{number}" for number in range(40)]
    for key in keys:
        await world.put(key, b'{"a": 1}')
    await until(lambda: _any_there(world))
    process = world.processes[-1]
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.wait)
    # what SQS gives again, and twice
    await queue.send(*(bridged(f"drops/{key}") for key in keys * 2))
    await _following(world)
    await until(lambda: _all_there(world, keys))
    await until(lambda: _taken(queue))
    await world.raw()  # raises where a record is there twice


async def _taken(queue: MotoQueue) -> bool:
    return await queue.waiting() == 0


async def _any_there(world: World) -> bool:
    return bool(await world.raw())


async def test_a_lost_event_costs_a_sweep_and_a_missing_queue_costs_no_object(
    world: World, queue: MotoQueue
) -> None:
    await queue.sqs.delete_queue(QueueUrl=queue.url)
    await world.put("before", b'{"a": 1}')
    await _following(world)
    await until(lambda: _has(world, "before"))
    await until(lambda: _said(world, "a queue of bucket events cannot be used"))
    assert world.processes[-1].poll() is None
    process = world.processes[-1]
    process.terminate()
    assert await asyncio.to_thread(process.wait, 30) == 0


async def test_once_reads_no_queue(world: World, queue: MotoQueue) -> None:
    held = await queue.held()
    await world.put("k", b'{"a": 1}')
    await world.finish()
    assert await _has(world, "k")
    assert await queue.held() == held + 1

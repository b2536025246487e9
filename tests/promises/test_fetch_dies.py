"""Whatever happens to fetch processes, every record of every object is in `raw` once, in order."""

import asyncio
import gzip
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from clients.errors import Fatal
from console.local.stack import Stack
from producers.states import State
from producers.transaction import LaneProducer, Work
from streams.chunks import Part, RawChunk
from tests.promises.fetch_world import CANARY, World, lines, until
from tests.servers.proxy import FaultProxy

pytestmark = [pytest.mark.servers, pytest.mark.promise]

MakeProxy = Callable[..., Awaitable[FaultProxy]]


@pytest.fixture
async def world(stack: Stack, proxy: MakeProxy, tmp_path: Path) -> AsyncIterator[World]:
    # S3 through a slow line, so that there is a middle to be hit in
    slow = await proxy(stack.ports.s3)
    slow.latency_seconds = 0.02
    made = World(stack, tmp_path, s3_endpoint=f"http://127.0.0.1:{slow.port}")
    await made.prepare()
    yield made
    made.end()


async def _drop(world: World) -> dict[str, list[bytes]]:
    """Drops of several containers; returns each key's records."""
    many, few = lines(2500), lines(3)
    expected = {"plain.jsonl": many, "packed": many, "table": [], "other.jsonl": lines(1500, 3000)}
    await world.put("plain.jsonl", b"\n".join(many))
    await world.put(
        "packed", gzip.compress(b"\n".join(many[:1000]) + b"\n") + gzip.compress(b"\n".join(many[1000:]))
    )
    await world.put("other.jsonl", b"\r\n".join(expected["other.jsonl"]) + b"\r\n")
    text = "along the river\n" * 90
    await world.put("table", b"q,a\n" + b"".join(b'"%s",%d\n' % (text.encode(), n) for n in range(1200)))
    expected["table"] = [
        b'{"q":"%s","a":"%d"}' % (text.replace("\n", "\\n").encode(), n) for n in range(1200)
    ]
    for number in range(40):
        expected[f"small/{number}"] = few
        await world.put(f"small/{number}", b"\n".join(few))
    return expected


async def _check(world: World, expected: dict[str, list[bytes]]) -> None:
    found = await world.raw()
    assert {key: [line for _, line in records] for (key, _), records in found.items()} == expected
    ledger = await world.ledger()
    assert {key: [(e.state, e.records) for e in entries] for key, entries in ledger.items()} == {
        key: [(State.COMPLETE, len(records))] for key, records in expected.items()
    }
    assert CANARY not in world.logs()


async def _grown(world: World, messages: int) -> None:
    before = await world.raw_messages()

    async def has() -> bool:
        return await world.raw_messages() >= before + messages

    await until(has)


async def test_killed_again_and_again_in_mid_stream(world: World) -> None:
    expected = await _drop(world)
    open_when_killed = 0
    for _ in range(4):
        process = world.start("follow")
        await _grown(world, 15)
        process.kill()
        await asyncio.to_thread(process.wait)
        entries = [entry for row in (await world.ledger()).values() for entry in row]
        open_when_killed += sum(entry.state is State.READING and entry.records > 0 for entry in entries)
    assert open_when_killed
    await world.finish()
    await _check(world, expected)


async def test_a_second_process_joins_and_the_first_is_killed(world: World) -> None:
    expected = await _drop(world)
    first = world.start("follow")
    await _grown(world, 10)
    world.start("follow")
    await _grown(world, 15)
    first.kill()
    await world.finish()
    await _check(world, expected)


async def test_a_process_frozen_past_its_session_cannot_write_when_it_wakes(world: World) -> None:
    expected = await _drop(world)
    zombie = world.start("follow")
    await _grown(world, 15)
    zombie.send_signal(signal.SIGSTOP)
    await world.finish()
    zombie.send_signal(signal.SIGCONT)
    # whether it ends or joins again, what it held must not come out
    before = world.log(1).stat().st_size

    async def has_spoken() -> bool:
        return zombie.poll() is not None or world.log(1).stat().st_size > before

    await until(has_spoken)
    await world.put("late", b'{"late": 1}\n')
    expected["late"] = [b'{"late": 1}']
    await world.finish()
    await _check(world, expected)


async def test_stopped_in_mid_stream_it_ends_within_five_seconds_and_goes_on_later(world: World) -> None:
    expected = await _drop(world)
    process = world.start("follow")
    await _grown(world, 15)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 5) == 0
    await world.finish()
    await _check(world, expected)


async def test_an_owner_that_was_fenced_cannot_commit(stack: Stack, tmp_path: Path) -> None:
    world = World(stack, tmp_path)
    await world.prepare()
    old, new = LaneProducer(world.settings, 0), LaneProducer(world.settings, 0)

    def work(key: str) -> Work:
        return Work(chunks=[RawChunk(b"{}", (Part("b", key, "v", 0, 1, "jsonl"),))])

    await old.open()
    await old.commit(work("old"))
    await new.open()
    with pytest.raises(Fatal):
        await old.commit(work("zombie"))
    await new.commit(work("new"))
    assert {key for key, _ in await world.raw()} == {"old", "new"}
    await old.close()
    await new.close()

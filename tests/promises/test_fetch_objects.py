"""What becomes of each kind of object, on real servers: nothing lost, nothing else stopped, all of it named."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from clients import backlog
from clients.s3 import s3_client
from clients.source_servers import source_clients
from console.local.stack import Stack
from producers.intake import IntakeReport, run_intake
from producers.states import ObjectReason, State
from producers.versions import Denied
from streams.outcomes import Reason
from streams.settings import Settings
from tests.producers.bucket import refusal
from tests.promises.fetch_world import CANARY, World, lines, until
from tests.servers.proxy import FaultProxy

pytestmark = pytest.mark.servers

MakeProxy = Callable[..., Awaitable[FaultProxy]]


@pytest.fixture
async def world(stack: Stack, tmp_path: Path) -> AsyncIterator[World]:
    made = World(stack, tmp_path)
    await made.prepare()
    yield made
    made.end()


async def _once(world: World, reach: Any = source_clients, **changes: Any) -> IntakeReport:
    settings = Settings.model_validate(world.settings.model_dump() | changes)
    return await run_intake(settings, once=True, stop=asyncio.Event(), reach=reach)


async def test_bad_objects_end_in_a_state_with_a_reason_and_the_good_one_is_read(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    good = lines(50)
    packed = gzip.compress(b"\n".join(lines(3000, 500)))
    await world.put("good", b"\n".join(good))
    await world.put("truncated", packed[: len(packed) * 2 // 3])
    await world.put("empty", b"")
    await world.put("binary", bytes(range(256)) * 9)
    await world.put("encoding", b'{"a": 1}\n{"t": "caf\xe9"}\n{"t": "\x81"}\n{"b": 2}\n')
    await world.put("large", b'{"a": 1}\n{"t": "' + CANARY.encode() * (1 << 20) + b'"}\n{"b": 2}\n')
    await world.put("folder/", b"")
    async with s3_client(world.settings) as client:
        await client.put_object(Bucket=world.name, Key="out/kept.jsonl", Body=b'{"own": "output"}\n')

    report = await _once(world, sources=(f"s3://{world.name}/",))

    assert report.listed == 6
    assert report.unread == ()
    assert report.states == {"complete": 3, "damaged": 1, "refused": 2}
    assert await world.records("good") == good
    assert await world.records("encoding") == [
        b'{"a": 1}',
        '{"t": "café"}'.encode(),
        Reason.BAD_ENCODING,
        b'{"b": 2}',
    ]
    assert await world.records("large") == [b'{"a": 1}', Reason.TOO_LARGE, b'{"b": 2}']
    damaged = await world.entry("truncated")
    assert (damaged.state, damaged.reason) == (State.DAMAGED, ObjectReason.TRUNCATED)
    read = await world.records("truncated")
    assert len(read) == damaged.records > 1000
    assert read[:-1] == lines(3000, 500)[: len(read) - 1]
    assert damaged.damaged_at is not None
    assert damaged.damaged_at > 500_000
    assert (await world.entry("empty")).reason is ObjectReason.EMPTY
    assert (await world.entry("binary")).reason is ObjectReason.UNKNOWN_CONTAINER
    assert CANARY not in caplog.text

    again = await _once(world, sources=(f"s3://{world.name}/",))
    assert (again.announced, again.states, again.records) == (0, {}, 0)


async def test_odd_keys_are_read_and_so_are_those_that_sort_before_the_last_one(world: World) -> None:
    longest = "/".join(["k" * 200] * 5 + ["k" * 13])  # with its prefix S3's 1,024 bytes
    keys = ["a b", "a+b", "a%2Fb", "100%", "é/ü", "x", "x/y", "日本/🌊", "=&?#", longest]
    assert len(f"drops/{longest}") == 1024
    for key in keys:
        await world.put(key, b'{"a": 1}')
    await _once(world)
    assert {key for key, _ in await world.raw()} == set(keys)
    # later ones, of one second: before all others, between them, behind them
    late = ["!", "a c", "x/a", "~"]
    await asyncio.gather(*(world.put(key, b'{"b": 2}') for key in late))
    await _once(world)
    found = await world.raw()
    assert {key for key, _ in found} == {*keys, *late}
    assert len(found) == len(keys) + len(late)


async def test_a_changed_object_is_read_again_and_an_unchanged_one_is_not(world: World) -> None:
    await world.put("same", b'{"a": 1}')
    await world.put("changed", b'{"a": 1}')
    await _once(world)
    await world.put("changed", b'{"a": 2}')
    assert (await _once(world)).announced == 1
    found = {(key, line) for (key, _), records in (await world.raw()).items() for _, line in records}
    assert found == {("same", b'{"a": 1}'), ("changed", b'{"a": 1}'), ("changed", b'{"a": 2}')}


async def test_versions_of_a_versioned_bucket_are_each_read(world: World) -> None:
    async with s3_client(world.settings) as client:
        await client.put_bucket_versioning(Bucket=world.name, VersioningConfiguration={"Status": "Enabled"})
    await world.put("k", b'{"a": 1}')
    await _once(world)
    await world.put("k", b'{"a": 1}')
    await _once(world)
    entries = (await world.ledger())["k"]
    assert {entry.state for entry in entries} == {State.SUPERSEDED, State.COMPLETE}
    assert [entry.records for entry in entries] == [1, 1]
    assert all(entry.version.version == entry.version.version_id for entry in entries)


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_an_object_overwritten_or_deleted_while_it_is_read(
    world: World, stack: Stack, proxy: MakeProxy, is_deleted: bool
) -> None:
    slow = await proxy(stack.ports.s3)
    slow.latency_seconds = 0.05
    old = lines(6000)
    await world.put("k", b"\n".join(old))
    run = asyncio.create_task(_once(world, s3_endpoint=f"http://127.0.0.1:{slow.port}"))

    async def has_begun() -> bool:
        return await world.raw_messages() > 5

    await until(has_begun)
    if is_deleted:
        await world.delete("k")
    else:
        await world.put("k", b'{"new": 1}')
    slow.reset()
    report = await run
    found = {version: [line for _, line in records] for (_, version), records in (await world.raw()).items()}
    first, *rest = sorted(found.values(), key=len, reverse=True)
    assert 0 < len(first) < len(old)
    assert first == old[: len(first)]
    if is_deleted:
        assert report.states == {"gone": 1}
        assert rest == []
    else:
        assert report.states == {"superseded": 1, "complete": 1}
        assert rest == [[b'{"new": 1}']]


async def test_an_object_deleted_or_overwritten_after_it_was_read_is_gone_or_superseded(world: World) -> None:
    for key in ("deleted", "overwritten", "kept"):
        await world.put(key, b'{"a": 1}')
    assert (await _once(world)).states == {"complete": 3}
    await world.delete("deleted")
    await world.put("overwritten", b'{"b": 2}')
    assert (await _once(world)).states == {"gone": 1, "superseded": 1, "complete": 1}
    states = {key: sorted(e.state.value for e in entries) for key, entries in (await world.ledger()).items()}
    assert states == {"deleted": ["gone"], "overwritten": ["complete", "superseded"], "kept": ["complete"]}
    assert {e.records for e in (await world.ledger())["deleted"]} == {1}
    # nothing more to say, and nothing is read again
    assert (await _once(world)).states == {}
    await world.delete("kept")
    assert (await _once(world)).states == {"gone": 1}
    found = await world.raw()
    assert sorted(key for key, _ in found) == ["deleted", "kept", "overwritten", "overwritten"]


async def test_a_version_that_comes_back_after_it_was_gone_is_not_sent_again(world: World) -> None:
    async with s3_client(world.settings) as client:
        await client.put_bucket_versioning(Bucket=world.name, VersioningConfiguration={"Status": "Enabled"})
        await world.put("k", b'{"a": 1}\n{"a": 2}')
        assert (await _once(world)).states == {"complete": 1}
        marker = await client.delete_object(Bucket=world.name, Key="drops/k")
        assert (await _once(world)).states == {"gone": 1}
        # the marker of the deletion is taken away: the same version stands there again
        await client.delete_object(Bucket=world.name, Key="drops/k", VersionId=marker["VersionId"])
    assert (await _once(world)).states == {"complete": 1}
    assert (await world.entry("k")).records == 2
    assert await world.records("k") == [b'{"a": 1}', b'{"a": 2}']


async def test_an_object_that_may_not_be_read_stays_found_is_named_and_read_once_it_may(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.put("secret", b'{"a": 1}')
    await world.put("locked", b'{"a": 1}')
    await world.put("open", b'{"a": 2}')
    refused = {"head_object": "drops/secret", "get_object": "drops/locked"}

    class GuardedClient:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            call = getattr(self._client, name)

            async def guarded(**arguments: Any) -> Any:
                if name in refused and arguments.get("Key") == refused[name]:
                    raise refusal(403, "AccessDenied")
                return await call(**arguments)

            return guarded

    @asynccontextmanager
    async def guarded(*arguments: Any, **named: Any) -> AsyncIterator[Callable[[str], Any]]:
        async with source_clients(*arguments, **named) as client_of:
            yield lambda bucket: GuardedClient(client_of(bucket))

    for _ in range(2):
        report = await _once(world, guarded)
        assert report.unread == (
            f"s3://{world.name}/drops/locked: AccessDenied",
            f"s3://{world.name}/drops/secret: AccessDenied",
        )
        assert (await world.entry("secret")).state is State.FOUND
        assert (await world.entry("locked")).state is State.FOUND
    assert await world.records("open") == [b'{"a": 2}']

    refused.clear()
    report = await _once(world, guarded)
    assert report.unread == ()
    assert await world.records("secret") == await world.records("locked") == [b'{"a": 1}']
    assert (await world.entry("secret")).state is State.COMPLETE


async def test_a_denied_object_that_is_deleted_does_not_hold_up_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.put("k", b'{"a": 1}')
    with monkeypatch.context() as patch:

        async def refuse(*_: Any) -> None:
            raise Denied("AccessDenied")

        patch.setattr("producers.arrivals.settle", refuse)
        assert len((await _once(world)).unread) == 1
    await world.delete("k")
    assert (await _once(world)).unread == ()


async def test_a_missing_bucket_is_named_and_the_other_sources_are_read(world: World) -> None:
    await world.put("k", b'{"a": 1}')
    report = await _once(world, sources=("s3://no-such-bucket/", *world.settings.sources))
    assert report.unread == ("s3://no-such-bucket/: NoSuchBucket",)
    assert await world.records("k") == [b'{"a": 1}']


async def test_follow_picks_up_a_new_object_and_stops_when_told(world: World) -> None:
    stop = asyncio.Event()
    run = asyncio.create_task(run_intake(world.settings, once=False, stop=stop))
    for key in ("b", "a"):  # the second sorts before the first
        await world.put(key, b'{"a": 1}')

        async def is_read(key: str = key) -> bool:
            return await world.records(key) == [b'{"a": 1}']

        await until(is_read)
    stop.set()
    report = await asyncio.wait_for(run, 5)
    assert report.sweeps >= 2
    assert report.unread == ()


async def test_fetch_pauses_while_the_backlog_is_too_large_and_goes_on_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "LOOK_SECONDS", 0.05)
    behind = world.settings.raw_backlog_bytes + 1
    asked = asyncio.Event()

    async def backlog_bytes() -> int:
        asked.set()
        return behind

    stop = asyncio.Event()
    run = asyncio.create_task(run_intake(world.settings, once=False, stop=stop, backlog_bytes=backlog_bytes))
    await asyncio.wait_for(asked.wait(), 30)
    await world.put("k", b'{"a": 1}')

    async def is_found() -> bool:
        return "k" in await world.ledger()

    await until(is_found)
    assert await world.raw_messages() == 0
    behind = 0

    async def is_read() -> bool:
        return await world.records("k") == [b'{"a": 1}']

    await until(is_read)
    stop.set()
    await run


async def test_s3_away_in_mid_stream_is_waited_for(world: World, stack: Stack, proxy: MakeProxy) -> None:
    line = await proxy(stack.ports.s3)
    line.latency_seconds = 0.02
    old = lines(6000)
    await world.put("k", b"\n".join(old))
    process = world.start("once", s3_endpoint=f"http://127.0.0.1:{line.port}")

    async def has_begun() -> bool:
        return await world.raw_messages() > 5

    await until(has_begun)
    await line.refuse()
    line.reset()

    async def is_waiting() -> bool:
        return "waiting for a server" in world.logs()

    await until(is_waiting)
    await line.accept()
    assert await asyncio.to_thread(process.wait, 60) == 0
    assert await world.records("k") == old
    assert CANARY not in world.logs()


async def test_kafka_gone_in_mid_stream_loses_and_repeats_nothing(
    private_stack: Stack, tmp_path: Path
) -> None:
    world = World(private_stack, tmp_path)
    await world.prepare()
    for number in range(12):
        await world.put(f"k{number}", b"\n".join(lines(2500)))
    process = world.start("follow", open_objects=1)

    async def has_begun() -> bool:
        return await world.raw_messages() > 20

    await until(has_begun)
    await asyncio.to_thread(private_stack.kafka.kill)
    await asyncio.sleep(2)  # the outage itself
    await asyncio.to_thread(private_stack.kafka.restart)
    process.kill()
    process = world.start("follow", open_objects=1)
    before = await world.raw_messages()

    async def goes_on() -> bool:
        return await world.raw_messages() > before + 10

    await until(goes_on)
    await asyncio.to_thread(private_stack.kafka.kill)
    process.terminate()
    await asyncio.to_thread(process.wait, 6)  # five, and the interpreter's own end
    await asyncio.to_thread(private_stack.kafka.restart)
    await world.finish()
    found = await world.raw()
    assert {key for key, _ in found} == {f"k{number}" for number in range(12)}
    assert all([line for _, line in records] == lines(2500) for records in found.values())
    world.end()

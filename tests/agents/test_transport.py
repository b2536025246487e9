"""The points of Faust that lose or repeat data: each is made impossible by the transport, on a real broker."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP, EventT

from agents.transport import SafeConsumer, SafeProducer
from clients import kafka
from console.local.stack import Stack
from streams.settings import Settings
from tests.agents.kafka_log import (
    group_offsets,
    make_topic,
    producer,
    reading,
    settings_of,
    until,
    write_transactions,
)

pytestmark = pytest.mark.servers


async def _committed(settings: Any, group: str, topic: str) -> int | None:
    return (await kafka.committed(settings, group, topic, 1))[0]


async def test_an_aborted_transaction_is_never_read_and_idle_commits_pass_its_markers(stack: Stack) -> None:
    settings = settings_of(stack)
    topic = await make_topic(settings, "in")
    await kafka.pin_offsets(settings, "g-abort" + settings.namespace, topic, {0: 0})
    await write_transactions(
        settings, topic, [([b"1", b"2"], True), ([b"lost"], False), ([b"3"], True), ([b"x"], False)]
    )
    end = (await kafka.extent(settings, topic, 1)).ends[0]
    seen: list[bytes] = []

    async def receive(event: EventT[Any]) -> None:
        seen.append(event.value)
        event.ack()

    group = "g-abort" + settings.namespace
    async with reading(settings, group, topic, receive):
        # the log ends in markers: an acknowledged offset + 1 would never reach its end
        await until(lambda: _is(_committed(settings, group, topic), end))
    assert seen == [b"1", b"2", b"3"]
    # what was delivered last (offset 5) is noted beside the end: the next chunk follows it, not a marker
    (point,) = await kafka.resume_points(settings, group, topic, 1)
    assert point == kafka.Resume(end, "6")


async def _begun(stack: Stack, name: str) -> tuple[Settings, str, str]:
    """Settings, a group and a topic of one partition, at whose start the group stands."""
    settings = settings_of(stack)
    group = name + settings.namespace
    topic = await make_topic(settings, "in")
    await kafka.pin_offsets(settings, group, topic, {0: 0})
    return settings, group, topic


def _record(topic: str, offset: int) -> Any:
    fields = {
        "timestamp_type": 0,
        "headers": (),
        "key": None,
        "value": b"",
        "checksum": None,
        "timestamp": None,
    }
    sizes = {"serialized_key_size": 0, "serialized_value_size": 0}
    return SimpleNamespace(topic=topic, partition=0, offset=offset, **fields, **sizes)


async def _is(call: Any, wanted: int | None) -> bool:
    return bool(await call == wanted)


async def test_what_is_not_acknowledged_is_not_committed_and_comes_again(stack: Stack) -> None:
    settings = settings_of(stack)
    group = "g-again" + settings.namespace
    topic = await make_topic(settings, "in")
    await kafka.pin_offsets(settings, group, topic, {0: 0})
    await write_transactions(settings, topic, [([b"%d" % n for n in range(10)], True)])
    first: list[bytes] = []

    async def stop_at_five(event: EventT[Any]) -> None:
        first.append(event.value)
        if event.message.offset < 5:
            event.ack()

    async with reading(settings, group, topic, stop_at_five):
        await until(lambda: len(first) == 10)
        await until(lambda: _is(_committed(settings, group, topic), 5))
    assert await _committed(settings, group, topic) == 5
    second: list[bytes] = []

    async def take(event: EventT[Any]) -> None:
        second.append(event.value)
        event.ack()

    async with reading(settings, group, topic, take):
        await until(lambda: len(second) == 5)
    assert second == [b"5", b"6", b"7", b"8", b"9"]


async def test_a_single_head_that_is_not_acknowledged_is_never_jumped(stack: Stack) -> None:
    # Faust's own bookkeeping jumps it: off by one, and any gap while the group has no offset
    settings = settings_of(stack)
    group = "g-head" + settings.namespace
    topic = await make_topic(settings, "in")
    await kafka.pin_offsets(settings, group, topic, {0: 0})
    await write_transactions(settings, topic, [([b"a", b"b"], True)])
    held: list[EventT[Any]] = []

    async def hold(event: EventT[Any]) -> None:
        held.append(event)

    async with reading(settings, group, topic, hold) as app:
        await until(lambda: len(held) == 2)
        await app.consumer.commit()
        assert await _committed(settings, group, topic) == 0
        held[0].ack()
        await app.consumer.commit()
        assert await _committed(settings, group, topic) == 1


async def test_reading_begins_where_the_app_says_and_not_at_the_group_offset(stack: Stack) -> None:
    settings = settings_of(stack)
    group = "g-seek" + settings.namespace
    topic = await make_topic(settings, "in")
    await kafka.pin_offsets(settings, group, topic, {0: 4})
    async with producer(settings) as client:
        for number in range(8):
            await client.send_and_wait(topic, b"%d" % number, partition=0)
    seen: list[bytes] = []

    async def receive(event: EventT[Any]) -> None:
        seen.append(event.value)
        event.ack()

    async def back_to_two(offsets: Mapping[TP, int | None]) -> Mapping[TP, int]:
        return dict.fromkeys(await group_offsets(offsets), 2)

    async with reading(settings, group, topic, receive, back_to_two):
        await until(lambda: len(seen) == 6)
        await until(lambda: _is(_committed(settings, group, topic), 8))
    assert seen == [b"2", b"3", b"4", b"5", b"6", b"7"]


async def test_a_group_that_lags_behind_where_the_app_begins_is_brought_up_though_nothing_comes(
    stack: Stack,
) -> None:
    settings = settings_of(stack)
    group = "g-ahead" + settings.namespace
    topic = await make_topic(settings, "in")
    await kafka.pin_offsets(settings, group, topic, {0: 1})
    async with producer(settings) as client:
        for number in range(5):
            await client.send_and_wait(topic, b"%d" % number, partition=0)

    async def never(event: EventT[Any]) -> None:
        raise AssertionError("everything is done already")

    async def at_the_end(offsets: Mapping[TP, int | None]) -> Mapping[TP, int]:
        return dict.fromkeys(await group_offsets(offsets), 5)

    async with reading(settings, group, topic, never, at_the_end):
        await until(lambda: _is(_committed(settings, group, topic), 5))


async def test_what_was_read_before_a_seek_is_not_delivered_but_read_again(stack: Stack) -> None:
    settings, group, topic = await _begun(stack, "g-before")
    seen: list[tuple[bool, bytes]] = []
    seeking = False

    async def receive(event: EventT[Any]) -> None:
        seen.append((seeking, event.value))
        event.ack()

    async with producer(settings) as client:

        async def begin(offsets: Mapping[TP, int | None]) -> Mapping[TP, int]:
            if seeking:
                await client.send_and_wait(topic, b"two", partition=0)
                thread = cast(SafeConsumer, app.consumer)._thread
                await until(lambda: thread.positions.get(TP(topic, 0)) == 2)
                return {TP(topic, 0): 1}
            return await group_offsets(offsets)

        async with reading(settings, group, topic, receive, begin) as app:
            await client.send_and_wait(topic, b"one", partition=0)
            await until(lambda: len(seen) == 1)
            seeking = True
            await app.consumer.perform_seek()
            seeking = False
            await client.send_and_wait(topic, b"three", partition=0)
            await until(lambda: _is(_committed(settings, group, topic), 3))
    assert seen == [(False, b"one"), (False, b"two"), (False, b"three")]


async def test_what_is_read_while_a_seek_returns_counts_as_read(stack: Stack, monkeypatch: Any) -> None:
    # else the partition is never idle, and a group that is done looks behind for ever
    settings, group, topic = await _begun(stack, "g-after")
    seen: list[bytes] = []

    async def receive(event: EventT[Any]) -> None:
        seen.append(event.value)
        event.ack()

    async with reading(settings, group, topic, receive) as app:
        await write_transactions(settings, topic, [([b"one"], True)])
        await until(lambda: _is(_committed(settings, group, topic), 2))
        thread = cast(SafeConsumer, app.consumer)._thread
        seek = thread.seek_as

        async def slow_seek(number: int, offsets: Mapping[TP, int]) -> None:
            await seek(number, offsets)
            await write_transactions(settings, topic, [([b"two"], True)])
            await until(lambda: seen == [b"one", b"two"])

        monkeypatch.setattr(thread, "seek_as", slow_seek)
        await app.consumer.perform_seek()
        await until(lambda: _is(_committed(settings, group, topic), 4))


async def test_an_acknowledgement_during_a_seek_leaves_no_partition_busy_for_ever(stack: Stack) -> None:
    # else the commit past its last marker never comes
    settings, group, topic = await _begun(stack, "g-during")
    held: list[EventT[Any]] = []
    seeking = False

    async def receive(event: EventT[Any]) -> None:
        held.append(event)

    async def begin(offsets: Mapping[TP, int | None]) -> Mapping[TP, int]:
        if seeking:
            held[0].ack()
            await until(lambda: _is(_committed(settings, group, topic), 1))
            return {TP(topic, 0): 1}
        return await group_offsets(offsets)

    async with reading(settings, group, topic, receive, begin) as app:
        await write_transactions(settings, topic, [([b"one"], True)])
        await until(lambda: len(held) == 1)
        seeking = True
        await app.consumer.perform_seek()
        await until(lambda: _is(_committed(settings, group, topic), 2))
    assert len(held) == 1


async def test_what_is_acknowledged_during_a_seek_and_read_again_is_committed(stack: Stack) -> None:
    # else Faust takes the second reading for acknowledged already, and the group looks behind for ever
    settings, group, topic = await _begun(stack, "g-again")
    held: list[EventT[Any]] = []
    seeking = False

    async def receive(event: EventT[Any]) -> None:
        held.append(event)
        if len(held) == 2:
            event.ack()

    async def begin(offsets: Mapping[TP, int | None]) -> Mapping[TP, int]:
        if seeking:
            held[0].ack()
            return {TP(topic, 0): 0}
        return await group_offsets(offsets)

    async with reading(settings, group, topic, receive, begin) as app:
        await write_transactions(settings, topic, [([b"one"], True)])
        await until(lambda: len(held) == 1)
        # a worker that holds nothing and does not acknowledge either is one for the watchdog
        consumer = cast(SafeConsumer, app.consumer)
        await until(lambda: consumer._read_to == {TP(topic, 0): 2})
        assert consumer.reading()[0]
        seeking = True
        await app.consumer.perform_seek()
        await until(lambda: _is(_committed(settings, group, topic), 2))
        await until(lambda: not consumer.reading()[0])
    assert len(held) == 2


async def test_messages_of_a_read_are_not_delivered_after_a_seek(stack: Stack, monkeypatch: Any) -> None:
    settings, group, topic = await _begun(stack, "g-rest")
    seen: list[bytes] = []

    async def receive(event: EventT[Any]) -> None:
        seen.append(event.value)
        event.ack()

    await write_transactions(settings, topic, [([b"one", b"two", b"three"], True)])
    async with reading(settings, group, topic, receive) as app:
        await until(lambda: _is(_committed(settings, group, topic), 4))
        consumer, tp = cast(SafeConsumer, app.consumer), TP(topic, 0)
        reads = [({tp: [_record(topic, 1), _record(topic, 2)]}, {tp})]
        read_on = consumer._wait_next_records

        async def one_more_read(timeout: float) -> Any:  # noqa: ASYNC109
            return reads.pop() if reads else await read_on(timeout)

        monkeypatch.setattr(consumer, "_wait_next_records", one_more_read)
        batch = consumer.getmany(1.0)
        assert (await anext(batch))[1].offset == 1
        await consumer.perform_seek()
        assert [message async for message in batch] == []
    assert seen == [b"one", b"two", b"three"]


async def test_a_rebalance_drops_nothing_and_each_member_goes_on_in_order(stack: Stack) -> None:
    settings = settings_of(stack)
    group = "g-two" + settings.namespace
    topic = await make_topic(settings, "in", partitions=4)
    await kafka.pin_offsets(settings, group, topic, dict.fromkeys(range(4), 0))
    seen: dict[int, list[int]] = {number: [] for number in range(4)}

    async def receive(event: EventT[Any]) -> None:
        seen[event.message.partition].append(event.message.offset)
        event.ack()

    async with producer(settings) as client:

        async def write(count: int) -> None:
            for number in range(count):
                await client.send_and_wait(topic, b"%d" % number, partition=number % 4)

        async with reading(settings, group, topic, receive):
            await write(200)
            async with reading(settings, group, topic, receive):
                await write(200)
                await until(lambda: all(offsets and offsets[-1] == 99 for offsets in seen.values()))
            await write(200)
            await until(lambda: all(offsets and offsets[-1] == 149 for offsets in seen.values()))
    for offsets in seen.values():
        assert set(offsets) == set(range(150))
        # repeats are allowed after a rebalance; a step over something unseen is not
        highest = -1
        for offset in offsets:
            assert offset <= highest + 1
            highest = max(highest, offset)


def test_the_producer_is_idempotent_and_waits_for_all_replicas() -> None:
    assert SafeProducer._settings_extra(None) == {"acks": "all", "enable_idempotence": True}  # type: ignore[arg-type]

"""What a sink promises, one situation at a time. Each world checks every write and every acknowledgement too."""

import logging
from collections.abc import AsyncIterator, Callable

import orjson
import pytest

from clients import metrics
from clients.errors import Fatal
from streams.chunks import DecidedChunk, Section
from streams.settings import Settings
from tests.agents.sink_world import LAYOUT, START, World, a_chunk, steady_log

CANARY = "zanzibar-canary-7f3"
CALM = Settings(cut_seconds=60, cut_bytes=1 << 20, buffers_bytes=1 << 20)


@pytest.fixture
async def make_world() -> AsyncIterator[Callable[..., World]]:
    made: list[World] = []

    def make(*logs: list[DecidedChunk], settings: Settings = CALM) -> World:
        made.append(World(list(logs), settings))
        return made[-1]

    yield make
    for world in made:
        world.close()
        await world.settle()


def counted(how: str) -> float:
    return metrics.CLAIMS.labels(how)._value.get()


def claimed(world: World, partition: int = 0) -> list[tuple[int, int]]:
    return [(claim["first"], claim["next"]) for claim in world.claims[partition]]


def names(world: World) -> list[str]:
    return [call.key.removeprefix(LAYOUT.run("r1")) for call in world.calls]


async def test_a_drained_sink_has_written_and_acked_every_line_once(make_world) -> None:
    world = make_world(steady_log(7))
    worker = await world.ready()
    await world.finish(worker)
    await world.through(worker.sink.drain())
    assert list(world.differences()) == []
    assert worker.acked == {0: 6}
    assert world.forgotten == [(0, START + 7)]
    assert (worker.sink.buffered_messages, worker.sink.buffered_bytes) == (0, 0)


async def test_the_chain_is_claim_then_files_then_forget_then_acks(make_world) -> None:
    world = make_world(steady_log(2))
    worker = await world.ready()
    await world.feed(worker, 2)
    world.now += 60
    await worker.sink.cut_due()
    await world.settle()
    assert names(world) == ["claims/p000/00000001.json"]
    await world.answer(world.calls[0], "done")
    await world.settle()
    assert names(world) == ["kept/split=train/p000-00000001.jsonl.gz", "outcomes/p000-00000001.jsonl.gz"]
    await world.answer(world.calls[0], "done")
    await world.settle()
    assert (world.forgotten, worker.acked) == ([], {})
    await world.flow()
    assert (world.forgotten, worker.acked) == ([(0, START + 2)], {0: 1})


async def test_nothing_is_cut_before_it_is_old_or_large(make_world) -> None:
    world = make_world(steady_log(3))
    worker = await world.ready()
    await world.feed(worker, 3)
    world.now += 59.9
    await worker.sink.cut_due()
    await world.settle()
    assert world.calls == []
    world.now += 0.1
    await worker.sink.cut_due()
    await world.flow()
    assert claimed(world) == [(0, 3)]


async def test_a_large_buffer_is_cut_without_a_timer(make_world) -> None:
    world = make_world(steady_log(9), settings=Settings.model_construct(cut_bytes=5000))
    worker = await world.ready()
    await world.feed(worker, 5)
    assert names(world) == ["claims/p000/00000001.json"]


async def test_over_the_limit_of_all_buffers_the_largest_is_cut_first_and_reception_waits(make_world) -> None:
    settings = Settings.model_construct(cut_bytes=50_000, buffers_bytes=20_000)
    world = make_world(steady_log(30), steady_log(30, partition=1), settings=settings)
    worker = await world.ready()
    await world.feed(worker, 3, partition=0)
    await world.feed(worker, 11, partition=1)
    assert names(world) == ["claims/p001/00000001.json"]
    while worker.is_free:
        await world.feed(worker, 1, partition=0)
    assert 20_000 < worker.sink.buffered_bytes < 22_000
    await world.flow()
    assert worker.is_free
    assert worker.sink.buffered_bytes < 20_000


async def test_a_revoke_ends_the_wait_for_room(make_world) -> None:
    world = make_world(
        steady_log(30), settings=Settings.model_construct(cut_bytes=50_000, buffers_bytes=9_000)
    )
    worker = await world.ready()
    while worker.is_free:
        await world.feed(worker, 1)
    waiting = worker.busy
    worker.sink.revoked([0])
    await world.settle()
    assert waiting is not None
    assert waiting.done()
    assert not waiting.cancelled()
    assert worker.sink.buffered_bytes == 0


async def test_reception_goes_on_while_a_cut_runs_and_its_messages_go_into_the_next(make_world) -> None:
    world = make_world(steady_log(8))
    worker = await world.ready()
    await world.feed(worker, 3)
    world.now += 60
    await worker.sink.cut_due()
    await world.feed(worker, 5)
    await world.through(worker.sink.drain())
    assert claimed(world) == [(0, 3), (3, 8)]
    assert list(world.differences()) == []


async def test_of_two_writers_of_the_same_range_one_claims_and_both_go_on(make_world) -> None:
    world = make_world(steady_log(4))
    first, second = await world.ready(), await world.ready()
    before = {how: counted(how) for how in ("written", "lost", "adopted")}
    for worker in (first, second):
        await world.feed(worker, 4)
    await world.through(first.sink.drain())
    await world.through(second.sink.drain())
    assert claimed(world) == [(0, 4)]
    assert (first.acked, second.acked) == ({0: 3}, {0: 3})
    assert {how: counted(how) - before[how] for how in before} == {"written": 1, "lost": 1, "adopted": 1}
    assert list(world.differences()) == []


async def test_a_claim_that_ends_before_what_was_read_is_written_as_claimed_and_the_rest_follows(
    make_world,
) -> None:
    world = make_world(steady_log(6))
    zombie, owner = await world.ready(), await world.ready()
    await world.feed(zombie, 2)
    await world.feed(owner, 6)
    await world.through(zombie.sink.drain())
    await world.through(owner.sink.drain())
    assert claimed(world) == [(0, 2), (2, 6)]
    assert [claim["writer"] for claim in world.claims[0]] == [zombie.name, owner.name]
    assert owner.acked == {0: 5}
    assert list(world.differences()) == []


async def test_a_claim_that_ends_behind_what_was_read_is_read_to_its_end_first(make_world) -> None:
    world = make_world(steady_log(6))
    zombie, owner = await world.ready(), await world.ready()
    await world.feed(zombie, 5)
    await world.feed(owner, 2)
    world.now += 60
    await zombie.sink.cut_due()
    await world.settle()
    await world.answer(world.calls[0], "done")  # the zombie's claim stands, and the zombie is no more
    world.kill(zombie)
    await world.through(owner.sink.drain())
    assert owner.acked == {}
    assert owner.sink.buffered_messages == 2
    await world.feed(owner, 2)
    assert owner.acked == {}
    await world.feed(owner, 2)
    await world.flow()
    assert owner.acked == {0: 4}
    await world.through(owner.sink.drain())
    assert claimed(world) == [(0, 5), (5, 6)]
    assert list(world.differences()) == []


@pytest.mark.parametrize("files_before_death", [0, 1])
async def test_whoever_comes_next_finishes_a_claim_without_its_files(
    make_world, files_before_death: int
) -> None:
    whole = make_world(steady_log(5))
    worker = await whole.ready()
    await whole.finish(worker)
    await whole.through(worker.sink.drain())

    world = make_world(steady_log(5))
    dying = await world.ready()
    await world.feed(dying, 5)
    world.now += 60
    await dying.sink.cut_due()
    await world.settle()
    for _ in range(1 + files_before_death):
        await world.answer(world.calls[0], "done")
        await world.settle()
    world.kill(dying)
    world.calls.clear()
    before = counted("finished")
    heir = await world.ready()
    assert heir.cursors == {0: 0}
    await world.finish(heir)
    await world.through(heir.sink.drain())
    assert counted("finished") == before + 1
    assert heir.acked == {0: 4}
    files = {key: body for key, body in world.bucket.objects.items() if "/claims/" not in key}
    # the same bytes as without the fault, not only the same lines
    assert files == {key: body for key, body in whole.bucket.objects.items() if "/claims/" not in key}


async def test_a_complete_claim_is_not_read_again(make_world) -> None:
    world = make_world(steady_log(5))
    worker = await world.ready()
    await world.feed(worker, 3)
    await world.through(worker.sink.drain())
    heir = await world.ready()
    assert heir.cursors == {0: 3}


async def test_a_lost_response_to_the_claim_is_no_lost_race(make_world) -> None:
    world = make_world(steady_log(3))
    worker = await world.ready()
    await world.feed(worker, 3)
    before = {how: counted(how) for how in ("written", "lost", "adopted")}
    world.now += 60
    await worker.sink.cut_due()
    await world.settle()
    await world.answer(world.calls[0], "after")
    await world.flow()
    assert {how: counted(how) - before[how] for how in before} == {"written": 1, "lost": 0, "adopted": 0}
    assert worker.acked == {0: 2}


async def test_while_the_store_is_away_a_sink_waits_says_so_and_goes_on(make_world, caplog) -> None:
    world = make_world(steady_log(3))
    worker = await world.ready()
    await world.feed(worker, 3)
    world.now += 60
    await worker.sink.cut_due()
    gauge = metrics.SERVER_WAITING.labels("s3")
    for _ in range(20):
        await world.settle()
        await world.answer(world.calls[0], "before")
    await world.settle()
    assert gauge._value.get() == 1
    assert worker.sink.is_waiting
    world.now += 500
    assert worker.sink.oldest_due_seconds() == 0
    assert [record.message for record in caplog.records].count("waiting for a server") == 1
    await world.flow()
    assert gauge._value.get() == 0
    assert worker.acked == {0: 2}


async def test_a_revoke_ends_the_wait_for_the_store_and_nothing_is_acked(make_world) -> None:
    world = make_world(steady_log(3))
    worker = await world.ready()
    await world.feed(worker, 3)
    world.now += 60
    await worker.sink.cut_due()
    await world.settle()
    await world.answer(world.calls[0], "before")
    await world.settle()
    world.revoke(worker)
    await world.settle()
    assert not worker.sink.is_waiting
    assert metrics.SERVER_WAITING.labels("s3")._value.get() == 0
    await world.through(worker.sink.settled())
    assert worker.acked == {}


async def test_a_call_that_hangs_counts_as_waiting(make_world) -> None:
    world = make_world(steady_log(1))
    worker = await world.ready()
    await world.feed(worker, 1)
    world.now += 60
    await worker.sink.cut_due()
    await world.settle()
    assert not worker.sink.is_waiting
    world.now += 300
    await worker.sink.cut_due()
    assert worker.sink.is_waiting
    assert worker.sink.oldest_due_seconds() == 0
    assert metrics.SERVER_WAITING.labels("s3")._value.get() == 1


async def test_how_long_a_cut_is_past_due_is_counted_from_its_due_time(make_world) -> None:
    world = make_world(steady_log(3))
    worker = await world.ready()
    world.now += 1000
    await world.feed(worker, 2)
    assert worker.sink.oldest_due_seconds() == 0
    world.now += 75
    assert worker.sink.oldest_due_seconds() == pytest.approx(15)


async def test_repeats_are_counted_and_a_range_of_nothing_else_is_claimed_without_files(make_world) -> None:
    log = steady_log(3)
    world = make_world([*log, *log[1:]])
    worker = await world.ready()
    before = metrics.REDELIVERED._value.get()
    await world.feed(worker, 3)
    await world.through(worker.sink.drain())
    await world.feed(worker, 2)
    await world.through(worker.sink.drain())
    assert metrics.REDELIVERED._value.get() == before + 2
    assert claimed(world) == [(0, 3), (3, 5)]
    assert world.claims[0][1]["files"] == []
    assert worker.acked == {0: 4}
    assert list(world.differences()) == []


async def test_a_gap_is_skipped_shown_alarmed_once_and_closed_by_what_was_missing(make_world, caplog) -> None:
    one, two, three = steady_log(3)
    world = make_world([one, three, two, three])
    worker = await world.ready()
    await world.feed(worker, 2)
    assert worker.sink.open_gaps == (0,)
    assert metrics.GAPS._value.get() == 1

    def alarms() -> int:
        return sum(record.levelno == logging.ERROR for record in caplog.records)

    for seconds in (119, 1, 60):
        world.now += seconds
        await worker.sink.cut_due()
        await world.flow()
    assert alarms() == 1
    # the gap is known to whoever reads the claim, also when its message lies before the range to read
    assert (world.claims[0][0]["raw_next"], world.claims[0][0]["raw_seen"]) == (START + 1, START + 3)
    heir = await world.ready()
    assert heir.sink.open_gaps == (0,)
    await world.feed(heir, 1)
    assert heir.sink.open_gaps == (0,)
    await world.feed(heir, 1)
    assert heir.sink.open_gaps == ()
    await world.through(heir.sink.drain())
    assert list(world.differences()) == []


async def test_a_gap_from_before_a_finished_claim_stays_known(make_world) -> None:
    one, two, three, four = steady_log(4)
    world = make_world([one, four, two, three, four])
    worker = await world.ready()
    await world.feed(worker, 2)
    await world.through(worker.sink.drain())
    await world.feed(worker, 1)
    world.now += 60
    await worker.sink.cut_due()
    await world.settle()
    await world.answer(world.calls[0], "done")
    world.kill(worker)
    heir = await world.ready()
    assert heir.cursors == {0: 2}
    await world.feed(heir, 1)
    await world.flow()
    assert heir.acked == {0: 2}
    assert heir.sink.open_gaps == (0,)


async def test_messages_that_were_taken_before_or_belong_to_nobody_are_ignored_without_an_ack(
    make_world,
) -> None:
    world = make_world(steady_log(4))
    worker = await world.ready()
    await world.feed(worker, 4)

    def ack() -> None:
        raise AssertionError("acked")

    for partition, offset in ((0, 0), (0, 3), (7, 0)):
        await worker.sink.receive(partition, offset, 0, world.logs[0][offset], ack)
    await world.through(worker.sink.drain())
    await worker.sink.receive(0, 2, 0, world.logs[0][2], ack)
    assert worker.sink.buffered_messages == 0
    assert list(world.differences()) == []


async def test_a_hole_in_the_log_is_passed_only_by_a_chunk_that_follows(make_world) -> None:
    world = make_world(steady_log(2))
    worker = await world.ready()
    counts = {("kept", "train"): 1}
    await worker.sink.receive(0, 5, 0, a_chunk(START, START, counts), lambda: None)
    assert worker.sink.buffered_messages == 1
    with pytest.raises(Fatal, match="offset 9 came where 6 is due"):
        await worker.sink.receive(0, 9, 0, a_chunk(START + 2, START + 2, counts), lambda: None)
    with pytest.raises(Fatal, match="offset 9 came where 6 is due"):
        await worker.sink.receive(0, 9, 0, a_chunk(START, START, counts), lambda: None)


@pytest.mark.parametrize(
    ("run", "epoch", "raw_partition"), [("r2", 0, 0), ("r1", 1, 0), ("r1", 0, 1)], ids=str
)
async def test_a_chunk_of_another_run_epoch_or_partition_is_fatal(
    make_world, run: str, epoch: int, raw_partition: int
) -> None:
    world = make_world(steady_log(1))
    worker = await world.ready()
    with pytest.raises(Fatal):
        await worker.sink.receive(
            0, 0, 0, DecidedChunk(b"", (), run, raw_partition, START, START, epoch), lambda: None
        )


async def test_a_claim_of_another_log_is_fatal_at_assignment(make_world) -> None:
    world = make_world(steady_log(2))
    worker = await world.ready()
    await world.feed(worker, 2)
    await world.through(worker.sink.drain())
    key = LAYOUT.claim("r1", 0, 1)
    world.bucket.objects[key] = orjson.dumps(
        orjson.loads(world.bucket.objects[key]) | {"cluster_id": "other"}
    )
    world.start()
    with pytest.raises(Fatal, match="cluster other"):
        await world.flow()


async def test_another_claim_of_the_same_range_with_other_lines_stops_the_sink(make_world) -> None:
    world = make_world(steady_log(2))
    zombie, owner = await world.ready(), await world.ready()
    await world.feed(zombie, 2)
    await world.feed(owner, 2)
    await world.through(zombie.sink.drain())
    key = LAYOUT.claim("r1", 0, 1)
    body = world.bucket.objects[key]
    good = orjson.loads(body)["files"][0]["sha256"].encode()
    world.bucket.objects[key] = body.replace(good, b"0" * 64)
    with pytest.raises(Fatal, match="names other lines"):
        await world.through(owner.sink.drain())
    assert owner.acked == {}
    for _ in range(2):
        with pytest.raises(Fatal, match="names other lines"):
            await owner.sink.cut_due()
    with pytest.raises(Fatal, match="names other lines"):
        await owner.sink.receive(0, 2, 0, world.logs[0][1], lambda: None)


async def test_draining_beside_a_running_cut_does_not_cut_the_same_messages_twice(make_world) -> None:
    world = make_world(steady_log(3))
    worker = await world.ready()
    await world.feed(worker, 3)
    world.now += 60
    await worker.sink.cut_due()
    await world.settle()
    await world.through(worker.sink.drain())
    assert claimed(world) == [(0, 3)]
    assert world.forgotten == [(0, START + 3)]


async def test_a_partition_that_goes_while_its_claims_are_looked_for_is_not_taken(make_world) -> None:
    world = make_world(steady_log(3))
    worker = world.start()
    await world.settle()
    worker.sink.revoked([0])
    await world.flow()
    assert worker.cursors == {}
    await worker.sink.receive(0, 0, 0, world.logs[0][0], lambda: None)
    assert worker.sink.buffered_messages == 0


async def test_dedup_answers_that_cannot_be_forgotten_now_hold_nothing_back(make_world) -> None:
    world = make_world(steady_log(3))
    worker = await world.ready()
    world.is_redis_away = True
    await world.feed(worker, 3)
    await world.through(worker.sink.drain())
    assert worker.acked == {0: 2}
    assert worker.sink.buffered_messages == 0


async def test_latency_is_from_the_brokers_time_to_the_claim(make_world) -> None:
    world = make_world(steady_log(1))
    worker = await world.ready()
    before = metrics.CLAIM_LATENCY._sum.get()
    await world.feed(worker, 1)
    world.now += 7
    await world.through(worker.sink.drain())
    assert metrics.CLAIM_LATENCY._sum.get() - before == pytest.approx(7)


async def test_no_log_line_holds_a_records_text(make_world, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    line = b'{"text": "%s"}\n' % CANARY.encode()

    def chunk(raw: int, came_from: int) -> DecidedChunk:
        return DecidedChunk(line, (Section("kept", "train", 1, len(line)),), "r1", 0, raw, came_from)

    one, two, three = (chunk(START + n, START + n) for n in range(3))
    world = make_world([one, three, two, three, one])
    zombie, owner = await world.ready(), await world.ready()
    for worker, messages in ((zombie, 3), (owner, 5)):
        await world.feed(worker, messages)
    world.now += 130
    for worker in (zombie, owner):
        await worker.sink.cut_due()
        await world.settle()
        await world.answer(world.calls[0], "before")
        await world.flow()
    with pytest.raises(Fatal) as stopped:
        await owner.sink.receive(0, 99, 0, chunk(START + 50, START + 49), lambda: None)
    told = [str(vars(record)) for record in caplog.records] + [str(stopped.value)]
    assert any("another holds the claim" in entry for entry in told)
    assert CANARY.encode() in world.written(0, ("kept", "train"))
    assert not [entry for entry in told if CANARY in entry]

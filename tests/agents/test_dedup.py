"""Dedup on a real Redis: the same answer twice, nothing implicit, and waiting where guessing would lose."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from agents.dedup import Answers, Dedup, make_filters, sizing
from clients.errors import Fatal
from clients.redis import check_fit
from console.local.stack import Stack
from streams.names import Names
from streams.outcomes import Copy
from streams.records import Fingerprints
from streams.runs import Run

pytestmark = pytest.mark.servers

BANDS, AGREEING = 8, 5


def run_of(expected_records: int = 10_000, run: str = "r1") -> Run:
    return Run(
        run, "1", "0" * 64, 1, "cluster", 0, "raw", (0,), expected_records, 1.0, "2026-01-01T00:00:00Z"
    )


def prints(number: int, bands: int = BANDS, changed: int = 0) -> Fingerprints:
    content = f"{number:08x}{'0' * 24}" if not changed else f"{number:08x}{'f' * 24}"
    return Fingerprints(
        content, tuple(f"{number * 100 + band + (50 if band < changed else 0):016x}" for band in range(bands))
    )


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    client = Redis.from_url(stack.environment()["FOREBAY_REDIS_URL"])
    yield client
    await client.aclose()


@pytest.fixture
def names() -> Names:
    return Names(f"t{uuid4().hex[:10]}")


async def asker(redis: Redis, names: Names, run: Run) -> Dedup:
    await make_filters(redis, names, run, BANDS, AGREEING)
    return Dedup(redis, names, run, BANDS, AGREEING)


async def test_the_first_is_new_and_its_copy_is_exact_even_in_one_chunk(redis: Redis, names: Names) -> None:
    dedup = await asker(redis, names, run_of())
    assert await dedup.ask(0, 1, [prints(1), prints(2), prints(1)]) == [None, None, Copy.EXACT]
    assert await dedup.ask(3, 1, [prints(2), prints(3)]) == [Copy.EXACT, None]


async def test_a_chunk_that_asks_again_gets_its_first_answer(redis: Redis, names: Names) -> None:
    dedup = await asker(redis, names, run_of())
    asked = [prints(number) for number in range(50)]
    first = await dedup.ask(0, 7, asked)
    assert await dedup.ask(0, 7, asked) == first == [None] * 50
    other_process = Dedup(redis, names, run_of(), BANDS, AGREEING)
    assert await other_process.ask(0, 7, asked) == first


async def test_a_near_copy_needs_enough_bands_and_short_texts_have_none(redis: Redis, names: Names) -> None:
    dedup = await asker(redis, names, run_of())
    await dedup.ask(0, 1, [prints(1), prints(9, bands=0)])
    near, far = prints(1, changed=BANDS - AGREEING), prints(1, changed=BANDS - AGREEING + 1)
    assert await dedup.ask(0, 2, [near]) == [Copy.NEAR]
    assert await dedup.ask(0, 3, [far]) == [None]
    assert await dedup.ask(0, 4, [prints(9, bands=0), prints(10, bands=0)]) == [Copy.EXACT, None]


async def test_answers_below_a_claim_are_dropped_and_those_above_stay(redis: Redis, names: Names) -> None:
    dedup = await asker(redis, names, run_of())
    for offset in range(6):
        await dedup.ask(0, offset, [prints(offset)])
    await Answers(redis, names, "r1").forget(0, 4)
    left = {int(field) for field in await redis.hkeys(names.redis("r1", "answers:0"))}
    assert left == {4, 5}


async def test_filters_are_made_once_and_a_repeat_keeps_what_they_hold(redis: Redis, names: Names) -> None:
    dedup = await asker(redis, names, run_of())
    await dedup.ask(0, 1, [prints(1)])
    again = await asker(redis, names, run_of())
    assert await again.ask(0, 2, [prints(1)]) == [Copy.EXACT]


@pytest.mark.parametrize("lost", ["counter", "exact:0", "near:0"])
async def test_a_lost_filter_makes_dedup_wait_and_never_makes_a_new_one(
    redis: Redis, names: Names, lost: str
) -> None:
    dedup = await asker(redis, names, run_of())
    await dedup.ask(0, 1, [prints(1)])
    key = names.redis("r1", lost)
    saved = await redis.dump(key)
    await redis.delete(key)
    asking = asyncio.create_task(dedup.ask(0, 2, [prints(1)]))
    done, _ = await asyncio.wait({asking}, timeout=0.7)
    assert not done
    assert not await redis.exists(key)
    await redis.restore(key, 0, saved)
    assert await asking == [Copy.EXACT]


async def test_a_full_filter_adds_nothing_of_the_chunk_that_does_not_fit(redis: Redis, names: Names) -> None:
    dedup = await asker(redis, names, run_of(expected_records=1000))
    await dedup.ask(0, 1, [prints(number) for number in range(990)])
    asking = asyncio.create_task(dedup.ask(0, 2, [prints(number) for number in range(2000, 2020)]))
    done, _ = await asyncio.wait({asking}, timeout=0.7)
    assert not done
    asking.cancel()
    assert await dedup.ask(0, 3, [prints(2000)]) == [None]


async def test_data_that_went_back_in_time_is_noticed(redis: Redis, names: Names) -> None:
    dedup = await asker(redis, names, run_of())
    await dedup.ask(0, 1, [prints(number) for number in range(5)])
    await redis.set(names.redis("r1", "counter"), 2)
    asking = asyncio.create_task(dedup.ask(0, 2, [prints(77)]))
    done, _ = await asyncio.wait({asking}, timeout=0.7)
    assert not done
    asking.cancel()


async def test_a_thousand_bands_in_one_chunk_do_not_overflow_the_script(redis: Redis, names: Names) -> None:
    dedup = await asker(redis, names, run_of())
    asked = [prints(number) for number in range(1000)]
    assert await dedup.ask(0, 1, asked) == [None] * 1000
    assert await dedup.ask(0, 2, asked) == [Copy.EXACT] * 1000


async def test_a_run_whose_filters_do_not_fit_is_refused_with_the_figure(redis: Redis, names: Names) -> None:
    with pytest.raises(Fatal, match="MiB"):
        await make_filters(redis, names, run_of(expected_records=10**13), BANDS, AGREEING)


async def test_redis_is_fit_as_the_stack_starts_it(redis: Redis) -> None:
    await check_fit(redis)


def test_filters_for_the_whole_catalogue_stay_below_a_false_drop_and_in_shards() -> None:
    size = sizing(47_500_000, 1.0, BANDS, AGREEING)
    assert size.exact_error * 47_500_000 <= 0.5
    assert size.exact_shards > 1
    assert size.size_bytes < 1 << 30

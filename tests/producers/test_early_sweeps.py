import asyncio

from producers.early_sweeps import EarlySweeps


class Clock:
    def __init__(self) -> None:
        self.now = 1000.5

    def __call__(self) -> float:
        return self.now


async def test_a_sweep_that_is_asked_for_ends_the_rest() -> None:
    early = EarlySweeps()
    early.begin()
    resting = asyncio.create_task(early.rest(3600))
    await asyncio.sleep(0)
    early.ask(0)
    await asyncio.wait_for(resting, 30)


async def test_without_one_the_rest_lasts_its_interval() -> None:
    early = EarlySweeps()
    early.begin()
    await asyncio.wait_for(early.rest(0.01), 30)


async def test_what_is_asked_for_while_a_sweep_lists_is_for_the_next_one() -> None:
    clock = Clock()
    early = EarlySweeps(clock)
    early.begin()
    early.ask(0)
    clock.now += 5  # the sweep takes five seconds, and the rest is as long
    resting = asyncio.create_task(early.rest(3600))
    await asyncio.sleep(0)
    assert not resting.done()
    clock.now += 5
    early.ask(0)  # wakes it
    await asyncio.wait_for(resting, 30)


async def test_a_sweep_answers_what_was_due_before_it_and_nothing_later() -> None:
    clock = Clock()
    early = EarlySweeps(clock)
    early.ask(0)
    early.ask(60)
    clock.now += 2
    early.begin()
    resting = asyncio.create_task(early.rest(3600))
    await asyncio.sleep(0)
    clock.now += 57  # a minute from the second call has not passed
    early.ask(3600)  # wakes it
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not resting.done()
    clock.now += 60 / 8 + 1.5
    early.ask(3600)
    await asyncio.wait_for(resting, 30)


def test_a_flood_of_events_asks_for_few_sweeps() -> None:
    clock = Clock()
    early = EarlySweeps(clock)
    for _ in range(10_000):
        early.ask(600)
        clock.now += 0.06
    assert len(early._due) <= 12

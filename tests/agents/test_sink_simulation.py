"""Sinks that die, wake up late and race each other over one bucket: every schedule ends with each line once."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.sink_world import PLACES, Tape, World, eventful_log

pytestmark = pytest.mark.promise


async def _lives_through(log_tape: bytes, events: bytes, partitions: int, chunks: int) -> World:
    tape = Tape(log_tape)
    world = World([eventful_log(tape, chunks, partition) for partition in range(partitions)])
    await world.play(Tape(events))
    for partition in range(partitions):
        for place in PLACES:
            # before anything is healed: complete claims are an exact prefix (an incomplete last one lacks files)
            done = world.claims[partition][:-1]
            end = done[-1]["raw_next"] if done else 0
            assert world.written(partition, place).startswith(world.truth(partition, place, end=end))
    await world.heal()
    assert list(world.differences()) == []
    assert world.workers[0].sink.open_gaps == ()
    assert world.workers[0].sink.buffered_messages == 0
    world.close()
    await world.settle()
    return world


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    log_tape=st.binary(max_size=120),
    events=st.binary(max_size=500),
    partitions=st.integers(1, 2),
    chunks=st.integers(1, 14),
)
def test_whatever_dies_and_whenever_each_line_is_in_one_file_once(
    log_tape: bytes, events: bytes, partitions: int, chunks: int
) -> None:
    asyncio.run(_lives_through(log_tape, events, partitions, chunks))


@pytest.mark.parametrize("seed", range(40))
def test_long_lives_full_of_faults_lose_and_double_nothing(seed: int) -> None:
    chance = random.Random(seed)
    world = asyncio.run(
        _lives_through(chance.randbytes(600), chance.randbytes(2500), 1 + seed % 2, 20 + seed % 30)
    )
    assert sum(map(len, world.claims.values())) > 1

"""A process that is frozen past its session and wakes again, and one that is given nothing: neither spoils anything."""

from pathlib import Path

import pytest

from console.local.stack import Stack
from tests.promises.conftest import assert_same
from tests.promises.drops import Drops
from tests.promises.output import Output
from tests.promises.pipeline import Pipeline, at_fault, pipeline, until

pytestmark = [pytest.mark.servers, pytest.mark.promise]


async def _freeze_and_wake(flow: Pipeline, agent: str) -> None:
    """Freeze one of two workers in mid-stream until the other has done all, then wake it."""
    first = flow.work(agent)
    await until(lambda: _has_done(flow, agent, 10))
    second = flow.work(agent)
    await until(lambda: _has_done(flow, agent, 40))
    first.freeze()
    # the group waits for the frozen member's session, then the other one gets its partitions
    await until(lambda: _is_behind(flow, agent, 0), seconds=120)
    first.thaw()
    assert second.is_running()


async def _has_done(flow: Pipeline, agent: str, offsets: int) -> bool:
    return await flow.done(agent) >= offsets


async def _is_behind(flow: Pipeline, agent: str, offsets: int) -> bool:
    return await flow.behind(agent) <= offsets


async def test_a_refine_worker_frozen_past_its_session_spoils_nothing(
    stack: Stack, flow_folder: Path, drops: Drops, undisturbed: Output
) -> None:
    with pipeline(stack, flow_folder) as flow:
        flow.put(drops.objects)
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        flow.work("sink")
        await _freeze_and_wake(flow, "refine")
        await flow.finished()
        assert_same(flow, undisturbed)


async def test_a_sink_frozen_past_its_session_spoils_nothing(
    stack: Stack, flow_folder: Path, drops: Drops, undisturbed: Output
) -> None:
    with pipeline(stack, flow_folder, cut_bytes=64 << 10) as flow:
        flow.put(drops.objects)
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        flow.work("refine")
        await _freeze_and_wake(flow, "sink")
        await flow.finished()
        assert_same(flow, undisturbed)


@pytest.mark.parametrize("agent", ["refine", "sink"])
async def test_a_worker_that_is_given_nothing_ends_itself_and_the_next_one_goes_on(
    stack: Stack, flow_folder: Path, drops: Drops, undisturbed: Output, agent: str
) -> None:
    with pipeline(stack, flow_folder) as flow:
        flow.put(drops.objects)
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        other = "sink" if agent == "refine" else "refine"
        flow.work(other)
        if other == "refine":
            await until(lambda: _is_behind(flow, other, 0), seconds=120)
        deaf = flow.work(agent, PYTHONPATH=at_fault("deaf"), FOREBAY_STALL_SECONDS="6")
        assert await deaf.ended(120) == 1
        flow.work(agent)
        await flow.finished()
        assert_same(flow, undisturbed)

"""Kafka, Redis and S3 not there at start, or gone for 20 s: a clear wait, then the same output."""

import asyncio
from pathlib import Path

import pytest

from console.local.stack import Stack
from tests.promises.conftest import assert_same
from tests.promises.drops import Drops
from tests.promises.output import Output
from tests.promises.pipeline import Pipeline, pipeline, until

pytestmark = [pytest.mark.servers, pytest.mark.promise]

AWAY_SECONDS = 20  # what is promised, not a wait for something


async def _live_run(flow: Pipeline) -> None:
    """Return when the processes under the supervisor have begun to claim."""

    async def is_claiming() -> bool:
        if flow.run is None:
            await flow.find_run()
            return False
        return await flow.done("refine") > 10

    await until(is_claiming, seconds=120)


async def test_each_server_may_be_gone_for_twenty_seconds_in_mid_stream(
    private_stack: Stack, tmp_path: Path, drops: Drops, undisturbed: Output
) -> None:
    with pipeline(private_stack, tmp_path, cut_bytes=64 << 10, workers=1) as flow:
        flow.put(drops.objects)
        # nothing answers at start: the command waits and says for what
        await asyncio.to_thread(private_stack.redis.freeze)
        await asyncio.to_thread(private_stack.kafka.freeze)
        command = flow.start("run", "--once")

        async def says_so() -> bool:
            return b"Waiting for Kafka" in command.log.read_bytes()

        await until(says_so)
        await asyncio.to_thread(private_stack.kafka.thaw)
        await asyncio.to_thread(private_stack.redis.thaw)
        await _live_run(flow)
        for server, is_killed in (
            (private_stack.redis, False),
            (private_stack.s3, True),
            (private_stack.kafka, False),
        ):
            await asyncio.to_thread(server.kill if is_killed else server.freeze)
            await asyncio.sleep(AWAY_SECONDS)
            await asyncio.to_thread(server.restart if is_killed else server.thaw)
        assert await command.ended(240) == 0
        assert_same(flow, undisturbed)

"""kill -9 of any process at any point: the output equals that of a run without the fault."""

from pathlib import Path

import pytest

from console.local.stack import Stack
from tests.promises.conftest import assert_same
from tests.promises.drops import Drops
from tests.promises.output import Output
from tests.promises.pipeline import Process, pipeline, until
from tests.promises.store_proxy import StoreProxy

pytestmark = [pytest.mark.servers, pytest.mark.promise]


async def test_a_fetcher_killed_in_mid_stream_loses_and_repeats_nothing(
    stack: Stack, flow_folder: Path, drops: Drops, undisturbed: Output
) -> None:
    with pipeline(stack, flow_folder) as flow:
        flow.put(drops.objects)
        await flow.make_run()
        for share in (20, 60, 120):
            fetcher = flow.ingest()

            async def got(fetcher: Process = fetcher, wanted: int = share) -> bool:
                return not fetcher.is_running() or await flow.behind("refine") >= wanted

            await until(got)
            fetcher.kill()
        assert await flow.ingest().ended() == 0
        flow.work("refine")
        flow.work("sink")
        await flow.finished()
        assert_same(flow, undisturbed)


async def test_refine_killed_in_mid_stream_loses_and_repeats_nothing(
    stack: Stack, flow_folder: Path, drops: Drops, undisturbed: Output
) -> None:
    with pipeline(stack, flow_folder) as flow:
        flow.put(drops.objects)
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        flow.work("sink")
        for share in (30, 90):
            worker = flow.work("refine")

            async def got(worker: Process = worker, wanted: int = share) -> bool:
                return not worker.is_running() or await flow.done("refine") >= wanted

            await until(got)
            worker.kill()
        flow.work("refine")
        await flow.finished()
        assert_same(flow, undisturbed)


async def test_a_sink_killed_in_mid_stream_loses_and_repeats_nothing(
    stack: Stack, flow_folder: Path, drops: Drops, undisturbed: Output
) -> None:
    with pipeline(stack, flow_folder, cut_bytes=64 << 10) as flow:
        flow.put(drops.objects)
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        flow.work("refine")
        for share in (40, 100):
            sink = flow.work("sink")

            async def got(sink: Process = sink, wanted: int = share) -> bool:
                return not sink.is_running() or await flow.done("sink") >= wanted

            await until(got)
            sink.kill()
        flow.work("sink")
        await flow.finished()
        assert_same(flow, undisturbed)


@pytest.mark.parametrize("moment", ["/claims/", "/kept/", "/outcomes/"])
async def test_a_sink_killed_before_a_claim_or_between_claim_and_files_is_finished_by_the_next(
    stack: Stack, flow_folder: Path, drops: Drops, undisturbed: Output, moment: str
) -> None:
    deaths = 0

    def kill() -> bool:
        nonlocal deaths
        victims = [
            process for process in flow.processes if "sink" in process.log.name and process.is_running()
        ]
        if deaths >= 3 or not victims:
            return False
        deaths += 1
        for victim in victims:
            victim.kill()
        return True

    async with StoreProxy(stack.ports.s3, moment.encode(), kill) as store:
        endpoint = {"FOREBAY_S3_ENDPOINT": f"http://127.0.0.1:{store.port}"}
        with pipeline(stack, flow_folder, endpoints=endpoint, cut_bytes=64 << 10) as flow:
            flow.put(drops.objects)
            await flow.make_run()
            assert await flow.ingest().ended() == 0
            flow.work("refine")
            for _ in range(3):
                sink = flow.work("sink")

                async def died(sink: Process = sink, wanted: int = deaths + 1) -> bool:
                    return deaths >= wanted and not sink.is_running()

                await until(died)
            flow.work("sink")
            await flow.finished()
            assert deaths == 3
            assert_same(flow, undisturbed)

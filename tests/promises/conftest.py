"""The run without a fault, which every run with one is compared with."""

import asyncio
from pathlib import Path

import pytest

from console.local.stack import Stack
from tests.promises.drops import Drops, make_drops
from tests.promises.output import Output
from tests.promises.pipeline import Pipeline, pipeline

RECORDS, OBJECTS = 6000, 16


@pytest.fixture(scope="session")
def drops() -> Drops:
    return make_drops(seed=7, records=RECORDS, objects=OBJECTS)


@pytest.fixture(scope="session")
def undisturbed(stack: Stack, drops: Drops, tmp_path_factory: pytest.TempPathFactory) -> Output:
    """The output of a run in which nothing failed."""

    async def go() -> Output:
        with pipeline(stack, tmp_path_factory.mktemp("undisturbed")) as flow:
            flow.put(drops.objects)
            await flow.make_run()
            assert await flow.ingest().ended() == 0
            flow.work("refine")
            flow.work("sink")
            await flow.finished()
            flow.stop()
            out = flow.output()
            out.check()
            return out

    return asyncio.run(go())


def assert_same(flow: Pipeline, undisturbed: Output) -> None:
    """Nothing lost, nothing twice: which of several copies is the kept one may differ, nothing else.

    Copies in these drops are exact ones, so the kept contents are the same too.
    """
    flow.stop()
    out = flow.output()
    out.check()
    assert out.hashes("kept", "duplicate") == undisturbed.hashes("kept", "duplicate")
    assert out.hashes("kept") == undisturbed.hashes("kept")
    for name in ("crisis", "held"):
        assert out.hashes(name) == undisturbed.hashes(name), name
    assert out.fates() == undisturbed.fates()


@pytest.fixture
def flow_folder(tmp_path: Path) -> Path:
    return tmp_path

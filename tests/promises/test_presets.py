"""`fused` and `staged` chain the same steps: on the same drops they write the same records."""

from pathlib import Path
from typing import Any

import pytest

from console.local.stack import Stack
from streams.topology import STAGED
from tests.promises.drops import Drops
from tests.promises.output import Output
from tests.promises.pipeline import pipeline

pytestmark = [pytest.mark.servers, pytest.mark.promise]


def _content(out: Output) -> list[tuple[str, Any]]:
    """Each written record but for what depends on which of several copies came first: place, shape, outcome."""

    def bare(row: dict[str, Any]) -> str:
        chance = {"source", "shape", "outcome", "reason"}
        return repr(
            (row["messages"], {key: value for key, value in row["metadata"].items() if key not in chance})
        )

    return sorted(
        ("read" if name in ("kept", "duplicate") else name, bare(row))
        for name in ("kept", "crisis", "held", "duplicate")
        for row in out.lines[name]
    )


async def test_staged_gives_the_output_of_fused(
    stack: Stack, tmp_path: Path, drops: Drops, undisturbed: Output
) -> None:
    with pipeline(stack, tmp_path, topology="staged") as flow:
        flow.put(drops.objects)
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        for agent in STAGED:
            flow.work(agent.name)
        flow.work("sink")
        await flow.finished()
        flow.stop()
        out = flow.output()
        out.check()
        assert out.fates() == undisturbed.fates()
        assert _content(out) == _content(undisturbed)

"""What goes in comes out: every record once, where it belongs, with no text anywhere else."""

from pathlib import Path

import pytest

from console.local.stack import Stack
from tests.promises.drops import CANARY, make_drops
from tests.promises.pipeline import pipeline

pytestmark = [pytest.mark.servers, pytest.mark.promise]


async def test_every_record_comes_out_once_with_the_fate_that_its_author_gave_it(
    stack: Stack, tmp_path: Path
) -> None:
    drops = make_drops(seed=1, records=6000, objects=12)
    with pipeline(stack, tmp_path) as flow:
        flow.put(drops.objects)
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        flow.work("refine")
        flow.work("sink")
        await flow.finished()
        flow.stop()
        out = flow.output()
        out.check()
        assert out.fates() == {
            "kept": drops.kept, "crisis": drops.crisis, "held": 0,
            "duplicate": drops.duplicate, "rejected": drops.rejected,
        }  # fmt: skip
        total = sum(out.splits.values())
        for split, share in (("train", 70), ("val", 15), ("test", 15)):
            assert abs(100 * out.splits[split] / total - share) < 2, out.splits
        assert CANARY.encode() not in flow.logs()
        for name in ("rejected", "outcomes"):
            assert not any(CANARY.encode() in out.raw[key] for key in out.raw if key.startswith(name))

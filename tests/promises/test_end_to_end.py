"""What goes in comes out: every record once, where it belongs, with no text anywhere else."""

import socket
import urllib.request
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from clients import kafka
from console.lag import agents_of, topic_of
from console.local.stack import Stack
from tests.promises.drops import CANARY, make_drops
from tests.promises.pipeline import Pipeline, pipeline

pytestmark = [pytest.mark.servers, pytest.mark.promise]


async def test_every_record_comes_out_once_with_the_fate_that_its_author_gave_it(
    stack: Stack, tmp_path: Path
) -> None:
    drops = make_drops(seed=1, records=6000, objects=12)
    with pipeline(stack, tmp_path) as flow:
        flow.put(drops.objects)
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        ports = [free_port(), free_port()]
        flow.work("refine", FOREBAY_METRICS_PORT=str(ports[0]))
        flow.work("sink", FOREBAY_METRICS_PORT=str(ports[1]))
        await flow.finished()
        for port in ports:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:  # noqa: ASYNC210
                metrics = answer.read()
            assert b"forebay_" in metrics
            assert CANARY.encode() not in metrics
        assert CANARY.encode() not in await _headers(flow)
        flow.stop()
        out = flow.output()
        out.check()
        assert out.fates() == {
            "kept": drops.kept, "crisis": drops.crisis, "held": 0,
            "duplicate": drops.duplicate, "rejected": drops.rejected,
        }  # fmt: skip
        total = sum(out.splits.values())
        for split, share in (("train", 70), ("val", 15), ("test", 15)):
            assert abs(100 * out.splits[split] / total - share) < 1, out.splits
        assert CANARY.encode() not in flow.logs()
        for name in ("rejected", "outcomes"):
            assert not any(CANARY.encode() in out.raw[key] for key in out.raw if key.startswith(name))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def _headers(flow: Pipeline) -> bytes:
    """Every header of every chunk, raw and decided."""
    assert flow.run is not None
    found: list[bytes] = []
    async with kafka.reader(flow.settings) as consumer:
        for agent in agents_of(flow.settings):
            tps = [
                TopicPartition(topic_of(flow.settings, agent, flow.run), n)
                for n in range(flow.run.partitions)
            ]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for messages in (await consumer.getmany(timeout_ms=500)).values():
                    found += [value for message in messages for _, value in message.headers]
    assert found
    return b"\n".join(found)

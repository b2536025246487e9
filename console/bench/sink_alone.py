"""Runs the sink against a store that takes everything at once: what slicing, pressing and claiming cost."""

import asyncio
import time
from collections.abc import Sequence
from typing import TypedDict

from agents.sink import Sink
from clients.s3 import Put
from console.bench.bare_loop import chunks_of
from streams.chain import Desk, before_dedup, divert, receive, run_steps, settle
from streams.chunks import DecidedChunk
from streams.names import Layout
from streams.records import Origin
from streams.render import render
from streams.rules.model import Pack
from streams.runs import Run
from streams.settings import Settings
from streams.topology import FUSED

PARTITIONS = 8


class SinkAlone(TypedDict):
    """One measurement. `bytes` is what the chunks held, `written_bytes` what went to the store."""

    records: int
    bytes: int
    written_bytes: int
    claims: int
    cpu_seconds: float
    seconds: float
    records_per_cpu_second: float


class _Nowhere:
    """A store without content: nothing is there, and every write is taken."""

    def __init__(self) -> None:
        self.written_bytes = 0
        self.claims = 0

    async def get(self, key: str) -> bytes | None:
        return None

    async def exists(self, key: str) -> bool:
        return False

    async def put(self, key: str, body: bytes, content_type: str = "application/json") -> None:
        self.written_bytes += len(body)

    async def put_if(self, key: str, body: bytes, *, matches: str) -> Put:
        self.claims += 1
        return Put.WRITTEN


def decided_chunks(lines: Sequence[bytes], pack: Pack, run: str = "bench") -> list[DecidedChunk]:
    """The lines as refine would send them, without dedup."""
    found = []
    for offset, chunk in enumerate(chunks_of(lines)):
        records = receive(chunk, lambda _bucket, _key: Origin("bench"))
        run_steps(
            [Desk(record) for record in records],
            before_dedup(FUSED[0].steps),
            pack,
            observe=lambda _step, _seconds: None,
            clock=lambda: 0.0,
        )
        divert(records)
        settle(records)
        value, sections = render(records, pack.label, 0, offset)
        found.append(DecidedChunk(value, tuple(sections), run, 0, offset, offset))
    return found


def sink_alone(chunks: Sequence[DecidedChunk], settings: Settings, seconds: float) -> SinkAlone:
    """Records per second of processor time through receive, cut, claim and ack, over 8 partitions."""
    return asyncio.run(_sink_alone(chunks, settings, seconds))


async def _sink_alone(chunks: Sequence[DecidedChunk], settings: Settings, seconds: float) -> SinkAlone:
    async def forget(_partition: int, _raw_next: int) -> None:
        return None

    run = Run("bench", "0", "0" * 64, 0, "none", 0, "bench.raw", (0,) * PARTITIONS, 1000, 1.0, "")
    store = _Nowhere()
    sink = Sink(store, Layout(""), run, settings, "bench", time.monotonic, forget, time.time)
    await sink.assigned(range(PARTITIONS))
    acked = records = size = turn = 0

    def ack() -> None:
        nonlocal acked
        acked += 1

    began, cpu_began = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        offset, partition = divmod(turn, PARTITIONS)
        plan = chunks[turn % len(chunks)]
        chunk = DecidedChunk(plan.value, plan.sections, "bench", partition, offset, offset)
        await sink.receive(partition, offset, int(time.time() * 1000), chunk, ack)
        records += sum(section.lines for section in plan.sections if section.dataset == "outcomes")
        size += len(plan.value)
        turn += 1
        if turn % 64 == 0:
            await sink.cut_due()
            await asyncio.sleep(0)
    await sink.drain()
    cpu = time.process_time() - cpu_began
    assert acked == turn
    return SinkAlone(
        records=records,
        bytes=size,
        written_bytes=store.written_bytes,
        claims=store.claims,
        cpu_seconds=cpu,
        seconds=time.perf_counter() - began,
        records_per_cpu_second=records / cpu,
    )

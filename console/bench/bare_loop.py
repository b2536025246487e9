"""Runs all steps in one loop without Kafka, S3 and Redis: what the agents are measured against.

Beside it the plain loop, which only reads and writes: how quick the machine is just now.
"""

import time
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import TypedDict

import orjson

from agents.work import calm_collector
from console.bench.steps import StepCost, step_costs
from streams.chain import Desk, before_dedup, divert, receive, run_steps, settle, warm_up
from streams.chunks import Part, RawChunk
from streams.outcomes import Copy, name_of
from streams.records import Origin, Record
from streams.render import render
from streams.rules.model import Pack
from streams.topology import FUSED

CHUNK_BYTES = 256 << 10
CHUNK_RECORDS = 250


class BareLoop(TypedDict):
    """One measurement. `cpu_seconds` is this process's own processor time."""

    records: int
    bytes: int
    cpu_seconds: float
    seconds: float
    records_per_cpu_second: float
    outcomes: dict[str, int]
    steps: list[StepCost]


def chunks_of(lines: Sequence[bytes]) -> list[RawChunk]:
    """The lines as raw chunks of the size that fetch makes."""
    chunks: list[RawChunk] = []
    first, size, held = 0, 0, list[bytes]()
    for line in lines:
        if held and (size + len(line) > CHUNK_BYTES or len(held) == CHUNK_RECORDS):
            chunks.append(_chunk(held, first))
            first, size, held = first + len(held), 0, []
        held.append(line)
        size += len(line) + 1
    if held:
        chunks.append(_chunk(held, first))
    return chunks


def _chunk(lines: list[bytes], first: int) -> RawChunk:
    return RawChunk(b"\n".join(lines), (Part("bench", "corpus.jsonl", "1", first, len(lines), "jsonl"),))


def mark_copies(asking: Sequence[Record], known: set[str], bands: set[str], agreeing: int) -> None:
    """Dedup by sets in memory, as Redis does it by filters: only a new record leaves its fingerprints."""
    for record in asking:
        prints = record.fingerprints
        if prints is None:
            continue
        if prints.content_hash in known:
            record.copy = Copy.EXACT
        elif agreeing and len(bands.intersection(prints.bands)) >= agreeing:
            record.copy = Copy.NEAR
        else:
            known.add(prints.content_hash)
            bands.update(prints.bands)


def bare_loop(lines: Sequence[bytes], pack: Pack, seconds: float) -> BareLoop:
    """Records per second of processor time over the lines, again and again until `seconds` have passed.

    Each pass starts with empty sets, so that it does the same work. The first chunk is run once before the
    clock starts: caches fill there.
    """
    steps = before_dedup(FUSED[0].steps)
    chunks = chunks_of(lines)
    spent: dict[str, float] = {}
    outcomes: Counter[str] = Counter()
    known: set[str] = set()
    bands: set[str] = set()

    def observe(step: str, duration: float) -> None:
        spent[step] = spent.get(step, 0.0) + duration

    def work(chunk: RawChunk, offset: int) -> int:
        began = time.process_time()
        records = receive(chunk, lambda _bucket, _key: Origin("bench"))
        observe("receive", time.process_time() - began)
        run_steps([Desk(record) for record in records], steps, pack, observe=observe, clock=time.process_time)
        began = time.process_time()
        asking = divert(records)
        mark_copies(asking, known, bands, pack.policy.near_agreeing if pack.policy.near_bands else 0)
        settle(records)
        decided = time.process_time()
        observe("dedup, decide", decided - began)
        render(records, pack.label, 0, offset)
        observe("render", time.process_time() - decided)
        outcomes.update(name_of(record.outcome) for record in records if record.outcome is not None)
        return len(records)

    warm_up(steps, pack)
    calm_collector()
    work(chunks[0], 0)
    spent.clear()
    outcomes.clear()
    count = size = 0
    began, cpu_began = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        known.clear()
        bands.clear()
        for offset, chunk in enumerate(chunks):
            count += work(chunk, offset)
            size += len(chunk.value)
            if time.perf_counter() - began >= seconds:
                break
    cpu = time.process_time() - cpu_began
    return BareLoop(
        records=count,
        bytes=size,
        cpu_seconds=cpu,
        seconds=time.perf_counter() - began,
        records_per_cpu_second=count / cpu,
        outcomes=dict(outcomes),
        steps=step_costs(spent, count),
    )


def plain_loop(lines: Sequence[bytes], seconds: float) -> float:
    """Records per second of processor time that are parsed, hashed and dumped, again and again until `seconds` are over.

    No code of Forebay runs in it: two runs of the bench compare by it, whatever else the machine did meanwhile.
    """
    count = 0
    began, cpu_began = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        for line in lines:
            record = orjson.loads(line)
            sha256(line).digest()
            orjson.dumps(record)
        count += len(lines)
    return count / (time.process_time() - cpu_began)

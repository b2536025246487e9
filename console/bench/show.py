"""`forebay bench`: own servers on free ports, invented records, phase after phase, a table, and down again."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from clients.errors import Fatal
from clients.logs import start_logging
from clients.pack_cache import open_pack
from clients.s3 import S3Client, s3_client
from console.bench.bare_loop import bare_loop, plain_loop
from console.bench.drops import BUCKET, GZIP, LARGE, PLAIN, SAMPLE_RECORDS, corpus, put_drops, put_large
from console.bench.figures import LARGE_OBJECT, MIB, WHOLE, Measured
from console.bench.phases import Phases
from console.bench.scan_parts import scan_parts
from console.bench.steps import step_table
from console.bench.tell import summary
from console.environment import local_values
from console.local.stack import Stack
from console.parts import cores
from console.quiet_pack import write_quiet_pack
from console.told import alone, until_told
from streams.rules.model import Pack
from streams.settings import Settings

Say = Callable[[str], None]

BARE_SECONDS = 8.0
PLAIN_SECONDS = 2.0
_STORE_SECONDS = 60.0  # a store that has just been started takes its first object after some seconds
_RULES = "rules"
_OLD = ("servers", "logs", "targets", "progress", _RULES)


def show_bench(
    settings: Settings, console: Console, *, records: int, large_mib: int, json_file: Path | None
) -> int:
    """Measure everything; returns 0, or 130 when told to end. All that was started ends, all data is deleted.

    A missed target is no error: the table says so. Raises Fatal when records are lost or a process dies,
    Unavailable when the machine lacks something.
    """
    state = Path(settings.state).absolute() / "bench"

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    with alone(state, "bench"):
        _clear(state)
        pack = _pack(settings, state, say)
        say("Starting Kafka, S3 and Redis on free ports of this machine")
        try:
            with Stack.start(
                state / "servers", jars=state.parent / "jars", targets=state / "targets", prometheus=False
            ) as stack:
                start_logging("error")
                work = _measure(settings, state, stack, pack, records, large_mib, say)
                found = asyncio.run(until_told(work))
        finally:
            shutil.rmtree(state / "servers", ignore_errors=True)
    if found is None:
        say("Interrupted")
        return 130
    console.print(summary(found))
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(found.to_json(), option=orjson.OPT_INDENT_2) + b"\n")
    return 0


def show_steps(settings: Settings, console: Console) -> None:
    """The bare loop alone: what each step costs a record, and the scan by its parts. Needs no server."""
    state = Path(settings.state).absolute() / "bench"
    pack = _pack(settings, state, lambda text: console.print(text, markup=False, soft_wrap=True))
    lines = list(corpus(SAMPLE_RECORDS))
    found = bare_loop(lines, pack, BARE_SECONDS)
    rate, plain = found["records_per_cpu_second"], plain_loop(lines, PLAIN_SECONDS)
    console.print(step_table(found["steps"], f"Bare loop: {rate:,.0f} records per CPU-second"))
    console.print(f"To parse, hash and dump alone, on this machine now: {plain:,.0f} records per CPU-second")
    console.print(step_table(scan_parts(lines, pack), "Of it the scan, by parts"))


def _clear(state: Path) -> None:
    for name in _OLD:
        shutil.rmtree(state / name, ignore_errors=True)


def _pack(settings: Settings, state: Path, say: Say) -> Pack:
    say("Reading the rules (compiling them the first time takes some seconds)")
    return open_pack(write_quiet_pack(settings.rules, state / _RULES), state)


async def _measure(
    settings: Settings, state: Path, stack: Stack, pack: Pack, records: int, large_mib: int, say: Say
) -> Measured:
    async with s3_client(_settings(settings, state, stack, "bench", PLAIN, records)) as client:
        await _make_bucket(client)
        say(f"Inventing {records:,} records and putting them into the bucket")
        put = await put_drops(client, records)
        found = Measured(records, put.plain_bytes / records, cores())
        say("Bare loop over all steps")
        bare = await asyncio.to_thread(bare_loop, put.sample, pack, BARE_SECONDS)
        found.bare_per_cpu_second = bare["records_per_cpu_second"]
        found.plain_per_cpu_second = await asyncio.to_thread(plain_loop, put.sample, PLAIN_SECONDS)
        phases = Phases(stack, client, lambda _: None)

        def ours(namespace: str, prefix: str) -> Settings:
            return _settings(settings, state, stack, namespace, prefix, records)

        say("Fetch alone: JSON Lines, then gzip")
        parts = ours("parts", PLAIN)
        found.phases["fetch"] = await phases.fetch(parts, "fetch", records)
        found.phases["fetch gzip"] = await phases.fetch(ours("gzip", GZIP), "fetch gzip", put.gzip_records)
        say("Refine alone")
        found.phases["refine"], run = await phases.refine(parts, records)
        say("Sink alone")
        found.phases["sink"] = await phases.sink(parts, run, records)
        say("Whole path")
        found.phases[WHOLE], tally = await phases.whole(ours("whole", PLAIN), records)
        found.outcomes = tally.outcomes()
        found.is_lawful = tally.committed == records and tally.law_holds()
        if large_mib:
            say(f"One object of {large_mib:,} MiB: putting it, then fetching it")
            found.large_bytes = large_mib * MIB
            large = await put_large(client, found.large_bytes)
            found.phases[LARGE_OBJECT] = await phases.fetch(ours("large", LARGE), LARGE_OBJECT, large)
    return found


def _settings(
    settings: Settings, state: Path, stack: Stack, namespace: str, prefix: str, records: int
) -> Settings:
    """Settings of the bench alone: defaults, but for the shape of the pipeline that the user has chosen."""
    return Settings.model_validate(
        {
            **local_values(stack.environment()),
            "namespace": namespace,
            "sources": (f"s3://{BUCKET}/{prefix}",),
            "output": f"s3://{BUCKET}/out-{namespace}/",
            "state": os.fspath(state),
            "rules": os.fspath(state / _RULES),
            "topology": settings.topology,
            "workers": settings.workers,
            "sinks": settings.sinks,
            "kafka_compression": settings.kafka_compression,
            "metrics_port": 0,
            "expected_records": max(1_000_000, 2 * records),
        }
    )


async def _make_bucket(client: S3Client) -> None:
    deadline = time.monotonic() + _STORE_SECONDS
    while True:
        try:
            await client.create_bucket(Bucket=BUCKET)
            await client.put_object(Bucket=BUCKET, Key="ready", Body=b"ready")
            return
        except (ClientError, BotoCoreError, OSError) as error:
            if time.monotonic() > deadline:
                raise Fatal(f"the local S3 store takes no object: {type(error).__name__}") from error
        await asyncio.sleep(0.5)

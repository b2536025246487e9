"""The demo's flow: drops in, the pipeline over them, one more drop while it runs, all of it claimed."""

import asyncio
import contextlib
import gzip
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from clients.errors import Fatal
from clients.runs import RunStore, run_store
from clients.s3 import S3Client, error_code, s3_client
from clients.topics import create_topics, intake_topics
from console.demo.bars import Bars, Stage
from console.demo.generate import Drop, Drops
from console.drain import Drain, check_alive
from console.ledger_counts import ObjectCounts, read_objects
from console.parts import INGEST, ingest_part, run_parts
from console.progress import Tally, tally_of
from console.run_command import live_run, make_supervisor
from console.servers import Say, wait_for_servers
from console.supervise import LOOK_SECONDS, Supervisor
from producers.states import FINAL
from streams.settings import Settings

BUCKET, PREFIX = "demo", "drops/"
READY_SECONDS = 60.0  # a store that has just been started takes its first object after some seconds
MOST_SECONDS = 600.0
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the demo has to tell."""

    run: str
    tally: Tally
    objects: ObjectCounts
    stages: dict[str, Stage]
    samples: list[dict[str, Any]]
    copied_to: Path
    seconds: float


async def flow(settings: Settings, drops: Drops, console: Console, say: Say) -> Outcome:
    """Run it all. Raises Fatal when a process keeps dying or nothing ends within ten minutes."""
    began = time.monotonic()
    async with s3_client(settings) as client:
        await _make_bucket(client)
        await _put(client, drops.early)
        say(
            f"Put {len(drops.early)} objects with {sum(d.records for d in drops.early):,} records into s3://{BUCKET}/{PREFIX}"
        )
        await wait_for_servers(settings, say)
        await create_topics(settings, intake_topics(settings))
        store = run_store(client, settings)
        run = await live_run(settings, store, say)
        supervisor = make_supervisor(settings)
        bars = Bars(Path(settings.state), console, drops.records)
        watching = asyncio.create_task(bars.watch())
        try:
            async with asyncio.timeout(MOST_SECONDS):
                supervisor.add([ingest_part(once=False), *run_parts(settings, run.run)])
                objects = await _read_all(settings, drops, supervisor, bars, client, say)
                await bars.look()  # an ingest that has ended tells no more
                await supervisor.stop([INGEST])
                await Drain(settings, run, supervisor).to_the_end()
                await bars.look()
        except TimeoutError:
            raise Fatal(
                f"the demo did not end within {MOST_SECONDS:.0f} s: see the logs in {settings.state}/logs"
            ) from None
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await supervisor.stop()
        tally = await tally_of(store, Path(settings.state), settings.output, run)
        copied = Path(settings.state) / "output"
        await _copy(store, run.run, copied)
    return Outcome(run.run, tally, objects, bars.stages, _samples(copied), copied, time.monotonic() - began)


async def _read_all(
    settings: Settings, drops: Drops, supervisor: Supervisor, bars: Bars, client: S3Client, say: Say
) -> ObjectCounts:
    """Return once the ledger has every object in a final state; the late ones are put in mid-flow."""
    early = sum(drop.records for drop in drops.early)
    is_late_put = False
    while True:
        for _ in range(5):
            supervisor.look()
            check_alive(supervisor)
            await asyncio.sleep(LOOK_SECONDS)
        if not is_late_put and bars.stages["fetched"].records >= early // 3:
            await _put(client, drops.late)
            say(f"Put one more object while it runs: s3://{BUCKET}/{PREFIX}{drops.late[0].key}")
            is_late_put = True
        counts = await read_objects(settings)
        if counts is None or not is_late_put:
            continue
        done = sum(n for state, (n, _) in counts.by_state.items() if state in FINAL)
        if done >= len(drops.early) + len(drops.late):
            return counts


async def _make_bucket(client: S3Client) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            await client.create_bucket(Bucket=BUCKET)
        except ClientError as error:
            if error_code(error) in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                return
            if time.monotonic() > deadline:
                raise Fatal(f"S3 does not make the bucket {BUCKET}: {error_code(error)}") from error
        except (BotoCoreError, OSError):
            if time.monotonic() > deadline:
                raise
        else:
            return
        await asyncio.sleep(0.5)


async def _put(client: S3Client, drops: Iterable[Drop]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    for drop in drops:
        while True:
            try:
                await client.put_object(Bucket=BUCKET, Key=PREFIX + drop.key, Body=drop.body)
                break
            except (ClientError, BotoCoreError, OSError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)


async def _copy(store: RunStore, run: str, folder: Path) -> None:
    """The run's files to a local folder: the demo's servers end with it."""
    for key in await store.documents.keys(store.layout.run(run)):
        body = await store.documents.get(key)
        if body is not None:
            path = folder / key.removeprefix(store.layout.runs)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)


def _samples(folder: Path) -> list[dict[str, Any]]:
    """Up to three kept records of different shapes."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*/kept/split=train/*.jsonl.gz")):
        with gzip.open(path, "rb") as lines:
            for line in lines:
                record = orjson.loads(line)
                found.setdefault(record["metadata"]["shape"], record)
        if len(found) >= SAMPLES:
            break
    return list(found.values())[:SAMPLES]

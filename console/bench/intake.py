"""`forebay bench intake`: containers, large objects, very many keys, very many small objects; as tables."""

import asyncio
import logging
import shutil
from dataclasses import asdict
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from console.bench.containers import TARGETS, Cost, measure_containers
from console.bench.corpus import chat_lines
from console.bench.large import Large, measure_large
from console.bench.small_objects import SmallObjects, measure_small_objects
from console.bench.sweeps import SweepFigures, measure_sweeps
from console.environment import local_values
from console.local.stack import Stack
from console.told import alone
from streams.settings import Settings

OBJECTS_PER_SECOND = 1_000
SWEEP_SECONDS, SWEEP_MIB = 60, 400
_BODIES = 1_000


def show_intake(
    settings: Settings,
    console: Console,
    *,
    records: int,
    gib: float,
    keys: int,
    objects: int,
    json_file: Path | None,
) -> int:
    """Measure intake alone; returns 0. A missed target is no error: the table says so. All data is deleted."""
    state = Path(settings.state).absolute() / "bench"

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    with alone(state, "bench"):
        say("Reading in every container")
        costs = measure_containers(records)
        console.print(_costs_table(costs))
        larges: list[Large] = []
        if gib:
            say(f"One object of {gib:g} GiB in every container")
            larges = measure_large(int(gib * (1 << 30)), state)
            console.print(_large_table(larges))
        say(f"Two sweeps over {keys:,} keys")
        swept = measure_sweeps(keys)
        say(f"{objects:,} objects of one dialogue each, through real Kafka")
        small = _small(state, objects)
        console.print(_rest_table(swept, small))
    if json_file is not None:
        found = {
            "containers": [asdict(row) for row in costs],
            "large": [asdict(row) for row in larges],
            "sweeps": asdict(swept),
            "small_objects": asdict(small),
        }
        json_file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    return 0


def _small(state: Path, objects: int) -> SmallObjects:
    shutil.rmtree(state / "servers", ignore_errors=True)
    bodies = list(chat_lines(_BODIES, seed=13))
    try:
        with Stack.start(state / "servers", jars=state.parent / "jars", prometheus=False) as stack:
            # aiokafka tells of every retry while Kafka is young
            logging.getLogger().addHandler(logging.NullHandler())
            settings = Settings.model_validate(
                {
                    **local_values(stack.environment()),
                    "namespace": "small",
                    "sources": ("s3://bench/drops/",),
                    "output": "s3://elsewhere/out/",
                    "metrics_port": 0,
                }
            )
            # blanks behind a record make each object another version of its own
            return asyncio.run(
                measure_small_objects(
                    settings, objects, lambda n: bodies[n % _BODIES] + b" " * (n // _BODIES)
                )
            )
    finally:
        shutil.rmtree(state / "servers", ignore_errors=True)


def _costs_table(costs: list[Cost]) -> Table:
    table = Table(title="Records of 4.3 kB per CPU-second", title_justify="left")
    table.add_column("container")
    for column in ("records", "stored MB", "measured", "target", "library's bare read", "reached"):
        table.add_column(column, justify="right")
    for row in costs:
        target = TARGETS.get(row.name)
        table.add_row(
            row.name,
            f"{row.records:,}",
            f"{row.stored_bytes / 1e6:,.1f}",
            f"{row.ours:,.0f}",
            "" if target is None else f"≥ {target:,}",
            f"{row.bare:,.0f}",
            "" if target is None else "yes" if row.ours >= target else "no",
        )
    return table


def _large_table(larges: list[Large]) -> Table:
    table = Table(title="One large object: peak memory of a process that reads it", title_justify="left")
    table.add_column("container")
    for column in ("records", "stored MB", "records/s", "peak MiB", "limit", "kept"):
        table.add_column(column, justify="right")
    for row in larges:
        table.add_row(
            row.name,
            f"{row.records:,}",
            f"{row.stored_bytes / 1e6:,.0f}",
            f"{row.records / row.seconds:,.0f}",
            f"{row.peak_mib:,}",
            f"≤ {row.most_mib}",
            "yes" if row.peak_mib <= row.most_mib else "no",
        )
    return table


def _rest_table(swept: SweepFigures, small: SmallObjects) -> Table:
    table = Table(title="Many keys, many objects", title_justify="left")
    for column in ("what", "measured", "target", "reached"):
        table.add_column(column, justify="left" if column == "what" else "right")
    rows = (
        (
            f"second sweep over {swept.keys:,} keys, {swept.found} new",
            f"{swept.second_seconds:.1f} s", f"≤ {SWEEP_SECONDS} s", swept.second_seconds <= SWEEP_SECONDS,
        ),
        (
            "most memory of that process",
            f"{swept.peak_mib} MiB", f"≤ {SWEEP_MIB} MiB", swept.peak_mib <= SWEEP_MIB,
        ),
        (
            f"{small.objects:,} objects of one dialogue each",
            f"{small.per_second:,.0f} objects/s", f"≥ {OBJECTS_PER_SECOND:,}", small.per_second >= OBJECTS_PER_SECOND,
        ),
    )  # fmt: skip
    for what, measured, target, reached in rows:
        table.add_row(what, measured, target, "yes" if reached else "no")
    return table

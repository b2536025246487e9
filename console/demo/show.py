"""`forebay demo`: servers on free ports, invented drops, the whole pipeline, a summary, and down again."""

import asyncio
import os
import shutil
from pathlib import Path

from rich.console import Console

from clients.logs import start_logging
from console.demo.flow import BUCKET, PREFIX, Outcome, flow
from console.demo.generate import Drops, generate
from console.demo.tell import is_lawful, links, next_steps, summary
from console.environment import local_values
from console.local import leave_running
from console.local.ports import Ports
from console.local.stack import Stack
from console.quiet_pack import write_quiet_pack
from console.told import alone, until_told
from streams.settings import Settings

# what an earlier demo left and this one must not find
_RULES = "rules"
_OLD = (_RULES, "servers", "logs", "targets", "progress", "workers", "output")


def show_demo(settings: Settings, console: Console, *, keep: bool) -> int:
    """Run the demo; returns the exit code: 0 when every record is accounted for.

    It leaves nothing running unless `keep`. Raises Unavailable when the machine lacks something, Fatal when
    the pipeline does not get through.
    """
    state = Path(settings.state).absolute() / "demo"
    with alone(state, "demo"):
        return _show(settings, state, console, keep=keep)


def _show(settings: Settings, state: Path, console: Console, *, keep: bool) -> int:
    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    # servers of an earlier KEEP=1, or of a demo that was killed
    leave_running.down(state, say=lambda _: None)
    for name in _OLD:
        shutil.rmtree(state / name, ignore_errors=True)
    jars = state.parent / "jars"
    say("Starting Kafka, S3 and Redis on free ports of this machine (the first time fetches Kafka, 44 MB)")
    stack = _start(state, jars, console, keep=keep)
    is_done = False
    try:
        say(
            "Inventing 20,000 records (the gates' models read them, but only the rules raise: `forebay rules check`)"
        )
        drops = generate()
        write_quiet_pack(settings.rules, state / _RULES)
        ours = _settings(settings, state, stack)
        start_logging("error")
        # an answer that an agent's library gives on stderr is in its own log
        found = asyncio.run(until_told(flow(ours, drops, console, say)))
        if found is None:
            say("Interrupted")
            return 130
        is_done = True
        return _tell(ours, state, stack, drops, found, console, keep=keep)
    finally:
        if not (keep and is_done):
            stack.stop()
            leave_running.down(state, say=lambda _: None)


def _start(state: Path, jars: Path, console: Console, *, keep: bool) -> Stack:
    def say(text: str) -> None:
        console.print(f"  {text}", markup=False, soft_wrap=True)

    if not keep:
        return Stack.start(state / "servers", jars=jars, targets=state / "targets", say=say)
    jars.mkdir(parents=True, exist_ok=True)
    ours = state / "jars"
    if not ours.exists():
        ours.symlink_to(os.path.relpath(jars, state), target_is_directory=True)
    return leave_running.up(state, ports=Ports.free(), say=say)


def _settings(settings: Settings, state: Path, stack: Stack) -> Settings:
    """Settings of the demo alone: the user's own servers and buckets are not touched."""
    return Settings.model_validate(
        {
            **local_values(stack.environment()),
            "namespace": "demo",
            "sources": (f"s3://{BUCKET}/{PREFIX}",),
            "output": f"s3://{BUCKET}/forebay/",
            "state": os.fspath(state),
            "rules": os.fspath(state / _RULES),
            "topology": settings.topology,
            "workers": settings.workers,
            "log_level": settings.log_level,
            "metrics_port": 0,
            "lanes": 2,
            "partitions": 4,
            "sweep_seconds": 2.0,
            "cut_seconds": 5.0,
            "expected_records": 100_000,
        }
    )


def _tell(
    settings: Settings,
    state: Path,
    stack: Stack,
    drops: Drops,
    found: Outcome,
    console: Console,
    *,
    keep: bool,
) -> int:
    console.print(summary(settings, drops, found))
    place = os.path.relpath(state)
    prometheus = None if stack.prometheus is None else stack.prometheus.plan.address
    console.print(links(settings.s3_endpoint, prometheus, live=keep))
    if keep:
        with (state / leave_running.ENVIRONMENT_FILE).open("a") as lines:
            for name in ("namespace", "output", "lanes", "partitions", "expected_records"):
                lines.write(f"FOREBAY_{name.upper()}={getattr(settings, name)}\n")
            lines.write(f"FOREBAY_SOURCES={','.join(settings.sources)}\n")
    next_steps(console, place, live=keep)
    if not is_lawful(drops, found):
        console.print(
            "The records do not add up: that must not happen; the logs are in " + f"{place}/logs",
            markup=False,
        )
        return 1
    return 0

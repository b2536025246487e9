"""Which processes a pipeline has: one ingest, the agents of the topology, the sinks."""

import os
import sys

from console.supervise import Part
from streams.settings import Settings
from streams.topology import PRESETS, SINK

INGEST = "ingest"
UNREAD_OBJECTS = 4  # exit code of `ingest --once`: done, but some objects could not be read

_RANK_INGEST, _RANK_AGENTS, _RANK_SINKS = 0, 1, 2


def _forebay(*arguments: str) -> tuple[str, ...]:
    # -P: a folder `console` in the user's current directory must not come before ours
    return (sys.executable, "-P", "-m", "console.main", *arguments)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def workers_of(settings: Settings) -> int:
    """Processes of each agent: one core's worth of work in all, unless the settings say otherwise."""
    return settings.workers or max(1, cores() // len(PRESETS[settings.topology]))


def ingest_part(*, once: bool) -> Part:
    return Part(
        INGEST, INGEST, _forebay("ingest", "--once" if once else "--follow"), _RANK_INGEST,
        once=once, done_codes=frozenset({0, UNREAD_OBJECTS}),
    )  # fmt: skip


def run_parts(settings: Settings, run: str, *, prefix: str = "") -> list[Part]:
    """The agents and sinks of one run. `prefix` keeps the names of two runs on one machine apart."""
    parts = [
        Part(
            f"{prefix}{agent.name}-{number}", agent.name,
            _forebay("work", agent.name, "--run", run), _RANK_AGENTS,
        )
        for agent in PRESETS[settings.topology]
        for number in range(workers_of(settings))
    ]  # fmt: skip
    return parts + [
        Part(
            f"{prefix}{SINK.name}-{number}", SINK.name, _forebay("work", SINK.name, "--run", run), _RANK_SINKS
        )
        for number in range(settings.sinks)
    ]

"""`forebay status`: are the servers up, what was read, what became of it, how far behind is each agent."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from clients.errors import Fatal, RetryLater
from clients.runs import run_store
from clients.s3 import s3_client
from console.lag import Lag, lags
from console.ledger_counts import ObjectCounts, read_objects
from console.progress import tally_of
from console.scrape import Scrape, by_label, scrape, total
from console.servers import is_up, servers_of
from streams.outcomes import OUTCOMES
from streams.settings import Settings

WATCH_SECONDS = 2.0
# what each stage has done, as its processes tell it: records a second follow from two looks
STAGES = (
    ("fetch", "forebay_fetched_records_total"),
    ("refine", "forebay_received_records_total"),
    ("claim", "forebay_claimed_records_total"),
)


@dataclass(frozen=True, slots=True)
class ServerState:
    name: str
    place: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """One look at everything. What could not be asked is None and its server's fault says why."""

    servers: tuple[ServerState, ...]
    run: str | None
    outcomes: Mapping[str, int] | None
    committed: int
    claims: int
    objects: ObjectCounts | None
    lags: Mapping[str, Lag] | None
    scrapes: tuple[Scrape, ...]
    at_seconds: float

    def stage_records(self) -> dict[str, float]:
        found = {stage: total(self.scrapes, metric) for stage, metric in STAGES}
        # every record has a row in `outcomes` beside its own line: counted once
        found["claim"] = total(self.scrapes, "forebay_claimed_records_total", dataset="outcomes")
        return found

    @property
    def is_lawful(self) -> bool | None:
        """received = kept + crisis + held + duplicate + rejected, over what is claimed; None before a run."""
        return None if self.outcomes is None else sum(self.outcomes.values()) == self.committed

    def to_json(self) -> dict[str, Any]:
        return {
            "servers": {s.name.lower(): {"place": s.place, "fault": s.fault} for s in self.servers},
            "run": self.run,
            "outcomes": self.outcomes,
            "committed_records": self.committed,
            "claims": self.claims,
            "law_holds": self.is_lawful,
            "objects": None if self.objects is None else self.objects.to_json(),
            "behind_messages": None if self.lags is None else {name: one.behind for name, one in self.lags.items()},
            "processes": {s.target.child: s.samples is not None for s in self.scrapes},
            "stage_records": self.stage_records(),
            "restarts": total(self.scrapes, "forebay_restarts_total"),
        }  # fmt: skip


async def look(settings: Settings) -> Status:
    """Ask everything there is to ask. Never raises for a server that is away."""
    servers = servers_of(settings)
    faults = await asyncio.gather(*(is_up(server, settings) for server in servers))
    states = tuple(ServerState(s.name, s.place, fault) for s, fault in zip(servers, faults, strict=True))
    up = {state.name for state in states if state.fault is None}
    objects = await _objects(settings) if "Kafka" in up else None
    run_name, outcomes, committed, claims, behind = None, None, 0, 0, None
    if "S3" in up:
        async with s3_client(settings) as client:
            store = run_store(client, settings)
            try:
                current = await store.current()
                run = None if current is None else await store.get(current.run)
                if run is not None:
                    run_name = run.run
                    tally = await tally_of(store, Path(settings.state), settings.output, run)
                    outcomes, committed, claims = tally.outcomes(), tally.committed, tally.claims
                    behind = await lags(settings, run) if "Kafka" in up else None
            except (RetryLater, Fatal, KafkaError, OSError) as error:
                fault = str(error) if isinstance(error, RetryLater | Fatal) else type(error).__name__
                states = (*states, ServerState("the live run", settings.output, fault))
    return Status(
        states, run_name, outcomes, committed, claims, objects, behind,
        tuple(await scrape(Path(settings.state))), time.monotonic(),
    )  # fmt: skip


async def _objects(settings: Settings) -> ObjectCounts | None:
    try:
        return await read_objects(settings)
    except (RetryLater, KafkaError, OSError):
        return None


def rates(now: Status, before: Status | None) -> dict[str, float] | None:
    """Records a second of each stage between two looks; a process that began anew counts as nothing."""
    if before is None or now.at_seconds <= before.at_seconds:
        return None
    old, new = before.stage_records(), now.stage_records()
    return {name: max(0.0, new[name] - old[name]) / (now.at_seconds - before.at_seconds) for name in new}


def status_view(now: Status, before: Status | None = None) -> RenderableType:
    """What a person reads."""
    parts: list[RenderableType] = [_servers(now)]
    if now.objects is not None:
        parts.append(_objects_table(now.objects))
    if now.outcomes is not None:
        parts += [_outcomes_table(now), law_line(now.outcomes, now.committed)]
    elif all(state.fault is None for state in now.servers):
        parts.append(Text("No run yet: `forebay run` makes the first one."))
    parts.append(_flow_table(now, rates(now, before)))
    return Group(*parts)


def law_line(outcomes: Mapping[str, int], received: int) -> Text:
    """The law with its figures, and whether it holds."""
    named = " + ".join(f"{outcomes[name]:,} {name}" for name in OUTCOMES)
    holds = sum(outcomes.values()) == received
    return Text(f"{received:,} received = {named}  ", style="") + Text(
        "✓" if holds else "✗ DOES NOT ADD UP", style="green" if holds else "bold red"
    )


def _servers(now: Status) -> Table:
    table = Table(title="Servers", title_justify="left", show_header=False)
    for state in now.servers:
        well = state.fault is None
        table.add_row(
            state.name,
            state.place,
            Text("up" if well else str(state.fault), style="green" if well else "red"),
        )
    return table


def _objects_table(objects: ObjectCounts) -> Table:
    table = Table(title="Objects", title_justify="left")
    for column in ("state", "objects", "records"):
        table.add_column(column, justify="left" if column == "state" else "right")
    for state, (count, records) in objects.by_state.items():
        table.add_row(state, f"{count:,}", f"{records:,}")
    for place, reason in objects.unread[:5]:
        table.add_row(Text(f"{reason}: {place}", style="yellow"), "", "")
    return table


def _outcomes_table(now: Status) -> Table:
    outcomes = now.outcomes or {}
    table = Table(title=f"Records of run {now.run}, claimed", title_justify="left")
    table.add_column("outcome")
    table.add_column("records", justify="right")
    table.add_column("share", justify="right")
    for name in OUTCOMES:
        share = outcomes[name] / now.committed if now.committed else 0.0
        table.add_row(name, f"{outcomes[name]:,}", f"{share:.1%}")
    return table


def _flow_table(now: Status, per_second: Mapping[str, float] | None) -> Table:
    table = Table(title="Flow", title_justify="left")
    table.add_column("agent")
    table.add_column("messages behind", justify="right")
    for name, one in (now.lags or {}).items():
        table.add_row(name, f"{one.behind:,}")
    if per_second is not None:
        for stage, rate in per_second.items():
            table.add_row(f"{stage}, records/s", f"{rate:,.0f}")
    answering = [s.target.child for s in now.scrapes if s.samples is not None]
    silent = [s.target.child for s in now.scrapes if s.samples is None]
    table.add_row("processes", ", ".join(answering) or "none on this machine")
    if silent:
        table.add_row(Text("silent", style="yellow"), ", ".join(silent))
    waiting = [
        server for server, value in by_label(now.scrapes, "forebay_server_waiting", "server").items() if value
    ]
    if waiting:
        table.add_row(Text("waiting for", style="yellow"), ", ".join(waiting))
    return table


async def watch(settings: Settings, console: Console) -> None:
    """Redraw every 2 s until cancelled; a block of text each time where the output is no terminal."""
    before = None
    if not console.is_terminal:
        while True:
            now = await look(settings)
            console.print(status_view(now, before))
            before = now
            await asyncio.sleep(5 * WATCH_SECONDS)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            now = await look(settings)
            live.update(status_view(now, before), refresh=True)
            before = now
            await asyncio.sleep(WATCH_SECONDS)

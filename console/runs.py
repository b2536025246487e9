"""`forebay runs`: every run with its pack, state, records by outcome and lag."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiokafka.errors import KafkaError
from rich.table import Table

from clients.errors import RetryLater
from clients.runs import RunStore
from console.lag import Lag, lags
from console.progress import Tally, tally_of
from streams.outcomes import OUTCOMES
from streams.runs import Current, Run
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class RunState:
    """A run and how it stands; `lags` is None where Kafka cannot tell (away, or the topics are gone)."""

    run: Run
    state: str
    tally: Tally
    lags: dict[str, Lag] | None

    @property
    def behind(self) -> int | None:
        return None if self.lags is None else sum(one.behind for one in self.lags.values())


def state_of(run: Run, current: Current | None) -> str:
    """live: what readers read; previous: what they read before; beside: all others."""
    if current is None:
        return "beside"
    return {current.run: "live", current.previous or "": "previous"}.get(run.run, "beside")


async def run_states(settings: Settings, store: RunStore) -> list[RunState]:
    """All runs, the oldest first."""
    current = await store.current()
    found = []
    for run in await store.all():
        tally = await tally_of(store, Path(settings.state), settings.output, run)
        try:
            behind = await lags(settings, run)
        except (RetryLater, KafkaError, OSError):
            behind = None
        found.append(RunState(run, state_of(run, current), tally, behind))
    return found


def runs_table(states: list[RunState]) -> Table:
    """A column for each run: names are long and runs are few."""
    table = Table(title="Runs", title_justify="left")
    table.add_column("run")
    for one in states:
        table.add_column(one.run.run, justify="right", style="bold" if one.state == "live" else "")
    rows: list[tuple[str, Callable[[RunState], str]]] = [
        ("state", lambda one: one.state),
        ("rules", lambda one: one.run.pack_version),
        ("made (UTC)", lambda one: one.run.created_at_utc[:19]),
        *((name, partial(_records, name)) for name in OUTCOMES),
        (
            "all",
            lambda one: f"{one.tally.committed:,}" + ("" if one.tally.law_holds() else " DOES NOT ADD UP"),
        ),
        ("claims", lambda one: f"{one.tally.claims:,}"),
        ("messages behind", lambda one: "?" if one.behind is None else f"{one.behind:,}"),
    ]
    for label, told in rows:
        table.add_row(label, *(told(one) for one in states))
    return table


def _records(outcome: str, one: RunState) -> str:
    return f"{one.tally.outcomes()[outcome]:,}"


def comparison_table(before: Tally, after: Tally) -> Table:
    """Records by outcome of two runs side by side."""
    table = Table(title="Records by outcome", title_justify="left")
    table.add_column("outcome")
    for column in (before.run.run, after.run.run, "change"):
        table.add_column(column, justify="right")
    a, b = before.outcomes(), after.outcomes()
    for name in OUTCOMES:
        table.add_row(
            name, f"{a[name]:,}", f"{b[name]:,}", f"{b[name] - a[name]:+,}" if a[name] != b[name] else ""
        )
    change = after.committed - before.committed
    table.add_row("all", f"{before.committed:,}", f"{after.committed:,}", f"{change:+,}" if change else "")
    return table

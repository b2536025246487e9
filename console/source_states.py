"""The sources of the catalogue as the ledger knows them: objects, bytes, records, and what listing them costs."""

import sys
from collections import Counter
from dataclasses import dataclass, field

from clients.catalogue import read_catalogue
from console.catalog import prices
from console.ledger_counts import MOST_NAMED, NoLedger, last_rows
from console.newest_rejects import Rejects, live_rejects
from producers.ledger import Entry
from producers.states import ABSENT, State
from streams.catalogue import Catalogue, Source
from streams.settings import Settings


@dataclass(slots=True)
class SourceState:
    """One source by the ledger. `size_bytes` are of versions that stand there now, `records` of all that was read."""

    source: Source
    states: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0
    records: int = 0
    newest_seconds: int | None = None
    list_calls_a_day: int = 0
    listed_with: str | None = None  # the source whose listing shows this one's keys too


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that the command shows. `rejects` is None where S3 could not say; `why_not` says why."""

    states: list[SourceState]
    denied: list[tuple[str, str]]
    denied_in_all: int
    of_no_source: int
    rejects: Rejects | None
    why_not: str


@dataclass(frozen=True, slots=True)
class _Row:
    """What is kept of a ledger row while the topic is read."""

    source: int
    state: State
    records: int
    size_bytes: int
    modified_seconds: int
    denied: tuple[str, str] | None


async def look_at_sources(settings: Settings) -> Sources:
    catalogue = read_catalogue(settings)
    numbers = {source.name: number for number, source in enumerate(catalogue.sources)}

    def row_of(entry: Entry) -> _Row:
        return _row(entry, catalogue, numbers)

    try:
        last = await last_rows(settings, row_of)
    except NoLedger:
        last = []  # nothing was read yet: every source shows zeros
    states = [SourceState(source) for source in catalogue.sources]
    denied: list[tuple[str, str]] = []
    denied_in_all = of_no_source = 0
    for row in last:
        if row.denied is not None:
            denied_in_all += 1
            if len(denied) < MOST_NAMED:
                denied.append(row.denied)
        if row.source < 0:
            of_no_source += 1
        else:
            _count(states[row.source], row)
    _price(states, catalogue, settings)
    rejects, why_not = await live_rejects(settings)
    return Sources(states, sorted(denied), denied_in_all, of_no_source, rejects, why_not)


def _row(entry: Entry, catalogue: Catalogue, numbers: dict[str, int]) -> _Row:
    version = entry.version
    source = catalogue.of(version.bucket, version.key)
    return _Row(
        -1 if source is None else numbers[source.name],
        entry.state,
        entry.records,
        version.size_bytes,
        version.modified_seconds,
        (version.place, sys.intern(entry.detail)) if entry.is_denied else None,
    )


def _count(state: SourceState, row: _Row) -> None:
    state.states[row.state.value] += 1
    state.records += row.records
    if row.state not in ABSENT:
        state.size_bytes += row.size_bytes
    if state.newest_seconds is None or row.modified_seconds > state.newest_seconds:
        state.newest_seconds = row.modified_seconds


def _price(states: list[SourceState], catalogue: Catalogue, settings: Settings) -> None:
    """Set the LIST calls of a day. A source that lies in another's place is listed with it, at no cost of its own."""
    for bucket, prefix in catalogue.places():
        inside = [
            state
            for state in states
            if state.source.bucket == bucket and state.source.prefix.startswith(prefix)
        ]
        payer = min(inside, key=lambda state: len(state.source.prefix))
        keys = sum(
            count for state in inside for name, count in state.states.items() if State(name) not in ABSENT
        )
        payer.list_calls_a_day = prices.list_calls_a_day(keys, settings.sweep_seconds)
        for state in inside:
            if state is not payer:
                state.listed_with = payer.source.name

"""`forebay sources`: what was read of each source of the catalogue, what of it was rejected, what looking costs."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.catalog import prices
from console.catalog.as_json import print_json, whole_text
from console.catalog.view import shown, told_bytes
from console.source_states import Sources, look_at_sources
from producers.states import State
from streams.settings import Settings


async def show_sources(settings: Settings, console: Console, *, as_json: bool) -> None:
    """Look and show. Raises RetryLater when Kafka is away; without S3 only the rejected shares are missing."""
    found = await look_at_sources(settings)
    if as_json:
        print_json(console, sources_json(found))
        return
    if not found.states:
        console.print(
            "No source yet: set FOREBAY_SOURCES or FOREBAY_SOURCES_FILE (see sources.example.yaml)."
        )
        return
    console.print(sources_table(found))
    for line in lines_below(found, settings):
        console.print(line)


def sources_table(found: Sources) -> Table:
    table = Table(title="Sources", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("source", overflow="fold", min_width=30)
    for column in ("tier", "objects", "bytes", "records", "rejected", "last drop", "LIST/day"):
        table.add_column(column, justify="left" if column == "objects" else "right", no_wrap=True)
    for state in found.states:
        share = None if found.rejects is None else found.rejects.share(state.source.name)
        usd = prices.told_usd(prices.put_or_list_usd(state.list_calls_a_day))
        table.add_row(
            Text(state.source.name, "bold") + Text(f"\n{shown(state.source.place)}", "not bold"),
            "–" if state.source.tier is None else str(state.source.tier),
            "\n".join(f"{n:,} {name}" for name, n in _in_order(state.states).items()) or "0",
            told_bytes(state.size_bytes),
            f"{state.records:,}",
            "–" if share is None else f"{share:.1%}",
            "–"
            if state.newest_seconds is None
            else told_utc(state.newest_seconds).replace(" ", "\n") + " UTC",
            f"{state.list_calls_a_day:,}\n{usd} USD" if state.listed_with is None else "0",
        )
    return table


def lines_below(found: Sources, settings: Settings) -> list[Text]:
    """What the table leaves open: of what the shares are, what the price rests on, what is denied."""
    lines = []
    rejects = found.rejects
    if rejects is None:
        lines.append(Text(f"Rejected shares are not known: {found.why_not}."))
    elif rejects.files:
        lines.append(
            Text(
                f"Rejected: of the last {rejects.records.total():,} records that the live run has claimed"
                f" ({rejects.files:,} files of outcomes)."
            )
        )
        common = Counter[str]()
        for (_, reason), count in rejects.rejected.items():
            common[reason] += count
        if common:
            lines.append(Text("  " + ", ".join(f"{reason} {n:,}" for reason, n in common.most_common(8))))
    calls = sum(state.list_calls_a_day for state in found.states)
    lines.append(
        Text(
            f"LIST: {calls:,} calls a day, {prices.told_usd(prices.put_or_list_usd(calls))} USD: a call for each 1,000 "
            f"known keys, every {settings.sweep_seconds:g} s ({prices.WHERE}). Keys that globs leave out come on top."
        )
    )
    lines += [
        Text(f"{state.source.name} is listed with {state.listed_with}.")
        for state in found.states
        if state.listed_with is not None
    ]
    if found.of_no_source:
        lines.append(Text(f"In the ledger, of no source any more: {told_objects(found.of_no_source)}."))
    if found.denied_in_all:
        lines.append(
            Text(f"Denied, tried again at each sweep: {told_objects(found.denied_in_all)}", "yellow")
        )
        lines += [Text(f"  {code or 'denied'}: {shown(place)}", "yellow") for place, code in found.denied]
        if found.denied_in_all > len(found.denied):
            lines.append(Text(f"  and {found.denied_in_all - len(found.denied):,} more", "yellow"))
    return lines


def sources_json(found: Sources) -> dict[str, Any]:
    rejects = found.rejects
    return {
        "sources": [
            {
                "name": state.source.name,
                "place": state.source.place,
                "tier": state.source.tier,
                "objects": _in_order(state.states),
                "size_bytes": state.size_bytes,
                "records": state.records,
                "rejected_share": None if rejects is None else rejects.share(state.source.name),
                "rejected_of_records": 0 if rejects is None else rejects.records[state.source.name],
                "rejected_reasons": {}
                if rejects is None
                else {
                    reason: n for (name, reason), n in rejects.rejected.items() if name == state.source.name
                },
                "last_drop_utc": None if state.newest_seconds is None else told_utc(state.newest_seconds),
                "list_calls_a_day": state.list_calls_a_day,
                "list_usd_a_day": prices.put_or_list_usd(state.list_calls_a_day),
                "listed_with": state.listed_with,
            }
            for state in found.states
        ],
        "rejected_unknown": found.why_not or None,
        "objects_of_no_source": found.of_no_source,
        "denied": [{"object": whole_text(place), "code": code} for place, code in found.denied],
        "denied_objects": found.denied_in_all,
        "prices": prices.WHERE,
    }


def _in_order(states: Counter[str]) -> dict[str, int]:
    return {state.value: states[state.value] for state in State if states[state.value]}


def told_objects(count: int) -> str:
    return f"{count:,} object{'' if count == 1 else 's'}"


def told_utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")

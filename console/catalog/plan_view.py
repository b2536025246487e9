"""`forebay plan` as a person reads it: one short table, and what follows from it."""

from rich.console import Console
from rich.text import Text

from clients.errors import Fatal
from console.catalog import prices
from console.catalog.as_json import print_json, whole_text
from console.catalog.plan import DECIDED_ADDED_BYTES, Plan, make_plan
from console.catalog.view import look_shown, print_place, rounded, simple_table, told_bytes
from streams.settings import Settings


async def plan(
    settings: Settings, place: str, console: Console, *, as_json: bool, samples: int, rate: float
) -> None:
    """Look at the place, plan, show. Raises as `look_at` does."""
    if rate <= 0:
        raise Fatal("--rate: records per second must be above 0")
    seen = await look_shown(settings, place, console, as_json=as_json, samples=samples)
    made = make_plan(seen, settings, rate)
    if as_json:
        print_json(
            console, {"place": whole_text(seen.place), "size_bytes": seen.size_bytes, **made.to_json()}
        )
    else:
        show_plan(made, seen.place, seen.size_bytes, settings, console)


def show_plan(made: Plan, place: str, size_bytes: int, settings: Settings, console: Console) -> None:
    tilde = "" if made.is_exact else "~"
    records = f"{made.records:,}" if made.is_exact else f"~{rounded(made.records):,}"
    copies = f", {settings.kafka_replication} copies" if settings.kafka_replication > 1 else ""
    table = simple_table("", "what", "figure", "how it is reckoned", numbers=("figure",))
    table.add_row("objects", f"{made.objects:,}", f"{told_bytes(size_bytes)} stored")
    table.add_row("records", records, "estimated from samples: see `forebay catalog`" if tilde else "counted")
    table.add_row("time", tilde + told_time(made.seconds), f"at {made.rate:,.0f} records/s (--rate)")
    table.add_row(
        "Kafka: raw",
        tilde + told_bytes(made.raw_bytes),
        f"{told_bytes(made.record_bytes)} a record{copies}"
        + (
            ", as much as retention keeps"
            if made.raw_is_cut
            else f", for {settings.raw_retention_days:g} days"
        ),
    )
    table.add_row(
        "Kafka: decided",
        tilde + told_bytes(made.decided_bytes),
        f"as raw and {DECIDED_ADDED_BYTES:,} B of facts a record (measured){copies}, "
        f"for {settings.decided_retention_days:g} days",
    )
    table.add_row(
        "Redis: filters",
        tilde + told_bytes(made.filter_bytes),
        f"for so many records; false drops expected: {settings.max_false_drops:g}",
    )
    for row in made.requests:
        table.add_row("S3 requests", f"{tilde}{row.calls:,}", f"{row.what}: {prices.told_usd(row.usd)} USD")
    print_place(console, place)
    console.print(table)
    console.print(_filters_sentence(made))
    console.print(
        f"The requests cost {prices.told_usd(made.usd)} USD in all, and sweeps "
        f"{prices.told_usd(made.sweep_usd_a_day)} USD a day from then on ({prices.WHERE}; storage and transfer apart)."
    )
    if settings.kafka_compression == "none":
        console.print(
            "Kafka's disk is that of uncompressed topics, as set; FOREBAY_KAFKA_COMPRESSION makes it less."
        )


def _filters_sentence(made: Plan) -> Text:
    if made.fits:
        return Text(
            f"FOREBAY_EXPECTED_RECORDS={made.expected_records:,} is enough: a new run's filters take "
            f"{told_bytes(made.set_filter_bytes)} of Redis."
        )
    return Text(
        f"FOREBAY_EXPECTED_RECORDS={made.expected_records:,} is too low: the filters would be full and refine would "
        f"wait. Set {made.wanted_records} (a fifth more than these records) before the first run.",
        "yellow",
    )


def told_time(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:,.1f} h"
    return f"{seconds / 60:,.0f} min" if seconds >= 90 else f"{max(1, round(seconds))} s"

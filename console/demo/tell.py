"""What the demo says at its end."""

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from console.demo.flow import Outcome
from console.demo.generate import Drops
from console.status import law_line
from streams.outcomes import OUTCOMES
from streams.settings import Settings

SHORT = 160
MEANING = {
    "kept": "for training, in splits",
    "crisis": "a person may be in danger: diverted, for review",
    "held": "a person has to look first",
    "duplicate": "the same as another, or nearly",
    "rejected": "nothing usable in it; the row says why",
}


def summary(settings: Settings, drops: Drops, found: Outcome) -> RenderableType:
    """Records by outcome, the law, throughput by stage, where the output lies, three samples."""
    outcomes = found.tally.outcomes()
    return Group(
        _outcomes(outcomes, found.tally.committed),
        law_line(outcomes, drops.records),
        Text(f"Splits of the kept: {_splits(found.tally.splits)}"),
        _stages(found),
        Text(f"{found.seconds:.0f} s from the first drop to the last claim{_repeats(found, drops.records)}"),
        *_samples(found.samples),
        Text(f"Output: {settings.output}runs/{found.run}/ (a copy: {found.copied_to}/)"),
    )


def is_lawful(drops: Drops, found: Outcome) -> bool:
    """Every generated record has one outcome, and the ledger counted the same."""
    return (
        sum(found.tally.outcomes().values())
        == found.tally.committed
        == drops.records
        == found.objects.records
    )


def links(store: str, prometheus: str | None, *, live: bool) -> RenderableType:
    """The addresses, which answer only while the servers are kept."""
    if not live:
        return Text("All servers have ended. `KEEP=1 make demo` leaves them running, with live links.\n")
    lines = Text(f"S3: {store}\n")
    if prometheus:
        lines.append(
            f"Prometheus: http://{prometheus}/graph?g0.expr=forebay_outcome_records_total&g0.tab=1\n"
        )
    lines.append("Metrics of each process: `forebay run --follow` prints and serves them\n")
    return lines


def next_steps(console: Console, state: str, *, live: bool) -> None:
    """What to type next."""
    # after `make demo` the command is in the environment that make has made, not on PATH
    forebay = "forebay" if shutil.which("forebay") else os.path.relpath(sys.argv[0])
    lines = [
        "Next, with your own bucket:",
        f"  {forebay} up",
        "  export FOREBAY_SOURCES=s3://your-bucket/drops/ FOREBAY_OUTPUT=s3://your-bucket/forebay/",
    ]
    lines += [
        "  export FOREBAY_S3_REGION=us-east-1   # AWS, with your usual credentials; other stores: FOREBAY_S3_ENDPOINT"
    ]
    lines += [
        f"  {forebay} doctor && {forebay} run --follow",
        f"  {forebay} status --watch",
        f"  {forebay} replay --rules DIR   # after a change of rules",
    ]
    if live:
        lines += [
            "This demo's servers are up:",
            f"  FOREBAY_STATE={state} {forebay} status",
            f"  FOREBAY_STATE={state} {forebay} down",
        ]
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _outcomes(outcomes: dict[str, int], committed: int) -> Table:
    table = Table(title="Records by outcome", title_justify="left")
    table.add_column("outcome")
    table.add_column("records", justify="right")
    table.add_column("share", justify="right")
    table.add_column("meaning")
    for name in OUTCOMES:
        share = outcomes[name] / committed if committed else 0.0
        table.add_row(name, f"{outcomes[name]:,}", f"{share:.1%}", MEANING[name])
    return table


def _splits(splits: dict[str, int]) -> str:
    whole = sum(splits.values()) or 1
    return ", ".join(f"{name} {splits.get(name, 0) / whole:.1%}" for name in ("train", "val", "test"))


def _stages(found: Outcome) -> Table:
    table = Table(title="Throughput by stage", title_justify="left")
    table.add_column("stage")
    table.add_column("records", justify="right")
    table.add_column("records/s", justify="right")
    for name, stage in found.stages.items():
        rate = stage.per_second
        table.add_row(name, f"{stage.records:,}", "–" if rate is None else f"{rate:,.0f}")
    return table


def _repeats(found: Outcome, whole: int) -> str:
    more = found.stages["refined"].records - whole
    return "" if more <= 0 else f"; {more:,} records were delivered again on the way, and claimed once"


def _samples(samples: Sequence[dict[str, Any]]) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for number, record in enumerate(samples, 1):
        metadata = record["metadata"]
        lines = Text()
        for message in record["messages"][:2]:
            content = message["content"]
            short = content if len(content) <= SHORT else content[: SHORT - 1] + "…"
            lines.append(f"{message['role']}: ", style="bold")
            lines.append(short + "\n")
        category = (metadata.get("categories") or [{"name": "?"}])[0]["name"]
        lines.append(
            f"{metadata['shape']} · {category} · {metadata['split']} · PII {metadata['pii_status']}",
            style="dim",
        )
        shown.append(Panel(lines, title=f"kept record {number} of 3 shown", title_align="left"))
    return shown

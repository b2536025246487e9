"""What a bench says at its end."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from console.bench.figures import MIB, WHOLE, Measured, Phase, by_kind
from console.demo.tell import MEANING

_COUNTED = (
    "CPU-seconds are user and system time of the processes named, from the moment at which each was ready "
    "(an agent has joined its group, ingest owns its lanes) to the end of the phase; what they took until then is "
    "the column `start`. Servers stand apart. Whole path: wall time from all processes ready to the claim of "
    "the last record. The bare loop runs the same steps on the same records in one process, without servers; to parse, "
    "hash and dump them alone runs no code of Forebay, and tells how quick the machine was."
)


def summary(found: Measured) -> RenderableType:
    """The figures beside their targets, the phases, and whether all records came out."""
    outcomes = ", ".join(f"{name} {found.outcomes.get(name, 0):,}" for name in MEANING)
    law = "records in = records out" if found.is_lawful else "RECORDS ARE MISSING OR TOO MANY"
    return Group(
        Text(
            f"{found.records:,} records of {found.record_bytes:,.0f} bytes, {found.cores} cores; "
            f"bare loop: {found.bare_per_cpu_second:,.0f} records per CPU-second, "
            f"parse, hash and dump alone: {found.plain_per_cpu_second:,.0f}"
        ),
        figures_table(found),
        phases_table(found),
        Text(f"{law}: {outcomes}") if found.outcomes else Text(""),
        Text("\n".join(_load(phase, found.cores) for phase in found.phases.values() if phase.name == WHOLE)),
        Text(_COUNTED),
    )


def _load(phase: Phase, cores: int) -> str:
    """What the machine did meanwhile: a figure by wall time means nothing where strangers took the cores."""
    spent = phase.cpu_with_servers
    strangers = max(0.0, phase.machine_seconds - spent) / (cores * phase.seconds)
    alone = cores * phase.records / spent
    return (
        f"{phase.name}: Forebay and servers took {spent:.1f} CPU-seconds, which {cores} busy cores of their own "
        f"would give at {alone:,.0f} records/s; other programs took {strangers:.0%} of this machine meanwhile."
    )


def figures_table(found: Measured) -> Table:
    table = Table(title="Figures")
    for name, justify in (("figure", "left"), ("measured", "right"), ("target", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("unit")
    table.add_column("bare loop", justify="right")
    table.add_column("of bare", justify="right")
    table.add_column("reached")
    for figure in found.figures():
        is_memory = figure.unit == "MiB"
        beside = figure.of_bare is not None
        table.add_row(
            figure.name,
            f"{figure.value:,.0f}",
            f"{'≤' if is_memory else '≥'} {figure.target:,.0f}",
            figure.unit,
            f"{found.bare_per_cpu_second:,.0f}" if beside else "",
            f"{figure.of_bare:.2f}" if figure.of_bare is not None else "",
            "yes" if figure.is_reached else "NO",
        )
    return table


def phases_table(found: Measured) -> Table:
    """A row for each kind of process of each phase."""
    table = Table(title="Phases")
    table.add_column("phase")
    for name in ("records", "seconds", "records/s"):
        table.add_column(name, justify="right")
    table.add_column("process")
    for name in ("CPU s", "start", "peak MiB"):
        table.add_column(name, justify="right")
    for phase in found.phases.values():
        table.add_section()
        head = [phase.name, f"{phase.records:,}", f"{phase.seconds:.1f}", f"{phase.per_second:,.0f}"]
        for row in _rows(phase):
            table.add_row(*head, *row)
            head = [""] * len(head)
    return table


def _rows(phase: Phase) -> list[list[str]]:
    starts = by_kind(phase.start_cpu)
    peaks = dict.fromkeys(starts, 0)
    for process, peak in phase.peaks.items():
        kind = next(iter(by_kind({process: 0.0})))
        peaks[kind] = max(peaks[kind], peak)
    rows = [
        [kind, f"{cpu:.1f}", f"{starts[kind]:.1f}", f"{peaks[kind] / MIB:.0f}"]
        for kind, cpu in by_kind(phase.cpu).items()
    ]
    return rows + [[f"({name})", f"{cpu:.1f}", "", ""] for name, cpu in phase.servers.items()]

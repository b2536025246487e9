"""What was measured: one phase, one figure beside its target."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MIB = 1 << 20

WHOLE_PATH_PER_SECOND = 2_000.0
FETCH_PER_CPU_SECOND = 20_000.0
GZIP_PER_CPU_SECOND = 10_000.0
REFINE_SHARE = 0.7
SINK_PER_CPU_SECOND = 15_000.0
PROCESS_BYTES = 400 * MIB

WHOLE, LARGE_OBJECT = "whole path", "large object"


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase. Times are in seconds from the moment at which its processes were ready; peaks in bytes.

    `cpu` is by process of Forebay, `start_cpu` what each of them took until ready, `servers` by server.
    `machine_seconds` is the processor time of everything on the machine, strangers and the bench included.
    """

    name: str
    records: int
    seconds: float
    cpu: Mapping[str, float]
    start_cpu: Mapping[str, float]
    servers: Mapping[str, float]
    peaks: Mapping[str, int]
    machine_seconds: float = 0.0

    @property
    def cpu_seconds(self) -> float:
        return sum(self.cpu.values())

    @property
    def per_cpu_second(self) -> float:
        return self.records / self.cpu_seconds if self.cpu_seconds else 0.0

    @property
    def cpu_with_servers(self) -> float:
        return self.cpu_seconds + sum(self.servers.values())

    @property
    def per_second(self) -> float:
        return self.records / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One row for a person. `of_bare` is the share of the bare loop in the same run, where that says anything."""

    name: str
    value: float
    unit: str
    target: float
    is_reached: bool
    of_bare: float | None = None


@dataclass(slots=True)
class Measured:
    """All that one bench found. `is_lawful`: records in = records out, by ledger, claims and outcomes."""

    records: int
    record_bytes: float
    cores: int
    bare_per_cpu_second: float = 0.0
    plain_per_cpu_second: float = 0.0
    phases: dict[str, Phase] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    is_lawful: bool = False
    large_bytes: int = 0

    def figures(self) -> list[Figure]:
        """The figures that have a target, of the phases that were run."""
        found: list[Figure] = []
        for name, target in (
            ("fetch", FETCH_PER_CPU_SECOND), ("fetch gzip", GZIP_PER_CPU_SECOND),
            ("refine", REFINE_SHARE * self.bare_per_cpu_second), ("sink", SINK_PER_CPU_SECOND),
        ):  # fmt: skip
            if name in self.phases:
                value = self.phases[name].per_cpu_second
                share = value / self.bare_per_cpu_second
                found.append(Figure(name, value, "records per CPU-second", target, value >= target, share))
        if WHOLE in self.phases:
            value = self.phases[WHOLE].per_second
            reached = value >= WHOLE_PATH_PER_SECOND
            found.append(Figure(WHOLE, value, "records per second", WHOLE_PATH_PER_SECOND, reached))
        return found + [
            Figure(f"peak memory: {kind}", peak / MIB, "MiB", PROCESS_BYTES / MIB, peak <= PROCESS_BYTES)
            for kind, peak in self.peaks().items()
        ]

    def peaks(self) -> dict[str, int]:
        """The largest peak of any process of a kind, over all phases; the large object apart."""
        found: dict[str, int] = {}
        for phase in self.phases.values():
            for process, peak in phase.peaks.items():
                kind = kind_of(process)
                if phase.name == LARGE_OBJECT:
                    kind = f"{kind}, one object of {self.large_bytes / MIB:,.0f} MiB"
                found[kind] = max(found.get(kind, 0), peak)
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "record_bytes": round(self.record_bytes, 1),
            "cores": self.cores,
            "bare_loop_records_per_cpu_second": round(self.bare_per_cpu_second, 1),
            "plain_loop_records_per_cpu_second": round(self.plain_per_cpu_second, 1),
            "figures": [asdict(figure) for figure in self.figures()],
            "phases": {name: asdict(phase) for name, phase in self.phases.items()},
            "outcomes": self.outcomes,
            "records_in_equal_records_out": self.is_lawful,
        }


def kind_of(process: str) -> str:
    """`refine` of `refine-1`."""
    return process.rsplit("-", 1)[0] if process[-1].isdigit() else process


def by_kind(values: Mapping[str, float]) -> dict[str, float]:
    """Sums by kind of process."""
    found: dict[str, float] = {}
    for process, value in values.items():
        found[kind_of(process)] = found.get(kind_of(process), 0.0) + value
    return found

"""Counts what each stage has done while the demo runs: progress bars at a terminal, a few lines elsewhere."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from console.scrape import scrape, total

STAGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "fetched": ("forebay_fetched_records_total", {}),
    "refined": ("forebay_received_records_total", {}),
    # each record has a line in its dataset and one in `outcomes`: the latter counts it once
    "claimed": ("forebay_claimed_records_total", {"dataset": "outcomes"}),
}
LOOK_SECONDS = 0.5
PLAIN_SECONDS = 10.0


@dataclass(slots=True)
class Stage:
    """Records of a stage, and when it began and last moved (monotonic seconds)."""

    records: int = 0
    began_at: float = 0.0
    moved_at: float = 0.0

    @property
    def per_second(self) -> float | None:
        """None while there is too little to tell."""
        seconds = self.moved_at - self.began_at
        return self.records / seconds if self.records and seconds > 0 else None


@dataclass(slots=True)
class Bars:
    """Watches the metrics of the demo's processes until cancelled.

    A process that ends takes its counters along: what was seen stays, so a count never falls.
    """

    state: Path
    console: Console
    whole: int
    stages: dict[str, Stage] = field(default_factory=lambda: {name: Stage() for name in STAGES})
    _seen: dict[tuple[str, str], float] = field(default_factory=dict)
    _said_at: float = field(default_factory=time.monotonic)

    async def watch(self) -> None:
        progress = Progress(
            TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TextColumn("records"),
            TimeElapsedColumn(), console=self.console, disable=not self.console.is_terminal,
        )  # fmt: skip
        with progress:
            tasks = {name: progress.add_task(name, total=self.whole) for name in STAGES}
            while True:
                await self.look()
                self._draw(progress, tasks)
                await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """One look at all processes."""
        asked_at = time.monotonic()
        for one in await scrape(self.state):
            if one.samples is not None:
                for name, (metric, labels) in STAGES.items():
                    # a process that began anew has another address: its counts come on top
                    self._seen[one.target.address, name] = total([one], metric, **labels)
        for name, stage in self.stages.items():
            records = int(sum(value for (_, of), value in self._seen.items() if of == name))
            if records > stage.records:
                stage.began_at = stage.began_at or asked_at - LOOK_SECONDS
                stage.moved_at = asked_at
                stage.records = records

    def _draw(self, progress: Progress, tasks: Mapping[str, TaskID]) -> None:
        for name, task in tasks.items():
            # chunks that were delivered twice are counted twice on the way, never in what is claimed
            progress.update(task, completed=min(self.whole, self.stages[name].records))
        if not self.console.is_terminal and time.monotonic() - self._said_at >= PLAIN_SECONDS:
            self._said_at = time.monotonic()
            self.console.print(", ".join(f"{name} {stage.records:,}" for name, stage in self.stages.items()))

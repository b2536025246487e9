"""Watches processes from outside: their processor time and their peak memory, also after they have ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LOOK_SECONDS = 0.05


@dataclass(slots=True)
class _Seen:
    pid: int
    cpu_seconds: float = 0.0
    ready_at: float | None = None
    peak_bytes: int = 0


@dataclass(slots=True)
class Meter:
    """Processes by name. `look` is called every 50 ms: what a process does after its last look is not seen.

    Processor time is user and system time of the process and all its threads, without its children.
    """

    seen: dict[str, _Seen] = field(default_factory=dict)

    def look(self, pids: Mapping[str, int], is_ready: Callable[[str], bool] = lambda _: True) -> None:
        """One look at each. A process's time counts from the first look that finds it ready."""
        for name, pid in pids.items():
            one = self.seen.get(name)
            if one is None or one.pid != pid:
                one = self.seen[name] = _Seen(pid)
            try:
                times = psutil.Process(pid).cpu_times()
                peak = peak_bytes(pid)
            except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
                continue  # it has ended: what was seen last stays
            one.cpu_seconds = times.user + times.system
            one.peak_bytes = max(one.peak_bytes, peak)
            if one.ready_at is None and is_ready(name):
                one.ready_at = one.cpu_seconds

    def is_ready(self, name: str) -> bool:
        one = self.seen.get(name)
        return one is not None and one.ready_at is not None

    def reset(self) -> None:
        """Count from now on: for processes that run through several phases."""
        for one in self.seen.values():
            one.ready_at = one.cpu_seconds

    def cpu_seconds(self, name: str) -> float:
        """Since it was ready, or since `reset`."""
        one = self.seen[name]
        return 0.0 if one.ready_at is None else one.cpu_seconds - one.ready_at

    def start_seconds(self, name: str) -> float:
        """Processor time until it was ready."""
        return self.seen[name].ready_at or 0.0

    def peak_bytes(self, name: str) -> int:
        return self.seen[name].peak_bytes


def machine_busy_seconds() -> float:
    """Processor time that this machine has spent on anything since it was started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def peak_bytes(pid: int) -> int:
    """The most memory that the process ever held in RAM; 0 for one that has ended and is not yet reaped."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):  # proc(5): peak resident set size, in kB
            return int(line.split()[1]) * 1024
    return 0

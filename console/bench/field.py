"""Runs Forebay's processes for one phase and measures them: from ready to done."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from clients.errors import Fatal
from console.bench.figures import Phase
from console.bench.meter import LOOK_SECONDS, Meter, machine_busy_seconds
from console.local.stack import Stack
from console.parts import INGEST
from console.run_command import make_supervisor
from console.supervise import Part, Supervisor
from streams.settings import Settings

MOST_SECONDS = 900.0
_READY_SECONDS = 120.0


@dataclass(slots=True)
class Field:
    """One phase: processes of one namespace, watched. A process that ends early spoils it: Fatal.

    If we die, the kernel ends the processes; the bench begins anew and nothing of it is kept.
    """

    settings: Settings
    stack: Stack
    supervisor: Supervisor = field(init=False)
    ours: Meter = field(default_factory=Meter)
    servers: Meter = field(default_factory=Meter)
    _began: float = 0.0
    _busy_seconds: float = 0.0
    _ended: float | None = None

    def __post_init__(self) -> None:
        self.supervisor = make_supervisor(self.settings)

    async def start(self, parts: Iterable[Part]) -> None:
        """Start processes; returns once each is ready, and the phase's clock begins (again)."""
        names = [part.name for part in parts]
        for name in names:
            self.supervisor.log(name).unlink(missing_ok=True)  # what tells readiness must be of this phase
        self.supervisor.add(parts)
        await self.until(lambda: all(self.ours.is_ready(name) for name in names), _READY_SECONDS)
        self.begin()

    def begin(self) -> None:
        """The clock begins; processor time of servers counts from here, that of each process from its readiness."""
        self.look()
        self.servers.reset()
        self._began, self._busy_seconds = time.monotonic(), machine_busy_seconds()

    def end(self) -> None:
        """The clock stops, for wall and processor time."""
        self.look()
        self._ended = time.monotonic()
        self._busy_seconds = machine_busy_seconds() - self._busy_seconds

    async def until(self, is_done: Callable[[], bool], seconds: float = MOST_SECONDS) -> None:
        """Look every 50 ms until done. Raises Fatal after `seconds`."""
        deadline = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > deadline:
                raise Fatal(
                    f"bench: not done within {seconds:.0f} s; the logs are in {self.settings.state}/logs"
                )
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def ask(
        self, is_done: Callable[[], Awaitable[bool]], pause_seconds: float, seconds: float = MOST_SECONDS
    ) -> None:
        """The same for a question that a server answers, asked with pauses."""
        deadline = time.monotonic() + seconds
        asked = asyncio.ensure_future(is_done())
        try:
            while True:
                await self.until(asked.done, max(1.0, deadline - time.monotonic()))
                if asked.result():
                    return
                due = time.monotonic() + pause_seconds
                await self.until(lambda due=due: time.monotonic() >= due)  # type: ignore[misc]
                asked = asyncio.ensure_future(is_done())
        finally:
            asked.cancel()

    def look(self) -> None:
        """See processes and servers once."""
        if self._ended is not None:
            return
        # before the supervisor: it reaps what has ended, and then there is nothing left to see
        self.ours.look(self.supervisor.pids(), self._is_ready)
        self.servers.look({server.name: server.pid for server in self.stack.servers})
        self.supervisor.look()
        for name in (*self.supervisor.failures(), *self.supervisor.refused()):
            words = self.supervisor.last_words(name)
            raise Fatal(
                f"bench: {name} ended while it was measured: {words}\nIts log: {self.supervisor.log(name)}"
            )

    def _is_ready(self, name: str) -> bool:
        if name == INGEST:
            return self.has_told(name, "lane owned", self.settings.lanes)
        return self.has_told(name, "working")

    def has_told(self, name: str, event: str, times: int = 1) -> bool:
        """Whether a process has logged an event so often."""
        return [one.get("event") for one in self.supervisor.events(name)].count(event) >= times

    async def gone(self, name: str) -> None:
        """Wait for a `once` process that has done its work: how long it takes to leave is not measured."""
        deadline = time.monotonic() + _READY_SECONDS
        while self.supervisor.done_code(name) is None:
            self.supervisor.look()
            if time.monotonic() > deadline:
                raise Fatal(f"bench: {name} does not end; its log: {self.supervisor.log(name)}")
            await asyncio.sleep(LOOK_SECONDS)

    async def stop(self) -> None:
        await self.supervisor.stop()

    def phase(self, name: str, records: int) -> Phase:
        """What was measured up to `end`."""
        assert self._ended is not None
        return Phase(
            name=name,
            records=records,
            seconds=self._ended - self._began,
            cpu={one: self.ours.cpu_seconds(one) for one in self.ours.seen},
            start_cpu={one: self.ours.start_seconds(one) for one in self.ours.seen},
            servers={one: self.servers.cpu_seconds(one) for one in self.servers.seen},
            peaks={one: self.ours.peak_bytes(one) for one in self.ours.seen},
            machine_seconds=self._busy_seconds,
        )

"""One local server: how it is started, when it counts as ready, and the faults that tests put upon it."""

import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from console.local.children import Child, Identity, launch
from console.local.unavailable import PortTaken, Unavailable

Say = Callable[[str], None]

_STOP_SECONDS = 5.0
READY_SECONDS = 120.0  # a busy two-core machine needs 10; past this something is wrong
_POLL_SECONDS = 0.05
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is needed to run a server, again and again, on the same ports with the same data."""

    name: str
    address: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    # Asks the server whether it takes work; False or OSError: not yet. Answers within a second or two.
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    # A command to run once before the first start, and whether that has been done
    prepare: tuple[str, ...] = ()
    is_prepared: Callable[[], bool] = lambda: True
    grace_seconds: float = 10.0


class Server:
    """A server of this machine. Not for use by two threads at once.

    All calls block, the longest being `restart` (seconds): in async code call them by `asyncio.to_thread`.
    """

    def __init__(self, plan: Plan, *, detached: bool, launched: Callable[[], None] = lambda: None) -> None:
        self.plan = plan
        self._detached = detached
        self._launched = launched
        self._child: Child | None = None
        self._preparing: Child | None = None

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def identity(self) -> Identity | None:
        """The process that was started last, running or not."""
        return self._child.identity if self._child else None

    @property
    def pid(self) -> int:
        """Raises Unavailable when it was never started."""
        return self._started().identity.pid

    def adopt(self, identity: Identity) -> None:
        """Takes over a process that an earlier command started."""
        self._child = Child(self.name, identity, self.plan.log)

    def begin(self) -> None:
        """Starts it and returns at once; `poll` carries it on to readiness. Raises Unavailable."""
        if self.plan.prepare and not self.plan.is_prepared():
            # never detached: if we die here it dies too, and the next start prepares anew
            self._preparing = self._launch(self.plan.prepare, detached=False)
        else:
            self._run()

    def poll(self) -> bool:
        """Whether it is ready. Raises Unavailable with the end of its log when it has given up."""
        if self._preparing is not None:
            code = self._preparing.exit_code()
            if code is None:
                return False
            if code != 0:
                raise self._failure(self._preparing, f"could not be prepared (exit code {code})")
            self._preparing = None
            self._run()
            return False
        child = self._started()
        try:
            ready = self.plan.is_ready()
        except OSError:
            ready = False
        # asked after the probe: a stranger may have answered on the port that ours failed to get
        if (code := child.exit_code()) is not None:
            raise self._failure(child, f"ended while starting (exit code {code})")
        return ready

    def is_alive(self) -> bool:
        return self._child is not None and self._child.is_alive()

    def kill(self) -> None:
        """SIGKILL: the server is gone when this returns, its data as the crash left it."""
        self._started().kill()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nothing answers. Undone by `thaw`."""
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + _STOP_SECONDS
        # the signal is sent at once and heeded a moment later, thread by thread
        while not self._started().identity.is_stopped() and time.monotonic() < deadline:
            time.sleep(0.01)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM, SIGKILL after the grace. Does nothing when it is not running."""
        for child in (self._preparing, self._child):
            if child is not None:
                child.stop(self.plan.grace_seconds)
        self._preparing = None

    def restart(self) -> None:
        """Stops it where it runs, starts it on the same ports and data, and waits until it is ready."""
        self.stop()
        self.begin()
        wait_ready([self])

    def health(self) -> str:
        """One line for a person. Asks the server, which takes a second or two if it does not answer."""
        where = f"{self.name} {self.plan.address}"
        if self._child is None or not self._child.is_alive():
            return f"{where}: not running"
        process = f"process {self._child.identity.pid}"
        if self._child.identity.is_stopped():
            return f"{where}: frozen, {process}"
        try:
            return f"{where}: {'ready' if self.plan.is_ready() else 'not ready'}, {process}"
        except OSError as error:
            return f"{where}: does not answer ({type(error).__name__}), {process}"

    def log_tail(self) -> str:
        return self._started().log_tail()

    def _run(self) -> None:
        self._child = self._launch(self.plan.command, detached=self._detached)
        self._launched()

    def _launch(self, command: tuple[str, ...], *, detached: bool) -> Child:
        plan = self.plan
        try:
            return launch(
                plan.name,
                command,
                folder=plan.folder,
                log=plan.log,
                environment=plan.environment,
                detached=detached,
            )
        except OSError as error:
            raise Unavailable(f"{self.name} could not be started: {error}") from error

    def _started(self) -> Child:
        if self._child is None:
            raise Unavailable(f"{self.name} has not been started")
        return self._child

    def _signal(self, number: signal.Signals) -> None:
        if not self._started().send(number):
            raise Unavailable(f"{self.name} is not running")

    def _failure(self, child: Child, what: str) -> Unavailable:
        tail = child.log_tail()
        kind = PortTaken if "address already in use" in tail.lower() else Unavailable
        return kind(
            f"{self.name} on {self.plan.address} {what}. The end of {child.log}:\n{tail or '(empty)'}"
        )


def wait_ready(
    servers: Iterable[Server], *, seconds: float = READY_SECONDS, say: Say = lambda _: None
) -> None:
    """Waits until all take work, telling of each as it does. Raises Unavailable with the log of one that does not."""
    waiting = list(servers)
    began = time.monotonic()
    while waiting:
        for server in list(waiting):
            if server.poll():
                waiting.remove(server)
                say(f"{server.name} is ready on {server.plan.address} after {time.monotonic() - began:.1f} s")
        if waiting and time.monotonic() - began > seconds:
            late = waiting[0]
            tail = late.log_tail() if late.identity else ""
            raise Unavailable(
                f"{late.name} on {late.plan.address} was not ready after {seconds:.0f} s. "
                f"The end of {late.plan.log}:\n{tail or '(empty)'}"
            )
        if waiting:
            time.sleep(_POLL_SECONDS)

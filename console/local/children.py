"""A server's process: started so that it dies with us (or is meant to stay), ended by its own identity."""

import contextlib
import ctypes
import errno
import functools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_POLL_SECONDS = 0.02
_KILL_WAIT_SECONDS = 10.0  # SIGKILL takes effect at once unless the process hangs in the kernel
# The kernel's "parent" is the thread that forked: a child started from a short-lived thread would die with that
# thread, in the middle of our life. This one lives as long as the interpreter.
_LAUNCHER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")


@dataclass(frozen=True, slots=True)
class Identity:
    """A process, not just its number: the boot it belongs to and its start time in clock ticks since then.

    A number alone can be handed to a stranger's process; with these two it cannot be mistaken.
    """

    pid: int
    started_ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """Raises ProcessLookupError when there is no such process."""
        seen = _seen(pid)
        if seen is None:
            raise ProcessLookupError(errno.ESRCH, f"no process {pid}")
        return cls(pid, seen[1], _boot())

    def is_alive(self) -> bool:
        """Whether this very process runs. A zombie is dead, its parent has only yet to notice."""
        seen = _seen(self.pid)
        return (
            seen is not None and seen[0] not in "ZX" and (seen[1], _boot()) == (self.started_ticks, self.boot)
        )

    def is_stopped(self) -> bool:
        """Whether it is frozen by SIGSTOP."""
        seen = _seen(self.pid)
        return seen is not None and seen[0] == "T" and self.is_alive()


@dataclass(frozen=True, slots=True)
class Child:
    """A running process and where its output goes. Also made from a recorded identity, then without `popen`."""

    name: str
    identity: Identity
    log: Path
    popen: "subprocess.Popen[bytes] | None" = None

    def exit_code(self) -> int | None:
        """None while it runs; -9 for SIGKILL; 0 for a process that we did not start and that is gone."""
        if self.popen is not None:
            return self.popen.poll()
        return None if self.identity.is_alive() else 0

    def is_alive(self) -> bool:
        return self.exit_code() is None

    def send(self, number: signal.Signals) -> bool:
        """Sends a signal to this very process, never to another that got its number. False: it is gone."""
        try:
            handle = os.pidfd_open(self.identity.pid)
        except ProcessLookupError:
            return False
        try:
            # the handle names one process for good, so nothing can take the number between check and signal
            if not self.identity.is_alive():
                return False
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True

    def wait_gone(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        deadline = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def kill(self) -> None:
        """SIGKILL, and waits until it is gone. Raises TimeoutError when the kernel does not let go of it."""
        self.send(signal.SIGKILL)
        if not self.wait_gone(_KILL_WAIT_SECONDS):
            raise TimeoutError(f"{self.name} (process {self.identity.pid}) did not end after SIGKILL")

    def stop(self, grace_seconds: float) -> bool:
        """SIGTERM, then SIGKILL after the grace. True: it ended by itself. A frozen process is killed."""
        if self.send(signal.SIGTERM) and not self.identity.is_stopped() and self.wait_gone(grace_seconds):
            return True
        was_alive = self.is_alive()
        self.kill()
        return not was_alive

    def log_tail(self, lines: int = 15) -> str:
        """The last lines that the server wrote."""
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        return ""


def launch(
    name: str,
    command: Sequence[str],
    *,
    folder: Path,
    log: Path,
    environment: Mapping[str, str],
    detached: bool,
) -> Child:
    """Starts a process in `folder`, its output appended to `log`, its input empty.

    Not detached: the kernel kills it when this process ends, however it ends. Detached: it stays. Neither
    belongs to the terminal, so that Ctrl-C reaches the servers only after what uses them.
    Raises OSError when the command cannot be started.
    """
    die_with_us = None if detached else _death_by(os.getpid())

    def start() -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_us,
            )

    popen = _LAUNCHER.submit(start).result()
    return Child(name, Identity.of(popen.pid), log, popen)


def _death_by(parent: int) -> Callable[[], None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork, where it is safe to

    def ask() -> None:
        if prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(127)  # the parent died before we asked: nobody would end us

    return ask


def _seen(pid: int) -> tuple[str, int] | None:
    """State and start time in clock ticks since boot."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        # proc(5): pid (name) state …; the name may hold blanks and brackets; field 22 is the start time
        fields = stat[stat.rindex(b")") + 2 :].split()
        state = fields[0].decode()
        # the first thread of a dying process is a zombie while others still hold its ports
        if state == "Z" and len(list(Path(f"/proc/{pid}/task").iterdir())) > 1:
            state = "D"
    except (FileNotFoundError, ProcessLookupError):
        return None
    return state, int(fields[19])


@functools.cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()

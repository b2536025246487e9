"""Keeps a pipeline's processes alive and ends them in order; long, for it is one state machine in one class.

A child that dies is started again after 1, 2, 4 … 30 seconds. Nothing is lost meanwhile: every child's
progress is in Kafka and S3, never in its process. Children die with the supervisor, however it ends.
"""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from clients.metrics import CHILDREN, RESTARTS
from console.local.children import Child, launch
from console.metrics_ports import free_port

LOG = logging.getLogger(__name__)

FIRST_BACKOFF_SECONDS = 1.0
LAST_BACKOFF_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a child that ran so long starts again with the first back-off
LOOK_SECONDS = 0.2
# ending: each rank gets its share before the next one is told; what is left at the last mark is killed
RANK_SECONDS = (3.0, 7.0)
KILL_SECONDS = 12.0

BAD_SETTINGS = 3  # no restart heals a wrong setting


@dataclass(frozen=True, slots=True)
class Part:
    """One process to keep running.

    `name` names its log and scrape target, `kind` its metrics. `rank` is its place in the order of
    ending: 0 first. A part that is `once` is done when it exits with one of `done_codes`.
    """

    name: str
    kind: str
    command: tuple[str, ...]
    rank: int
    once: bool = False
    done_codes: frozenset[int] = frozenset({0})


@dataclass(slots=True)
class _Kept:
    part: Part
    child: Child | None = None
    port: int = 0
    started_at: float = 0.0
    failures: int = 0
    due_at: float = 0.0
    done_code: int | None = None


@dataclass(slots=True)
class Supervisor:
    """Runs parts; `environment` is what every child gets beside its metrics port.

    `ports_from` is where the search for free metrics ports begins (0: any). `now` gives seconds that never
    run back. Not for two tasks at once.
    """

    state: Path
    environment: Mapping[str, str]
    metrics_host: str
    ports_from: int
    now: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict)

    def add(self, parts: Iterable[Part]) -> None:
        """Take parts on; the next look starts them."""
        for part in parts:
            assert part.name not in self._kept
            self._kept[part.name] = _Kept(part, due_at=self.now())

    def look(self) -> None:
        """See who has ended, and start whoever is due. Called often; never waits.

        If we die anywhere in here, the kernel ends every child that was started.
        """
        for kept in self._kept.values():
            if kept.child is not None and (code := kept.child.exit_code()) is not None:
                self._ended(kept, code)
            if kept.child is None and kept.done_code is None and self.now() >= kept.due_at:
                self._start(kept)
        self._export()

    def running(self) -> list[str]:
        return [name for name, kept in self._kept.items() if kept.child is not None]

    def pids(self) -> dict[str, int]:
        """The process of each running part; it may have ended since the last look."""
        return {n: kept.child.identity.pid for n, kept in self._kept.items() if kept.child is not None}

    def done_code(self, name: str) -> int | None:
        """The exit code of a `once` part that is done; None before."""
        return self._kept[name].done_code

    def failures(self) -> dict[str, int]:
        """How often in a row each part has died early, for those that did."""
        return {name: kept.failures for name, kept in self._kept.items() if kept.failures}

    def refused(self) -> list[str]:
        """Parts that ended because of bad settings: they are not started again."""
        return [name for name, kept in self._kept.items() if kept.done_code == BAD_SETTINGS]

    def last_words(self, name: str) -> str:
        """The last event that a part logged, in a few words; empty when it logged none."""
        for event in reversed(self.events(name)):
            if event.get("level") in ("error", "critical", "warning"):
                return str(event.get("event", ""))[:300]
        return ""

    def events(self, name: str) -> list[dict[str, object]]:
        """The last events of a part's log; lines that are no JSON (a crash of the interpreter) are left out."""
        found = []
        for line in _tail(self.log(name)):
            try:
                event = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(event, dict):
                found.append(event)
        return found

    def signal(self, kind: str, number: signal.Signals) -> None:
        """Send a signal to every running part of a kind."""
        for kept in self._kept.values():
            if kept.part.kind == kind and kept.child is not None:
                kept.child.send(number)

    async def watch(self, until: Callable[[], bool]) -> None:
        """Look again and again until `until()` holds."""
        while not until():
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def stop(self, names: Iterable[str] | None = None) -> list[str]:
        """End these parts (all by default): rank by rank with SIGTERM, within 15 s. Returns who was killed.

        Killed ones lose nothing: what was not acknowledged comes again at the next start.
        """
        chosen = [self._kept[name] for name in (names if names is not None else list(self._kept))]
        began = self.now()
        marks = (*RANK_SECONDS, KILL_SECONDS)
        for rank in sorted({kept.part.rank for kept in chosen}):
            told = [kept for kept in chosen if kept.part.rank == rank and kept.child is not None]
            for kept in told:
                if kept.child is not None:
                    kept.child.send(signal.SIGTERM)
            await self._gone(told, began + marks[min(rank, len(marks) - 1)])
        await self._gone(chosen, began + KILL_SECONDS)
        killed = []
        for kept in chosen:
            if kept.child is not None and kept.child.exit_code() is None:
                LOG.warning("killed: did not end in time", extra={"child": kept.part.name})
                await asyncio.to_thread(kept.child.kill)
                killed.append(kept.part.name)
            self._target(kept.part.name).unlink(missing_ok=True)
            del self._kept[kept.part.name]
        self._export()
        return killed

    async def _gone(self, told: list[_Kept], deadline: float) -> None:
        # an exit is seen by asking: processes of another thread give asyncio no event
        while self.now() < deadline and any(  # noqa: ASYNC110
            k.child is not None and k.child.exit_code() is None for k in told
        ):
            await asyncio.sleep(0.05)

    def _ended(self, kept: _Kept, code: int) -> None:
        part, ran = kept.part, self.now() - kept.started_at
        kept.child = None
        self._target(part.name).unlink(missing_ok=True)
        if part.once and code in part.done_codes:
            kept.done_code = code
            return
        if code == BAD_SETTINGS:
            kept.done_code = code
            LOG.error(
                "child ended: bad settings", extra={"child": part.name, "log": str(self.log(part.name))}
            )
            return
        kept.failures = 1 if ran >= STEADY_SECONDS else kept.failures + 1
        wait = min(LAST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** min(kept.failures - 1, 10))
        kept.due_at = self.now() + wait
        RESTARTS.labels(part.kind).inc()
        LOG.warning(
            "child ended, starts again",
            extra={"child": part.name, "code": code, "ran_seconds": round(ran, 1), "in_seconds": wait,
                   "words": self.last_words(part.name), "log": str(self.log(part.name))},
        )  # fmt: skip

    def _start(self, kept: _Kept) -> None:
        part = kept.part
        log = self.log(part.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        taken = {other.port for other in self._kept.values() if other.child is not None}
        kept.port = free_port(self.metrics_host, self.ports_from, taken)
        kept.started_at = self.now()
        kept.child = launch(
            part.name,
            part.command,
            folder=Path.cwd(),
            log=log,
            environment={**os.environ, **self.environment, "FOREBAY_METRICS_PORT": str(kept.port)},
            detached=False,
        )
        self._write_target(part, kept.port)
        LOG.info(
            "child started", extra={"child": part.name, "pid": kept.child.identity.pid, "port": kept.port}
        )

    def _write_target(self, part: Part, port: int) -> None:
        path = self._target(part.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        body = orjson.dumps(
            [
                {
                    "targets": [f"{self.metrics_host}:{port}"],
                    "labels": {"process": part.name, "kind": part.kind},
                }
            ]
        )
        arriving = path.with_suffix(".arriving")  # Prometheus reads *.json: it must never see half a file
        arriving.write_bytes(body)
        arriving.replace(path)

    def log(self, name: str) -> Path:
        """Where a part's output goes."""
        return self.state.absolute() / "logs" / f"{name}.log"

    def _target(self, name: str) -> Path:
        return self.state.absolute() / "targets" / f"{name}.json"

    def _export(self) -> None:
        counts: dict[str, int] = {}
        for kept in self._kept.values():
            counts[kept.part.kind] = counts.get(kept.part.kind, 0) + (kept.child is not None)
        for kind, running in counts.items():
            CHILDREN.labels(kind).set(running)


def _tail(path: Path) -> list[bytes]:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 16_384))
        return log.read().splitlines()
    return []

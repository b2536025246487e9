"""Forebay's own processes on real servers, each to be killed, frozen and started again at will."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from clients.packs import shipped_files
from clients.runs import run_store
from clients.s3 import s3_client
from console.lag import agents_of, lag
from console.local.stack import Stack
from console.make_run import first_run
from streams.names import Layout
from streams.runs import Run
from streams.settings import Settings
from tests.promises.output import Output, read_output, s3_of

QUICK = {
    "session_seconds": 6, "cut_seconds": 2, "chunk_records": 40, "partitions": 4, "lanes": 2, "metrics_port": 0,
    "expected_records": 100_000, "chunk_wait_seconds": 0.3, "server_wait_seconds": 60, "raw_backlog_bytes": 1 << 30,
}  # fmt: skip


def at_fault(folder: str) -> str:
    """The PYTHONPATH of a process that the `sitecustomize` in this folder of the promises makes faulty.

    Python looks for that when it starts, before the current folder is on its path.
    """
    here = Path(__file__).parent
    return f"{here / folder}:{here.parents[1]}"


class Process:
    """One Forebay process; its log is a file of JSON lines."""

    def __init__(self, popen: "subprocess.Popen[bytes]", log: Path) -> None:
        self._popen = popen
        self.log = log

    @property
    def pid(self) -> int:
        return self._popen.pid

    def is_running(self) -> bool:
        return self._popen.poll() is None

    def kill(self) -> None:
        """kill -9, and reaped."""
        self._popen.kill()
        self._popen.wait()

    def freeze(self) -> None:
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._popen.send_signal(signal.SIGCONT)

    def send(self, number: int) -> None:
        if self.is_running():
            self._popen.send_signal(number)

    async def ended(self, seconds: float = 300) -> int:
        """Its exit code, when it has ended by itself. One that does not end says what it last logged."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._popen.wait), seconds)
        except TimeoutError:
            self.kill()  # else the thread that waits for it would outlive the test
            last = "\n".join(self.log.read_text(errors="replace").splitlines()[-60:])
            raise AssertionError(
                f"did not end within {seconds:g} s; the end of {self.log.name}:\n{last}"
            ) from None

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for one that does not end."""
        self.thaw()
        if self.is_running():
            self._popen.terminate()
            try:
                self._popen.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


class Pipeline:
    """A namespace and a bucket of the test's own, with the run of the shipped pack."""

    def __init__(
        self, stack: Stack, folder: Path, endpoints: dict[str, str] | None = None, **more: Any
    ) -> None:
        name = f"t{uuid4().hex[:10]}"
        self.folder = folder
        self.bucket = name
        self.environment = {
            **stack.environment(),
            **(endpoints or {}),
            "FOREBAY_NAMESPACE": name,
            "FOREBAY_SOURCES": f"s3://{name}/drops/",
            "FOREBAY_OUTPUT": f"s3://{name}/out/",
            "FOREBAY_STATE": str(folder / "state"),
            "FOREBAY_RULES": str(rules_alone(folder / "pack")),
            **{f"FOREBAY_{key.upper()}": str(value) for key, value in {**QUICK, **more}.items()},
        }
        fields = {key.removeprefix("FOREBAY_").lower(): value for key, value in self.environment.items()}
        self.settings = Settings.model_validate({**fields, "sources": [fields["sources"]]})
        # the test's own eyes see the store itself, not a proxy before it
        self.s3 = s3_of(stack.environment())
        self.s3.create_bucket(Bucket=name)
        self.processes: list[Process] = []
        self.run: Run | None = None

    def put(self, objects: dict[str, bytes]) -> None:
        for key, body in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    async def make_run(self) -> Run:
        async with s3_client(self.settings) as client:
            self.run = await first_run(self.settings, run_store(client, self.settings))
        return self.run

    async def find_run(self) -> None:
        """Take the live run, once a command has made it."""
        async with s3_client(self.settings) as client:
            store = run_store(client, self.settings)
            current = await store.current()
            self.run = None if current is None else await store.get(current.run)

    def start(self, *arguments: str, instead: dict[str, str] | None = None, **more: str) -> Process:
        """Start `forebay` with these arguments and further settings; `instead` replaces the pipeline's own."""
        log = self.folder / f"{'-'.join(a for a in arguments[:2] if a.isalpha())}-{len(self.processes)}.log"
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [sys.executable, "-m", "console.main", *arguments],
                env={**os.environ, **(self.environment if instead is None else instead), **more},
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
            )
        self.processes.append(Process(popen, log))
        return self.processes[-1]

    def ingest(self) -> Process:
        return self.start("ingest", "--once")

    def work(self, agent: str, **more: str) -> Process:
        assert self.run is not None
        return self.start("work", agent, "--run", self.run.run, **more)

    async def behind(self, agent: str) -> int:
        """Offsets that an agent has not done yet."""
        assert self.run is not None
        rows = {row.name: row for row in agents_of(self.settings)}
        return (await lag(self.settings, self.run, rows[agent])).behind

    async def done(self, agent: str) -> int:
        assert self.run is not None
        rows = {row.name: row for row in agents_of(self.settings)}
        found = await lag(self.settings, self.run, rows[agent])
        return found.done - found.start

    async def finished(self, seconds: float = 300) -> None:
        """Return when all that was fetched is decided, cut and claimed. Dead processes make it fail at once."""
        for agent in agents_of(self.settings):
            await self._caught_up(agent.name, seconds)

    async def _caught_up(self, agent: str, seconds: float) -> None:
        seen = 0

        async def is_done() -> bool:
            nonlocal seen
            if agent == "sink":
                for process in self.processes:
                    if "sink" in process.log.name:
                        process.send(signal.SIGUSR1)
            seen = seen + 1 if await self.behind(agent) == 0 else 0
            return seen >= 2

        await until(is_done, seconds, pause=0.3)

    def output(self) -> Output:
        assert self.run is not None
        return read_output(self.s3, self.bucket, Layout("out/").run(self.run.run))

    def logs(self) -> bytes:
        return b"".join(process.log.read_bytes() for process in self.processes)

    def stop(self) -> None:
        # told together, so that they end side by side
        for process in self.processes:
            process.thaw()
            process.send(signal.SIGTERM)
        for process in self.processes:
            process.stop()

    def remove(self) -> None:
        """Give the bucket's room back: the store of the session is shared, and its volumes are numbered."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        for page in pages:
            keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
            if keys:
                self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": keys})
        self.s3.delete_bucket(Bucket=self.bucket)


def rules_alone(folder: Path) -> Path:
    """The shipped pack without the gates' models: these may err on any one text, and a promise must not."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in shipped_files().items():
        if name != "models.yaml":
            (folder / name).write_bytes(body)
    return folder


@contextmanager
def pipeline(stack: Stack, folder: Path, **more: Any) -> Iterator[Pipeline]:
    """A pipeline whose processes all end with the block."""
    # inherited by the children: one that is told to drain before it listens must not die of it
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    made = Pipeline(stack, folder, **more)
    try:
        yield made
    finally:
        made.stop()
        made.remove()
        # not left so: what a later test starts would inherit it, and a shell cannot trap what it got ignored
        signal.signal(signal.SIGUSR1, before)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60, pause: float = 0.1) -> None:
    """Return when the condition holds; TimeoutError when it does not come to hold."""

    async def wait() -> None:
        while not await condition():  # noqa: ASYNC110 - what is awaited is another process
            await asyncio.sleep(pause)

    await asyncio.wait_for(wait(), seconds)

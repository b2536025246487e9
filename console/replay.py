"""`forebay replay`: a second run of changed rules beside the live one, from the earliest raw chunk on."""

import asyncio
import contextlib
import os
from pathlib import Path

from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from clients.errors import Fatal, RetryLater
from clients.runs import RunStore, run_store
from clients.s3 import s3_client
from console.drain import Drain
from console.lag import Lag, lag
from console.make_run import make_run, wanted_pack
from console.parts import run_parts
from console.progress import tally_of
from console.run_command import make_supervisor, serve_supervisor
from console.runs import comparison_table
from console.servers import wait_for_servers
from streams.runs import Run
from streams.settings import Settings
from streams.topology import SINK

PREFIX = "replay-"
PLAIN_SECONDS = 10.0


class ReplayBars:
    """One bar for each agent's offsets; a plain line every 10 s where the output is no terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: dict[str, TaskID] = {}
        self._said_at = 0.0
        self.progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("chunks and markers"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    async def tell(self, found: Lag) -> None:
        done, whole = found.done - found.start, found.end - found.start
        if self._console.is_terminal:
            if found.agent not in self._bars:
                self._bars[found.agent] = self.progress.add_task(found.agent, total=whole)
            self.progress.update(self._bars[found.agent], completed=done, total=whole)
            return
        now = asyncio.get_running_loop().time()
        if now - self._said_at >= PLAIN_SECONDS or found.behind == 0:
            self._said_at = now
            self._console.print(f"{found.agent}: {done:,} of {whole:,} chunks and markers")


async def replay(settings: Settings, console: Console) -> Run:
    """Make or resume the run of the settings' pack and work it off to where `raw` ends now.

    Raises Fatal when that pack's run is the live one. Interrupted at any point it goes on where it was: its
    offsets and claims are its own. The live run is not touched.
    """
    await wait_for_servers(settings, lambda text: console.print(text, markup=False, soft_wrap=True))
    async with s3_client(settings) as client:
        store = run_store(client, settings)
        name, _, pack = wanted_pack(settings)
        current = await store.current()
        if current is None:
            raise Fatal("nothing to replay: `forebay run` makes the first run")
        if current.run == name:
            where = settings.rules or "the pack that ships with Forebay"
            raise Fatal(
                f"{where} is the pack of the live run {name}: change its rules and its version, and name the folder "
                "with `--rules DIR`"
            )
        is_resumed = await store.get(name) is not None
        run = await make_run(settings, store)
        console.print(
            f"{'Going on with' if is_resumed else 'Made'} run {run.run} (rules {pack.version})", markup=False
        )
        await _work_off(settings, run, console)
        await _compare(settings, store, current.run, run, console)
    return run


async def _work_off(settings: Settings, run: Run, console: Console) -> None:
    serve_supervisor(settings)
    supervisor = make_supervisor(settings)
    bars = ReplayBars(console)
    try:
        supervisor.add(run_parts(settings, run.run, prefix=PREFIX))
        with bars.progress:
            watching = asyncio.create_task(_watch_sinks(settings, run, bars))
            try:
                await Drain(settings, run, supervisor, bars.tell).to_the_end(fixed=True)
            finally:
                watching.cancel()
    finally:
        await supervisor.stop()


async def _watch_sinks(settings: Settings, run: Run, bars: ReplayBars) -> None:
    """Shows claims from the start, though the drain asks the sinks last."""
    while bars.progress.disable is False:
        await asyncio.sleep(2)
        with contextlib.suppress(RetryLater, KafkaError, OSError):  # only a bar: the drain says what is wrong
            await bars.tell(await lag(settings, run, SINK))


async def _compare(settings: Settings, store: RunStore, live: str, run: Run, console: Console) -> None:
    state = Path(settings.state)
    before = await store.get(live)
    after = await tally_of(store, state, settings.output, run)
    if before is not None:
        console.print(comparison_table(await tally_of(store, state, settings.output, before), after))
    console.print(f"It lies in {settings.output}runs/{run.run}/", markup=False, soft_wrap=True)
    console.print(f"Make it the live one: forebay promote {run.run}", markup=False, soft_wrap=True)


def with_rules(settings: Settings, rules: str | None) -> Settings:
    """The settings with another rule folder, as an absolute path."""
    return (
        settings
        if rules is None
        else settings.model_copy(update={"rules": os.fspath(Path(rules).absolute())})
    )

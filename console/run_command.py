"""`forebay run`: ingest, agents and sinks of the live run under one supervisor; once, or for as long as told."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from clients.catalogue import read_catalogue
from clients.errors import Fatal, RetryLater
from clients.metrics import serve_metrics
from clients.runs import RunStore, check_behaviour, run_store
from clients.s3 import s3_client
from clients.topics import create_topics, intake_topics
from console.drain import Drain, check_alive
from console.environment import BadSettings, to_environment
from console.make_run import complete_run, first_run, wanted_pack
from console.parts import INGEST, UNREAD_OBJECTS, ingest_part, run_parts
from console.servers import Say, wait_for_servers
from console.supervise import LOOK_SECONDS, Part, Supervisor
from streams.runs import Run
from streams.settings import Settings

LOG = logging.getLogger(__name__)

CURRENT_SECONDS = 5.0  # how soon a promote is followed


def make_supervisor(settings: Settings) -> Supervisor:
    """A supervisor whose children get these settings. Call it from the main thread."""
    # a sink that is just being started must not die of the signal that asks it to cut: ignored here, it is
    # ignored in a child until the child listens
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    # children find this very code, wherever they are started from
    roots = [os.fspath(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**to_environment(settings), "PYTHONPATH": os.pathsep.join(roots)}
    return Supervisor(Path(settings.state), environment, settings.metrics_host, settings.metrics_port)


def require_sources(settings: Settings) -> None:
    """Raises BadSettings where there is nothing to read."""
    if not read_catalogue(settings).sources:
        raise BadSettings(
            [
                "FOREBAY_SOURCES is empty: name the prefixes to read; example: FOREBAY_SOURCES=s3://chats/drops/",
                "or describe them in a file: FOREBAY_SOURCES_FILE=sources.yaml (see sources.example.yaml)",
            ]
        )


async def live_run(settings: Settings, store: RunStore, say: Say) -> Run:
    """The run that CURRENT.json names; the first one is made here, and said so. Raises Fatal if unfit."""
    current = await store.current()
    if current is None:
        run = await first_run(settings, store)
        say(f"Made the first run: {run.run} (rules {run.pack_version})")
        return run
    run = await _get(store, current.run)
    check_behaviour(run)
    await complete_run(settings, run)
    say(f"Live run: {run.run}")
    if settings.rules:
        name, _, _ = wanted_pack(settings)
        if name != run.run:
            say(
                f"FOREBAY_RULES={settings.rules} is another pack: `forebay replay --rules {settings.rules}` makes a run of it"
            )
    return run


async def _get(store: RunStore, name: str) -> Run:
    run = await store.get(name)
    if run is None:
        raise Fatal(f"CURRENT.json names run {name}, which has no run.json: see `forebay runs`")
    return run


async def run_follow(settings: Settings, say: Say) -> None:
    """Serve the live run until cancelled; a promoted run takes over within about 5 s.

    Children end within 15 s of the cancelling. What they had not acknowledged comes again.
    """
    require_sources(settings)
    await wait_for_servers(settings, say)
    await create_topics(settings, intake_topics(settings))
    async with s3_client(settings) as client:
        store = run_store(client, settings)
        run = await live_run(settings, store, say)
        port = serve_supervisor(settings)
        supervisor = make_supervisor(settings)
        try:
            supervisor.add([ingest_part(once=False), *run_parts(settings, run.run)])
            supervisor.look()
            say(f"Running: {', '.join(supervisor.running())}")
            say(f"Metrics: http://{settings.metrics_host}:{port}/metrics; watch it: `forebay status --watch`")
            await _serve(settings, store, supervisor, run, say)
        finally:
            say("Ending: nothing is lost, the next `forebay run` goes on from here")
            await supervisor.stop()


async def _serve(settings: Settings, store: RunStore, supervisor: Supervisor, run: Run, say: Say) -> None:
    due = time.monotonic() + CURRENT_SECONDS
    while True:
        supervisor.look()
        for name in supervisor.refused():
            raise Fatal(f"{name} refuses its settings; its log: {supervisor.log(name)}")
        await asyncio.sleep(LOOK_SECONDS)
        if time.monotonic() < due:
            continue
        due = time.monotonic() + CURRENT_SECONDS
        try:
            current = await store.current()
            if current is None or current.run == run.run:
                continue
            promoted = await _get(store, current.run)
        except RetryLater as error:
            LOG.warning("cannot see which run is live", extra={"reason": str(error)})
            continue
        check_behaviour(promoted)
        say(f"{promoted.run} was promoted: its agents take over from {run.run}")
        await complete_run(settings, promoted)
        # the old agents end first: both runs have their own groups, but only one core's worth of each is meant
        await supervisor.stop(names_of(run_parts(settings, run.run)))
        run = promoted
        supervisor.add(run_parts(settings, run.run))


def names_of(parts: Sequence[Part]) -> list[str]:
    return [part.name for part in parts]


def serve_supervisor(settings: Settings) -> int:
    """Serve the supervisor's own metrics, on the next free port where the usual one is taken."""
    for port in range(settings.metrics_port, settings.metrics_port + 50) if settings.metrics_port else (0,):
        try:
            return serve_metrics(settings.metrics_host, port)
        except OSError:
            continue
    return serve_metrics(settings.metrics_host, 0)


async def run_once(settings: Settings, say: Say) -> int:
    """Read what is there now, work it off, claim it, end. Returns the exit code: 0, or 4 for unread objects.

    In order: ingest ends · every agent has passed the end of its topic · the sinks have cut and claimed.
    Raises Fatal when a process keeps dying. After a death anywhere the same command goes on from there.
    """
    require_sources(settings)
    await wait_for_servers(settings, say)
    await create_topics(settings, intake_topics(settings))
    async with s3_client(settings) as client:
        run = await live_run(settings, run_store(client, settings), say)
    serve_supervisor(settings)
    supervisor = make_supervisor(settings)
    try:
        supervisor.add([ingest_part(once=True), *run_parts(settings, run.run)])
        say("Reading the sources")
        while supervisor.done_code(INGEST) is None:
            supervisor.look()
            check_alive(supervisor)
            await asyncio.sleep(LOOK_SECONDS)
        code = supervisor.done_code(INGEST) or 0
        say("All read; working it off")
        await Drain(settings, run, supervisor).to_the_end()
        say("All claimed")
    finally:
        await supervisor.stop()
    if code == UNREAD_OBJECTS:
        say("Could not be read:")
        for event in supervisor.events(INGEST):
            if "unread" in event:
                say(f"  {event['unread']}")
        say("`forebay doctor` checks the permissions; the next run tries these again")
    return code

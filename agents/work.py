"""One worker process: waits for its servers, opens its run, runs one agent until it is told to stop.

A failure anywhere ends the process at once (exit code 1) without a farewell to Kafka: what was not
acknowledged comes again to whoever takes over. The supervisor starts it anew.
"""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any, Protocol, cast

import uvloop
from aiokafka.errors import KafkaError
from faust.types import TP, EventT

from agents.app import ForebayApp, create_app
from agents.opened import Opened, open_run
from agents.transport import SafeConsumer
from agents.watchdog import Watchdog
from clients import kafka, metrics
from clients.errors import Fatal, RetryLater
from clients.redis import redis_client
from clients.runs import run_store
from clients.s3 import s3_client
from clients.waiting import until_answered
from streams.settings import Settings
from streams.topology import PRESETS, SINK, Agent

log = logging.getLogger(__name__)

FAREWELL_SECONDS = 8.0
TICK_SECONDS = 0.25
ASK_SECONDS = 1.5  # twice that and an answer are less than the shortest time after which the watchdog bites
CURRENT_SECONDS = 10.0


class Worker(Protocol):
    """What runs inside the app: told of assignments and events, asked for progress."""

    def attached(self, app: ForebayApp) -> None: ...
    async def begin_at(self, committed: Mapping[TP, int | None]) -> Mapping[TP, int]: ...
    async def revoked(self) -> None: ...
    async def receive(self, event: EventT[Any]) -> None: ...
    def loops(self) -> list[Coroutine[Any, Any, None]]: ...
    def progress(self) -> tuple[bool, int]: ...
    def is_hungry(self) -> bool: ...
    async def finish(self) -> None: ...


def agent_row(settings: Settings, name: str) -> Agent:
    """The topology's row of an agent. Raises Fatal naming those that there are."""
    rows = {row.name: row for row in (*PRESETS[settings.topology], SINK)}
    if name not in rows:
        raise Fatal(f"no agent {name} in the topology {settings.topology}: it has {', '.join(rows)}")
    return rows[name]


def work(settings: Settings, agent: str, run_id: str | None) -> None:
    """Run one worker until SIGTERM; `run_id` None means the live run. Raises Fatal or RetryLater at start."""
    row = agent_row(settings, agent)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_work(settings, row, run_id))


async def _work(settings: Settings, row: Agent, run_id: str | None) -> None:
    metrics.serve_metrics(settings.metrics_host, settings.metrics_port)
    stop, drain = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, drain.set)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(s3_client(settings))
        redis = redis_client(settings)
        stack.push_async_callback(redis.aclose)
        opening = asyncio.ensure_future(open_run(settings, run_store(client, settings), redis, run_id))
        told = asyncio.ensure_future(stop.wait())
        await asyncio.wait((opening, told), return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            opening.cancel()  # told to end while a server is away: nothing has begun
            return
        opened = await opening
        worker = await _worker(opened, row, drain)
        calm_collector()
        await _run(settings, opened, row, worker, stop, is_fixed=run_id is not None)


async def _worker(opened: Opened, row: Agent, drain: asyncio.Event) -> Worker:
    # imported here: the steps and their rules are most of a process' memory, and a sink needs none of them
    if row.name == SINK.name:
        from agents.sink_worker import SinkWorker

        return SinkWorker(opened, drain)
    from agents.refine_worker import RefineWorker, open_rules

    return RefineWorker(opened, row, await open_rules(opened, row))


def calm_collector() -> None:
    """Look for cycles less often: records make none, and the default looks through them all (8-10 % of refine)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


async def _run(
    settings: Settings, opened: Opened, row: Agent, worker: Worker, stop: asyncio.Event, *, is_fixed: bool
) -> None:
    group = opened.names.agent_group(row.name, opened.run.run)
    topic = opened.run.raw_topic if row.reads == "raw" else opened.names.stage(row.reads, opened.run.run)
    app = create_app(settings, group, worker.begin_at)
    failure: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def fail(error: BaseException) -> None:
        if not failure.done():
            failure.set_exception(error)

    async def consume(stream: Any) -> None:
        try:
            async for event in stream.noack().events():
                if not stop.is_set():
                    await worker.receive(event)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            fail(error)
            raise

    async def revoked(*_: Any, **_more: Any) -> None:
        await worker.revoked()

    app.agent(app.topic(topic, value_type=bytes, key_type=bytes), name=row.name)(consume)
    app.on_partitions_revoked.connect(revoked, weak=False)
    worker.attached(app)
    app.finalize()
    watchdog = Watchdog(settings.stall_seconds, lambda: _progress(app, worker))
    loops = [
        asyncio.create_task(_guarded(loop, fail))
        for loop in (
            *worker.loops(),
            watchdog.watch(),
            _tell_lag(app, row.name),
            _ask_for_kafka(settings, app, worker),
            _watch_crash(app, fail),
            *(() if is_fixed else (_watch_current(opened, stop),)),
        )
    ]
    try:
        await app.start()
        log.info("working", extra={"agent": row.name, "run": opened.run.run, "pid": os.getpid()})
        told: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        await asyncio.wait((told, failure), return_when=asyncio.FIRST_COMPLETED)
        if failure.done():
            failure.result()
        await asyncio.wait_for(worker.finish(), FAREWELL_SECONDS)
        for task in loops:
            task.cancel()
        await asyncio.wait_for(app.stop(), FAREWELL_SECONDS / 2)
        log.info("ended", extra={"agent": row.name})
    except TimeoutError:
        log.warning("ended without waiting: what is not acknowledged comes again", extra={"agent": row.name})
        _leave(0)
    except BaseException as error:
        log.critical(
            str(error) if isinstance(error, Fatal) else "the worker failed",
            exc_info=True,
            extra={"agent": row.name},
        )
        _leave(1)


def _leave(code: int) -> None:
    # a clean stop can hang on the very thing that failed; nothing in this process is needed any more
    logging.shutdown()
    os._exit(code)


async def _guarded(loop: Awaitable[None], fail: Callable[[BaseException], None]) -> None:
    try:
        await loop
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, the process must not go on without this loop
        fail(error)


async def _watch_current(opened: Opened, stop: asyncio.Event) -> None:
    """End the worker when another run goes live: whoever starts it again serves that one."""
    while True:
        await asyncio.sleep(CURRENT_SECONDS)
        current = await until_answered("s3", opened.store.current)
        if current is not None and current.run != opened.run.run:
            log.info("another run is live", extra={"run": current.run, "was": opened.run.run})
            stop.set()
            return


async def _watch_crash(app: ForebayApp, fail: Callable[[BaseException], None]) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        if app.crashed:
            raise app.crash_reason or Fatal("Faust crashed")
        for service in (app.consumer, app.producer):
            if getattr(service, "crashed", False):
                raise service.crash_reason or Fatal("Faust's Kafka driver crashed")


def _progress(app: ForebayApp, worker: Worker) -> tuple[bool, tuple[int, int]]:
    """Whether there is work, and what moves with it. One that holds nothing and is given nothing has work left to read."""
    has_work, done = worker.progress()
    is_left, read = cast(SafeConsumer, app.consumer).reading()
    return has_work or (is_left and worker.is_hungry()), (done, read)


async def _ask_for_kafka(settings: Settings, app: ForebayApp, worker: Worker) -> None:
    """Find out whether a worker that does not go on waits for Kafka, which is no stall: Faust waits without a word."""

    async def ask() -> None:
        # a broker that hangs does not refuse, and one that starts again says so in many ways
        try:
            await asyncio.wait_for(kafka.cluster_id(settings), ASK_SECONDS)
        except KafkaError as error:
            if not error.retriable:
                raise
            raise RetryLater("Kafka does not answer") from error

    before = None
    while True:
        await asyncio.sleep(ASK_SECONDS)
        now = _progress(app, worker)
        if now[0] and now == before:
            await until_answered("kafka", ask)
        before = now


async def _tell_lag(app: ForebayApp, agent: str) -> None:
    while True:
        await asyncio.sleep(1)
        for partition, behind in cast(SafeConsumer, app.consumer).lags().items():
            metrics.LAG.labels(agent, str(partition)).set(behind)

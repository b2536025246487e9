"""`forebay work` and `forebay ingest`: one process each, as the supervisor or a cluster starts them."""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable

from clients.backlog import backlog_bytes
from clients.errors import RetryLater
from clients.metrics import serve_metrics
from clients.runs import run_store
from clients.s3 import S3Client, s3_client
from clients.topics import create_topics, intake_topics
from console.lag import agents_of
from console.parts import UNREAD_OBJECTS
from console.run_command import require_sources
from console.servers import wait_for_servers
from producers.intake import run_intake
from streams.names import Names
from streams.settings import Settings

LOG = logging.getLogger(__name__)


def log_line(text: str) -> None:
    LOG.warning(text)


async def ingest_command(settings: Settings, *, once: bool) -> int:
    """Read the sources once, or until SIGTERM. Returns the exit code: 4 when objects stayed unread."""
    require_sources(settings)
    try:
        serve_metrics(settings.metrics_host, settings.metrics_port)
    except OSError:
        # the supervisor gives another port at the next start
        raise RetryLater(
            f"metrics port {settings.metrics_port} on {settings.metrics_host} is taken: set FOREBAY_METRICS_PORT"
        ) from None
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await wait_for_servers(settings, log_line)
    await create_topics(settings, intake_topics(settings))
    # one client for all its looks at the backlog: making one costs a quarter of a second of processor time
    async with s3_client(settings, connections=2) as client:
        # what the start made lives as long as the process: no collection has to walk through it again
        gc.collect()
        gc.freeze()
        report = await run_intake(settings, once=once, stop=stop, backlog_bytes=raw_backlog(settings, client))
    for unread in report.unread:
        LOG.error("not read", extra={"unread": unread})
    LOG.info(
        "intake ended",
        extra={"records": report.records, "states": repr(report.states), "sweeps": report.sweeps},
    )
    return UNREAD_OBJECTS if report.unread else 0


def raw_backlog(settings: Settings, client: S3Client) -> Callable[[], Awaitable[int]]:
    """Asks how many bytes of `raw` the live run has not read; 0 while no run is live.

    An upper estimate: every message counts as a full chunk, so fetch may pause early, never late.
    """

    async def ask() -> int:
        # asked anew each time: a promote changes whose backlog counts
        store = run_store(client, settings)
        current = await store.current()
        run = None if current is None else await store.get(current.run)
        if run is None:
            return 0
        group = Names(settings.namespace).agent_group(agents_of(settings)[0].name, run.run)
        return await backlog_bytes(settings, group, run.raw_topic, run.partitions)

    return ask

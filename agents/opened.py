"""Opens a run for a worker: waits for the servers, and refuses what this code must not serve."""

from dataclasses import dataclass

from redis.asyncio import Redis

from clients import kafka
from clients.errors import Fatal
from clients.redis import check_fit
from clients.runs import RunStore, check_behaviour, check_settings
from clients.waiting import until_answered
from streams.names import Names
from streams.runs import Run
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Opened:
    """What every worker needs of the servers: the run and the clients."""

    settings: Settings
    names: Names
    store: RunStore
    run: Run
    redis: Redis


async def open_run(settings: Settings, store: RunStore, redis: Redis, run_id: str | None) -> Opened:
    """The run; `run_id` None means the live one.

    Raises RetryLater when a server stays away for `server_wait_seconds`; Fatal when there is no such run,
    or it is another behaviour's, another cluster's or of other settings.
    """
    patience = settings.server_wait_seconds
    await until_answered("kafka", lambda: kafka.cluster_id(settings), seconds=patience)
    await until_answered("redis", lambda: check_fit(redis), seconds=patience)
    if run_id is None:
        current = await until_answered("s3", store.current, seconds=patience)
        if current is None:
            raise Fatal("there is no run yet: `forebay run` makes the first one")
        run_id = current.run
    wanted = run_id
    run = await until_answered("s3", lambda: store.get(wanted), seconds=patience)
    if run is None:
        raise Fatal(f"no run {run_id} below {settings.output}: `forebay runs` lists those that there are")
    check_behaviour(run)
    check_settings(run, settings)
    cluster = await kafka.cluster_id(settings)
    if run.cluster_id != cluster:
        raise Fatal(
            f"run {run.run} belongs to Kafka cluster {run.cluster_id}, this is {cluster}: its offsets mean nothing here"
        )
    return Opened(settings, Names(settings.namespace), store, run, redis)

"""Makes a run: topics, filters, run.json, start offsets, and for the first one CURRENT.json."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from redis.asyncio import Redis

from agents.dedup import make_filters
from clients.errors import Fatal
from clients.kafka import cluster_id, extent, pin_offsets
from clients.packs import pack_files
from clients.redis import redis_client
from clients.runs import RunStore, check_settings
from clients.s3 import probe_conditional_put
from clients.topics import create_topics, intake_topics, run_topics
from streams.names import Names
from streams.rules.model import Pack
from streams.runs import BEHAVIOUR, Run, run_id
from streams.settings import Settings
from streams.topology import PRESETS, SINK


def now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def wanted_pack(settings: Settings) -> tuple[str, dict[str, bytes], Pack]:
    """Run id, files and pack that the settings name. Raises Fatal without a folder, BadPack for its faults."""
    # imported here: ingest comes by this file, and has no use for models
    from clients.pack_cache import open_pack

    files = pack_files(settings.rules)
    pack = open_pack(files, Path(settings.state))
    return run_id(pack.version, pack.digest), files, pack


async def make_run(settings: Settings, store: RunStore) -> Run:
    """The run of the settings' pack: made now, or the one that is there, completed if a try died half-way.

    Raises Fatal where leftovers of a run of that name would make it lose or repeat records. It does not
    touch CURRENT.json.
    """
    name, files, pack = wanted_pack(settings)
    await create_topics(settings, intake_topics(settings))
    run = await store.get(name)
    if run is None:
        run = await _new(settings, store, name, files, pack)
    await complete_run(settings, run)
    return run


async def _new(settings: Settings, store: RunStore, name: str, files: Mapping[str, bytes], pack: Pack) -> Run:
    names = Names(settings.namespace)
    await probe_conditional_put(store.documents, f"{store.layout.probe}run")
    raw = await extent(settings, names.raw, settings.partitions)
    run = Run(
        run=name,
        pack_version=pack.version,
        pack_digest=pack.digest,
        behaviour=BEHAVIOUR,
        cluster_id=await cluster_id(settings),
        epoch=0,
        raw_topic=names.raw,
        start_offsets=raw.starts,
        expected_records=settings.expected_records,
        max_false_drops=settings.max_false_drops,
        created_at_utc=now_utc(),
        topology=settings.topology,
    )
    await _make_topics(settings, run)
    await _refuse_leftovers(settings, run)
    redis = redis_client(settings)
    try:
        await _refuse_used_filters(redis, names, run)
        policy = pack.policy
        await make_filters(redis, names, run, policy.near_bands, policy.near_agreeing)
    finally:
        await redis.aclose()
    # run.json is last of what must be new: a death before it leaves empty topics and filters, which the
    # next try takes over; a death after it is finished by `complete_run`
    return await store.create(run, dict(files))


async def complete_run(settings: Settings, run: Run) -> None:
    """What a run needs beside run.json and filters: topics and start offsets. Repeats change nothing."""
    names = Names(settings.namespace)
    check_settings(run, settings)
    await _make_topics(settings, run)
    first, *later = [*PRESETS[settings.topology], SINK]
    await pin_offsets(
        settings, names.agent_group(first.name, run.run), run.raw_topic, dict(enumerate(run.start_offsets))
    )
    for agent in later:
        topic = names.stage(agent.reads, run.run)
        start = await extent(settings, topic, run.partitions)
        # the topic's first offset: 0 for a new one, and still readable for one that retention has cut
        await pin_offsets(
            settings, names.agent_group(agent.name, run.run), topic, dict(enumerate(start.starts))
        )


async def first_run(settings: Settings, store: RunStore) -> Run:
    """Make the first run and make it live. If we die before CURRENT.json, the next call ends the same way."""
    run = await make_run(settings, store)
    await store.promote(run.run, now_utc())
    return run


async def _make_topics(settings: Settings, run: Run) -> None:
    written = [agent.writes for agent in PRESETS[settings.topology]]
    await create_topics(settings, run_topics(settings, run.run, written, run.partitions))


async def _refuse_leftovers(settings: Settings, run: Run) -> None:
    names = Names(settings.namespace)
    for agent in PRESETS[settings.topology]:
        topic = names.stage(agent.writes, run.run)
        if any((await extent(settings, topic, run.partitions)).ends):
            raise Fatal(
                f"topic {topic} holds data of an earlier run {run.run}, but {settings.output} has no run.json of it: "
                "name the output it was written to, delete the topic, or choose another FOREBAY_NAMESPACE"
            )


async def _refuse_used_filters(redis: Redis, names: Names, run: Run) -> None:
    key = names.redis(run.run, "counter")
    if int(await redis.get(key) or 0) > 0:
        raise Fatal(
            f"Redis holds used filters of an earlier run {run.run} ({key}): its records would all be duplicates; "
            "delete the keys with that name in front, or choose another FOREBAY_NAMESPACE"
        )

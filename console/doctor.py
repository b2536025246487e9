"""`forebay doctor`: every server and permission that Forebay needs, checked one by one, with what to do."""

import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiokafka.errors import KafkaError
from botocore.exceptions import BotoCoreError, ClientError
from redis.exceptions import RedisError

from clients.errors import Fatal, RetryLater
from clients.kafka import admin
from clients.pack_cache import open_pack
from clients.packs import pack_files
from clients.topics import intake_topics
from console.doctor_s3 import Found, s3_output, s3_sources
from console.doctor_sqs import event_queues
from console.servers import ask_kafka, ask_redis, redis_place
from streams.rules.fields import BadPack
from streams.settings import Settings

DISK_BYTES = 2 << 30  # worker state and logs; the local servers keep their data there too


Check = Callable[[Settings], Awaitable[list[Found]]]


async def kafka_answers(settings: Settings) -> list[Found]:
    what = f"Kafka at {settings.kafka_bootstrap}"
    try:
        await ask_kafka(settings)
    except (RetryLater, KafkaError, OSError) as error:
        return [
            Found(
                what,
                False,
                f"does not answer ({type(error).__name__})",
                "start it, or set FOREBAY_KAFKA_BOOTSTRAP; `forebay up` starts one here",
            )
        ]
    return [Found(what, True, "answers"), *await _topics(settings)]


async def _topics(settings: Settings) -> list[Found]:
    wanted = intake_topics(settings)
    async with admin(settings) as client:
        known = set(await client.list_topics())
        here = [topic for topic in wanted if topic.name in known]
        partitions = (
            {t["topic"]: len(t["partitions"]) for t in await client.describe_topics([t.name for t in here])}
            if here
            else {}
        )
    found = []
    for topic in wanted:
        count = partitions.get(topic.name)
        if count is None:
            found.append(Found(f"topic {topic.name}", True, "not made yet: `forebay run` makes it"))
        elif count != topic.partitions:
            found.append(
                Found(
                    f"topic {topic.name}", False, f"has {count} partitions, the settings say {topic.partitions}",
                    "set FOREBAY_LANES or FOREBAY_PARTITIONS back, or choose another FOREBAY_NAMESPACE",
                )
            )  # fmt: skip
        else:
            found.append(Found(f"topic {topic.name}", True, f"{count} partitions"))
    return found


async def redis_is_fit(settings: Settings) -> list[Found]:
    what = f"Redis at {redis_place(settings)}"
    try:
        await ask_redis(settings)
    except (RetryLater, RedisError, OSError):
        return [
            Found(
                what,
                False,
                "does not answer",
                "start it, or set FOREBAY_REDIS_URL; `forebay up` starts one here",
            )
        ]
    except Fatal as error:
        fault, _, remedy = str(error).partition(": ")
        return [Found(what, False, fault, remedy)]
    return [Found(what, True, "answers, has Bloom filters, evicts nothing")]


async def disk(settings: Settings) -> list[Found]:
    folder = Path(settings.state).absolute()
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return [
            Found(
                f"folder {settings.state}",
                False,
                f"may not write in {folder}",
                "set FOREBAY_STATE to a folder of yours",
            )
        ]
    free = shutil.disk_usage(folder).free
    is_well = free >= DISK_BYTES
    return [
        Found(
            f"disk of {settings.state}",
            is_well,
            f"{free / (1 << 30):.1f} GiB free",
            "" if is_well else "free some: 2 GiB are wanted, more for local servers",
        )
    ]


async def rules(settings: Settings) -> list[Found]:
    what = f"rule pack {settings.rules or 'that ships with Forebay'}"
    try:
        pack = open_pack(pack_files(settings.rules), Path(settings.state))
    except Fatal as error:
        return [Found(what, False, str(error), "set FOREBAY_RULES to a folder with pack.yaml, or empty it")]
    except BadPack as error:
        return [Found(what, False, fault, "correct it") for fault in error.faults]
    return [Found(what, True, f"version {pack.version}, {len(pack.rules):,} rules")]


CHECKS: tuple[Check, ...] = (rules, kafka_answers, redis_is_fit, s3_sources, event_queues, s3_output, disk)


async def examine(settings: Settings) -> list[Found]:
    """All checks, in order; one that fails stops no other."""
    found: list[Found] = []
    for check in CHECKS:
        try:
            found += await check(settings)
        except (RetryLater, Fatal, KafkaError, RedisError, ClientError, BotoCoreError, OSError) as error:
            name = check.__name__.replace("_", " ")
            words = str(error) if isinstance(error, RetryLater | Fatal) else type(error).__name__
            found.append(Found(name, False, words, "settle the points above first, then look again"))
    return found

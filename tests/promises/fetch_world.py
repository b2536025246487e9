"""A bucket of drops, fetch processes that can be killed, and what stands in `raw` and in the ledger."""

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from clients.kafka import reader
from clients.s3 import s3_client
from clients.topics import create_topics, intake_topics
from console.environment import to_environment
from console.local.stack import Stack
from producers.ledger import Entry, read_entry
from streams.chunks import read_raw
from streams.names import Names
from streams.outcomes import Reason
from streams.settings import Settings

ROOT = Path(__file__).parent.parent.parent
CANARY = "zanzibar-canary-7f3"

Found = dict[tuple[str, str], list[tuple[int, bytes | Reason]]]


def lines(count: int, size: int = 2000) -> list[bytes]:
    """Invented JSON lines, each with the canary phrase that must show up in no log."""
    words = f"{CANARY} we walked along the river and talked about small things. ".encode() * 99
    return [b'{"n": %d, "text": "%s"}' % (number, words[: size - 30]) for number in range(count)]


class World:
    """Names of its own on shared servers."""

    def __init__(self, stack: Stack, folder: Path, **changes: Any) -> None:
        self.name = f"t{uuid.uuid4().hex[:10]}"
        environment = stack.environment()
        values: dict[str, Any] = {
            name.removeprefix("FOREBAY_").lower(): value for name, value in environment.items()
        }
        values |= {
            "namespace": self.name,
            "sources": (f"s3://{self.name}/drops/",),
            "output": f"s3://{self.name}/out/",
            "lanes": 2,
            "partitions": 3,
            "session_seconds": 6,
            "sweep_seconds": 1,
            "chunk_records": 20,
            "chunk_wait_seconds": 0.2,
        }
        self.settings = Settings.model_validate(values | changes)
        self._folder = folder
        self._started = 0
        self.processes: list[subprocess.Popen[bytes]] = []

    async def prepare(self) -> None:
        """Make the bucket and the topics."""
        async with s3_client(self.settings) as client:
            await client.create_bucket(Bucket=self.name)
        await create_topics(self.settings, intake_topics(self.settings))

    async def put(self, key: str, body: bytes) -> None:
        async with s3_client(self.settings) as client:
            await client.put_object(Bucket=self.name, Key=f"drops/{key}", Body=body)

    async def delete(self, key: str) -> None:
        async with s3_client(self.settings) as client:
            await client.delete_object(Bucket=self.name, Key=f"drops/{key}")

    def start(self, mode: str, **changes: Any) -> "subprocess.Popen[bytes]":
        """A fetch process; its log goes to a file of the test's folder."""
        self._started += 1
        settings = Settings.model_validate(self.settings.model_dump() | changes)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FOREBAY_")}
        with self.log(self._started).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.promises.fetch_child", mode],
                cwd=ROOT,
                env=environment | to_environment(settings),
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def log(self, number: int) -> Path:
        return self._folder / f"{self.name}-{number}.log"

    def logs(self) -> str:
        return "".join(self.log(number).read_text() for number in range(1, self._started + 1))

    async def finish(self) -> None:
        """One more process, `once`, that must end well."""
        process = self.start("once")
        code = await asyncio.to_thread(process.wait, 120)
        assert code == 0, self.log(self._started).read_text()[-2000:]

    async def raw(self) -> Found:
        """Every committed record by key and version, numbered on from 0; raises on a gap or a repeat."""
        found = await self._raw()
        for records in found.values():
            numbers = [number for number, _ in records]
            assert numbers == list(range(len(numbers))), "a record is missing or there twice"
        return found

    async def raw_by_number(self) -> dict[str, list[tuple[int, bytes | Reason]]]:
        """Every committed record of keys that have one version, with its number; raises on a repeat.

        Gathered dialogues have the numbers of their first rows: these may have gaps.
        """
        found = await self._raw()
        assert len({key for key, _ in found}) == len(found)
        return {key: records for (key, _), records in found.items()}

    async def _raw(self) -> Found:
        """Every committed record, by number; raises on a repeat or where a partition goes back."""
        found: Found = {}
        last: dict[tuple[int, str, str], tuple[int, int]] = {}
        for partition, message in await self._messages(Names(self.name).raw, self.settings.partitions):
            for part, number, line in read_raw(message.value, message.headers).items():
                place = (partition, part.key, part.version)
                before, offset = last.get(place, (-1, -1))
                assert before < number, (
                    f"out of order or twice: {place} {number} at {message.offset}, {before} at {offset}"
                )
                last[place] = (number, message.offset)
                found.setdefault((part.key.removeprefix("drops/"), part.version), []).append((number, line))
        for records in found.values():
            records.sort(key=lambda record: record[0])
            assert len({number for number, _ in records}) == len(records), "a record is there twice"
        return found

    async def records(self, key: str) -> list[bytes | Reason]:
        """The records of a key that has had one version."""
        versions = [records for (name, _), records in (await self.raw()).items() if name == key]
        assert len(versions) <= 1
        return [line for _, line in versions[0]] if versions else []

    async def ledger(self) -> dict[str, list[Entry]]:
        """The last row of every version, by key."""
        rows: dict[bytes, bytes | None] = {}
        for _, message in await self._messages(Names(self.name).objects, self.settings.lanes):
            rows[message.key] = message.value
        found: dict[str, list[Entry]] = {}
        for key, value in rows.items():
            if value is not None:
                entry = read_entry(key, value)
                found.setdefault(entry.version.key.removeprefix("drops/"), []).append(entry)
        return found

    async def entry(self, key: str) -> Entry:
        (entry,) = (await self.ledger())[key]
        return entry

    async def raw_messages(self) -> int:
        """Offsets used in `raw`, markers included: a measure of progress."""
        tps = [TopicPartition(Names(self.name).raw, number) for number in range(self.settings.partitions)]
        async with reader(self.settings) as consumer:
            return sum((await consumer.end_offsets(tps)).values())

    async def _messages(self, topic: str, partitions: int) -> list[tuple[int, Any]]:
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        found: list[tuple[int, Any]] = []
        async with reader(self.settings) as consumer:
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            while behind := await _behind(consumer, tps, ends):
                for tp, messages in (await consumer.getmany(*behind, timeout_ms=500)).items():
                    found += [(tp.partition, message) for message in messages]
        return found

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


async def _behind(
    consumer: AIOKafkaConsumer, tps: list[TopicPartition], ends: dict[TopicPartition, int]
) -> list[TopicPartition]:
    return [tp for tp in tps if await consumer.position(tp) < ends[tp]]


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Return as soon as the condition holds; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.1)

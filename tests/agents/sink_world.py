"""A small world for sinks: one log, one bucket behind a wire, several sinks, and a tape that says what happens.

Every call to the bucket hangs on the wire until the tape lets it through, lets it fail before or after it
took effect, or lets it take effect long after its caller died. The world checks at each write and at each
acknowledgement what must hold there, by its own reckoning from the log.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from agents.sink import Sink
from clients.errors import RetryLater
from streams.chunks import DecidedChunk, Section
from streams.names import Layout
from streams.runs import Run
from streams.settings import Settings
from tests.agents.buckets import MemoryBucket

LAYOUT = Layout("out/")
START = 3
PLACES = (
    ("kept", "train"),
    ("kept", "val"),
    ("kept", "test"),
    ("crisis", ""),
    ("rejected", ""),
    ("outcomes", ""),
)
# small enough that age, size and the limit of all buffers each cut within a few messages
SETTINGS = Settings.model_construct(cut_bytes=6_000, buffers_bytes=9_000, cut_seconds=10.0)


def a_run(partitions: int = 1) -> Run:
    return Run(
        "r1",
        "1",
        "d" * 64,
        1,
        "cluster-a",
        0,
        "f.raw",
        (START,) * partitions,
        1000,
        1.0,
        "2026-01-01T00:00:00Z",
    )


def a_chunk(
    raw_offset: int, came_from: int, lines: dict[tuple[str, str], int], partition: int = 0
) -> DecidedChunk:
    """A chunk whose lines name it, so that a lost, doubled or misplaced one shows."""
    sections, value = [], b""
    for (dataset, split), count in sorted(lines.items()):
        body = b"".join(
            b"%d %s%s %d\n" % (raw_offset, dataset.encode(), split.encode(), n) for n in range(count)
        )
        sections.append(Section(dataset, split, count, len(body)))
        value += body
    return DecidedChunk(value, tuple(sections), "r1", partition, raw_offset, came_from)


def steady_log(chunks: int, lines: int = 3, partition: int = 0) -> list[DecidedChunk]:
    """One chunk after the other, without repeats: raw offsets START, START + 1, …"""
    counts = {("kept", "train"): lines, ("outcomes", ""): lines}
    return [a_chunk(START + n, START + n, counts, partition) for n in range(chunks)]


class Tape:
    """Bytes that decide; 0 once they have run out."""

    def __init__(self, data: bytes) -> None:
        self._bytes = iter(data)
        self.has_ended = False

    def below(self, limit: int) -> int:
        try:
            return next(self._bytes) % limit
        except StopIteration:
            self.has_ended = True
            return 0


def eventful_log(tape: Tape, chunks: int, partition: int = 0) -> list[DecidedChunk]:
    """What refine workers write when they die, wake up late and overtake each other; all comes in the end.

    Raw offsets have holes (transaction markers), chunks come again from further back, and some come before
    the one they follow: these are gaps, filled later.
    """
    offsets, at = [], START + tape.below(2)
    for _ in range(chunks):
        offsets.append(at)
        at += 1 + (tape.below(4) == 0)
    known = [
        a_chunk(
            raw,
            offsets[index - 1] + 1 if index else START,
            {place: tape.below(3) for place in PLACES} if tape.below(8) else {},
            partition,
        )
        for index, raw in enumerate(offsets)
    ]
    log, turn = [], 0
    while turn < len(known):
        event = tape.below(10)
        if event == 1:  # a worker starts again from an older commit
            turn = max(0, turn - 1 - tape.below(3))
        elif event == 2:  # one that lost its partition still sends, ahead of the rightful one
            log.append(known[min(turn + 1 + tape.below(3), len(known) - 1)])
        log.append(known[turn])
        turn += 1
    return log


@dataclass(eq=False)
class Call:
    """One request on the wire."""

    verb: str
    key: str
    effect: Callable[[], Awaitable[Any]]
    answer: asyncio.Future[Any]


class Wire:
    """The bucket as one sink sees it."""

    def __init__(self, bucket: MemoryBucket, calls: list[Call]) -> None:
        self._bucket = bucket
        self._calls = calls

    async def _send(self, verb: str, key: str, effect: Callable[[], Awaitable[Any]]) -> Any:
        call = Call(verb, key, effect, asyncio.get_running_loop().create_future())
        self._calls.append(call)
        return await call.answer

    async def get(self, key: str) -> Any:
        return await self._send("get", key, lambda: self._bucket.get(key))

    async def exists(self, key: str) -> Any:
        return await self._send("exists", key, lambda: self._bucket.exists(key))

    async def put(self, key: str, body: bytes, content_type: str = "application/json") -> Any:
        return await self._send("put", key, lambda: self._bucket.put(key, body, content_type))

    async def put_if(self, key: str, body: bytes, *, matches: str) -> Any:
        return await self._send("put_if", key, lambda: self._bucket.put_if(key, body, matches=matches))


@dataclass(eq=False)
class Worker:
    """A sink and what feeds it. `turn` changes with every assignment; acks of an older one are faults."""

    name: str
    sink: Sink
    cursors: dict[int, int] = field(default_factory=dict)
    turn: int = 0
    busy: asyncio.Task[None] | None = None
    acked: dict[int, int] = field(default_factory=dict)

    @property
    def is_free(self) -> bool:
        return self.busy is None or self.busy.done()


class World:
    """Holds the truth and everything that acts on it."""

    def __init__(self, logs: list[list[DecidedChunk]], settings: Settings = SETTINGS) -> None:
        self.settings = settings
        self.run = a_run(len(logs))
        self.logs = logs
        self.now = 100.0
        self.calls: list[Call] = []
        self.bucket = MemoryBucket(self._check_write)
        self.workers: list[Worker] = []
        self.faults: list[str] = []
        self.forgotten: list[tuple[int, int]] = []
        self.is_redis_away = False
        self.claims: dict[int, list[dict[str, Any]]] = {partition: [] for partition in range(len(logs))}
        self._names = 0

    # --- what must hold -----------------------------------------------------------------------------

    def _holds(self, is_so: bool, fault: str) -> None:
        if not is_so:
            self.faults.append(fault)

    def _check_write(self, key: str, body: bytes) -> None:
        if "/claims/" in key:
            self._check_claim(key, orjson.loads(body))
        else:
            named = [
                file
                for claims in self.claims.values()
                for claim in claims
                for file in claim["files"]
                if key == LAYOUT.run("r1") + file["key"]
            ]
            self._holds(len(named) == 1, f"{key} is named by {len(named)} claims")
            content = gzip.decompress(body)
            for file in named:
                self._holds(hashlib.sha256(content).hexdigest() == file["sha256"], f"{key} has other content")
                self._holds(content.count(b"\n") == file["records"], f"{key} has another number of records")

    def _check_claim(self, key: str, claim: dict[str, Any]) -> None:
        partition = claim["partition"]
        known = self.claims[partition]
        self._holds(claim["number"] == len(known) + 1, f"{key} leaves a number out")
        self._holds(key == LAYOUT.claim("r1", partition, claim["number"]), f"{key} stands at a wrong place")
        before = known[-1] if known else {"next": 0, "raw_next": START, "files": []}
        self._holds(claim["first"] == before["next"], f"{key} does not begin where the last one ends")
        self._holds(claim["raw_first"] == before["raw_next"], f"{key} leaves raw offsets out")
        for file in before["files"]:
            self._holds(LAYOUT.run("r1") + file["key"] in self.bucket.objects, f"{key} before {file['key']}")
        for place in PLACES:
            content = self.truth(partition, place, claim["raw_first"], claim["raw_next"])
            files = [file for file in claim["files"] if (file["dataset"], file["split"]) == place]
            self._holds(len(files) == (1 if content else 0), f"{key} has {len(files)} files of {place}")
            for file in files:
                right = hashlib.sha256(content).hexdigest() == file["sha256"]
                self._holds(right, f"{key} names other lines of {place}")
        total = sum(file["records"] for file in claim["files"])
        self._holds(sum(claim["counts"].values()) == total, f"{key} counts otherwise than its files")
        known.append(claim)

    def truth(self, partition: int, place: tuple[str, str], first: int = 0, end: int = 1 << 40) -> bytes:
        """The lines of a dataset that belong to a range of raw offsets: each chunk once, in raw order."""
        chunks = {c.raw_offset: c for c in self.logs[partition] if first <= c.raw_offset < end}
        return b"".join(
            body
            for _, chunk in sorted(chunks.items())
            for section, body in chunk.slices()
            if (section.dataset, section.split) == place
        )

    def written(self, partition: int, place: tuple[str, str]) -> bytes:
        """What a reader gets who globs a dataset's folder, for one partition."""
        folder = LAYOUT.run("r1") + (f"{place[0]}/split={place[1]}/" if place[1] else f"{place[0]}/")
        keys = sorted(k for k in self.bucket.objects if k.startswith(f"{folder}p{partition:03d}-"))
        return b"".join(gzip.decompress(self.bucket.objects[key]) for key in keys)

    def _check_ack(self, worker: Worker, turn: int, partition: int, offset: int) -> None:
        self._holds(worker.turn == turn, f"{worker.name} acked {offset} after it was revoked")
        self._holds(offset > worker.acked.get(partition, -1), f"{worker.name} acked {offset} out of order")
        worker.acked[partition] = offset
        covering = [c for c in self.claims[partition] if c["first"] <= offset < c["next"]]
        self._holds(len(covering) == 1, f"{worker.name} acked {offset} that is not claimed")
        for claim in covering:
            for file in claim["files"]:
                is_there = LAYOUT.run("r1") + file["key"] in self.bucket.objects
                self._holds(is_there, f"{worker.name} acked {offset} before {file['key']} was there")

    # --- what can happen ----------------------------------------------------------------------------

    def start(self) -> Worker:
        self._names += 1
        name = f"sink-{self._names}"

        async def forget(partition: int, raw_next: int) -> None:
            last = self.claims[partition][-1]["raw_next"] if self.claims[partition] else START
            self._holds(raw_next <= last, f"{name} forgot answers up to {raw_next}, claimed is {last}")
            self.forgotten.append((partition, raw_next))
            if self.is_redis_away:
                raise RetryLater("Redis does not answer")

        async def sleep(seconds: float) -> None:
            self._holds(1.0 <= seconds <= 10.0, f"{name} waits {seconds} s before it tries again")
            await asyncio.sleep(0)

        worker = Worker(
            name,
            Sink(
                Wire(self.bucket, self.calls),
                LAYOUT,
                self.run,
                self.settings,
                name,
                lambda: self.now,
                forget,
                lambda: self.now,
                sleep,
            ),
        )
        self.workers.append(worker)
        self.assign(worker)
        return worker

    def assign(self, worker: Worker) -> None:
        """All partitions to this worker; those that have them too know nothing of it: zombies."""
        self.revoke(worker)
        worker.turn += 1

        async def assigned() -> None:
            worker.cursors = await worker.sink.assigned(range(len(self.logs)))

        worker.busy = asyncio.create_task(assigned())

    def revoke(self, worker: Worker) -> None:
        worker.turn += 1
        worker.sink.revoked(range(len(self.logs)))
        worker.cursors, worker.acked = {}, {}
        if worker.busy is not None:
            worker.busy.cancel()

    def kill(self, worker: Worker) -> None:
        """As kill -9 does: what it has on the wire may still arrive."""
        self.revoke(worker)
        self.workers.remove(worker)

    def deliver(self, worker: Worker, partition: int) -> None:
        """The next message of a partition, where there is one and the worker takes one."""
        offset = worker.cursors.get(partition)
        if not worker.is_free or offset is None or offset >= len(self.logs[partition]):
            return
        worker.cursors[partition] = offset + 1
        turn = worker.turn
        worker.busy = asyncio.create_task(
            worker.sink.receive(
                partition,
                offset,
                int(self.now * 1000),
                self.logs[partition][offset],
                lambda: self._check_ack(worker, turn, partition, offset),
            )
        )

    async def answer(self, call: Call, fate: str) -> None:
        """Let a call through (`done`), or let it fail `before` or `after` it took effect."""
        self.calls.remove(call)
        found = None if fate == "before" else await call.effect()
        if call.answer.done():
            return
        if fate == "done":
            call.answer.set_result(found)
        else:
            call.answer.set_exception(RetryLater(f"no answer to {call.verb}"))

    async def settle(self) -> None:
        """Let every task run until it waits for the wire. Raises what a worker raised."""
        for _ in range(24):
            await asyncio.sleep(0)
        for worker in self.workers:
            if worker.busy is not None and worker.busy.done() and not worker.busy.cancelled():
                worker.busy.result()
        assert not self.faults, self.faults

    async def play(self, tape: Tape) -> None:
        """Let happen what the tape says, to its end."""
        while not tape.has_ended:
            await self._event(tape)
            await self.settle()

    async def _event(self, tape: Tape) -> None:
        event = tape.below(32)
        if not self.workers or (event == 0 and len(self.workers) < 3):
            self.start()
            return
        worker = self.workers[tape.below(len(self.workers))]
        if event == 1:
            self.kill(worker)
        elif event == 2:
            self.revoke(worker)
        elif event == 3:
            self.assign(worker)
        elif event <= 5:
            self.now += 4.0 * tape.below(4)
            await worker.sink.cut_due()
        elif event <= 7:
            await self._answer_one(tape, "after")
        elif event == 8:
            await self._answer_one(tape, "before")
        elif event <= 13:
            await self._answer_one(tape, "done")
        elif event <= 18:
            # a good moment: without them no worker gets beyond its start
            for _ in range(tape.below(8)):
                await self._answer_one(tape, "done")
                await self.settle()
        else:
            partition = tape.below(len(self.logs))
            for _ in range(1 + tape.below(4)):
                self.deliver(worker, partition)
                await self.settle()

    async def _answer_one(self, tape: Tape, fate: str) -> None:
        if self.calls:
            await self.answer(self.calls[tape.below(len(self.calls))], fate)

    async def heal(self) -> None:
        """No more faults: what is on the wire arrives, one new worker gets everything and drains."""
        for worker in list(self.workers):
            self.kill(worker)
        await self.settle()
        worker = self.start()
        await self.finish(worker)
        await self.through(worker.sink.drain())

    async def finish(self, worker: Worker) -> None:
        """Deliver all there is to a worker."""
        for _ in range(100_000):
            await self.flow()
            left = [p for p, at in worker.cursors.items() if at < len(self.logs[p])]
            if not left and worker.is_free and not self.calls:
                return
            for partition in left:
                self.deliver(worker, partition)
        raise AssertionError("the worker does not come to the end of the log")

    async def feed(self, worker: Worker, messages: int, partition: int = 0) -> None:
        """Deliver so many messages, one after the other, and leave the wire alone."""
        for _ in range(messages):
            assert worker.is_free, "the worker has no room"
            self.deliver(worker, partition)
            await self.settle()

    async def ready(self) -> Worker:
        """A worker that has its partitions."""
        worker = self.start()
        await self.flow()
        return worker

    async def flow(self) -> None:
        """Answer all that is on the wire."""
        await self.settle()
        while self.calls:
            await self.answer(self.calls[0], "done")
            await self.settle()

    async def through(self, action: Awaitable[None]) -> None:
        """Run an action while the wire works."""
        task = asyncio.ensure_future(action)
        for _ in range(10_000):
            await self.flow()
            if task.done():
                task.result()
                return
        task.cancel()
        raise AssertionError("the action does not end")

    def close(self) -> None:
        for worker in list(self.workers):
            self.kill(worker)

    def differences(self) -> Iterator[str]:
        """Where the files differ from the log."""
        for partition in range(len(self.logs)):
            for place in PLACES:
                if self.written(partition, place) != self.truth(partition, place):
                    yield f"partition {partition}: {place}"

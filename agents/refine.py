"""Runs one row of the topology: a chunk in, its records through the steps, one chunk out.

The chain of a chunk, and what holds if the process dies at each point:
1. it is read (nothing acknowledged: it comes again);
2. the steps before dedup run (the same);
3. Redis is asked once (the answer is stored: the next try is given the same);
4. outcomes are decided and the lines sent (a second copy may follow: the sink drops it by its raw offset);
5. delivery is confirmed, then the chunk is acknowledged, strictly in order; the offset is committed later.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from faust.types import TP, EventT

from agents.app import header_list
from agents.dedup import Dedup
from agents.error_limit import ErrorLimit
from agents.suspects import Marks, run_apart
from clients import metrics
from clients.backlog import Gate
from clients.errors import Fatal
from clients.waiting import until_answered
from streams import carry
from streams.chain import Desk, before_dedup, divert, run_steps, settle
from streams.chunks import BadEnvelope, CarriedChunk, DecidedChunk, RawChunk, read_carried, read_raw
from streams.outcomes import Copy, name_of, reason_of
from streams.records import Record
from streams.render import render
from streams.rules.model import Pack
from streams.runs import Run
from streams.topology import Agent

log = logging.getLogger(__name__)

# After an assignment so many chunks are marked: a chunk that ended the last process is among them, for
# offsets are committed every second.
WATCHED_CHUNKS = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a raw chunk stands, and the raw offset delivered before it plus 1."""

    partition: int
    offset: int
    came_from: int


@dataclass(slots=True)
class Chunk:
    event: EventT[Any]
    generation: int
    place: Place
    records: list[Record]
    asking: list[Record]
    answers: Awaitable[list[Copy | None]] | None = None


class Refine:
    """One agent of one run in this process. `send` delivers (value, headers, partition) and returns a future."""

    def __init__(
        self,
        agent: Agent,
        run: Run,
        pack: Pack,
        pack_files: Mapping[str, bytes],
        dedup: Dedup,
        marks: Marks,
        gate: Gate,
        records_of: Callable[[RawChunk], list[Record]],
        send: Callable[[bytes, list[tuple[str, bytes]], int], Awaitable[Awaitable[Any]]],
        *,
        window: int,
        suspect_seconds: float,
        step_error_share: float,
    ) -> None:
        self._agent = agent
        self._run = run
        self._pack = pack
        self._pack_files = pack_files
        self._dedup = dedup
        self._marks = marks
        self._gate = gate
        self._records_of = records_of
        self._send = send
        self._suspect_seconds = suspect_seconds
        self._errors = ErrorLimit(agent.steps, step_error_share)
        self._steps = before_dedup(agent.steps)
        self._next: dict[int, int] = {}
        self._came_from: dict[int, int] = {}
        self._watched = 0
        self._asked: asyncio.Queue[Chunk] = asyncio.Queue(window)
        self._sent: asyncio.Queue[tuple[Chunk, Awaitable[Any]]] = asyncio.Queue(window)
        self._generation = 0
        self.received = 0
        self.done = 0
        self.is_apart = False

    # --- what the worker tells us ----------------------------------------------------------------

    def begin(self, offsets: Mapping[TP, int], delivered: Mapping[TP, int]) -> None:
        """A new assignment begins at these offsets: whatever is in flight belongs to the last one.

        `delivered` is what was delivered last, plus 1: an offset may lie behind it, past markers.
        """
        self._generation += 1
        self._next = {tp.partition: offset for tp, offset in offsets.items()}
        self._came_from = {tp.partition: offset for tp, offset in delivered.items()}
        self._watched = WATCHED_CHUNKS
        self.received = self.done = 0

    @property
    def name(self) -> str:
        return self._agent.name

    @property
    def in_flight(self) -> int:
        return self.received - self.done

    # --- the three loops: receive, finish, acknowledge ---------------------------------------------

    async def receive(self, event: EventT[Any]) -> None:
        """Take one chunk in: decode, run the steps, ask Redis. Waits while the window is full."""
        await self._gate.passed()
        generation = self._generation
        message = event.message
        expected = self._next.get(message.partition)
        if expected is None or message.offset < expected:
            return  # of an older assignment: it comes again, or came already
        place = Place(message.partition, message.offset, self._came_from[message.partition])
        self._next[message.partition] = self._came_from[message.partition] = message.offset + 1
        self.received += 1
        place, records = self._decode(message, place)
        await self._run_steps(message.partition, message.offset, records)
        if generation != self._generation:
            return
        chunk = Chunk(event, generation, place, records, [])
        if "dedup" in self._agent.steps:
            # one that is diverted claims no fingerprint: it must not make a good copy a "duplicate"
            chunk.asking = [record for record in divert(records) if record.fingerprints is not None]
            prints = [record.fingerprints for record in chunk.asking if record.fingerprints is not None]
            chunk.answers = asyncio.ensure_future(self._dedup.ask(place.partition, place.offset, prints))
        await self._asked.put(chunk)

    async def finish(self) -> None:
        """Decide and send, one chunk after the other, so that each partition's order is kept."""
        while True:
            chunk = await self._asked.get()
            if chunk.answers is not None:
                for record, copy in zip(chunk.asking, await chunk.answers, strict=True):
                    record.copy = copy
            if chunk.generation != self._generation:
                continue  # its partition may be another's now; it comes again wherever that is
            value, headers = self._packed(chunk)
            await self._sent.put((chunk, await self._send(value, headers, chunk.place.partition)))

    async def acknowledge(self) -> None:
        """Acknowledge in order, each chunk after its delivery is confirmed."""
        while True:
            chunk, delivery = await self._sent.get()
            # a failed delivery raises: the process ends and the chunk comes again
            await delivery
            if chunk.generation == self._generation:
                chunk.event.ack()
                self.done += 1
                metrics.CHUNKS.labels(self._agent.name).inc()

    # --- one chunk ----------------------------------------------------------------------------------

    def _decode(self, message: Any, place: Place) -> tuple[Place, list[Record]]:
        try:
            if self._agent.reads == "raw":
                return place, self._records_of(read_raw(message.value, header_list(message)))
            carried = read_carried(message.value, header_list(message))
        except BadEnvelope as error:
            # not ours: an empty chunk takes its place, so that the chain of offsets has no hole
            metrics.BAD_ENVELOPES.labels(self._agent.name).inc()
            log.error(
                "not a Forebay chunk",
                extra={"why": str(error), "partition": place.partition, "offset": place.offset},
            )
            return place, []
        if carried.run != self._run.run:
            raise Fatal(f"a chunk of run {carried.run} in a topic of run {self._run.run}")
        lines = carried.value.split(b"\n") if carried.value else []
        return Place(carried.raw_partition, carried.raw_offset, carried.came_from), [
            carry.load(line) for line in lines
        ]

    async def _run_steps(self, partition: int, offset: int, records: list[Record]) -> None:
        watched = self._watched > 0
        if watched:
            self._watched -= 1
            if await until_answered("redis", lambda: self._marks.mark(partition, offset)):
                metrics.SUSPECT_CHUNKS.inc()
                log.warning("running a suspect chunk apart", extra={"partition": partition, "offset": offset})
                self.is_apart = True  # each record has its own time there: the watchdog waits
                records[:] = await asyncio.to_thread(
                    run_apart,
                    records,
                    self._steps,
                    self._pack_files,
                    self._pack.database_bytes(),
                    self._suspect_seconds,
                )
                self.is_apart = False
                return
        run_steps(
            [Desk(record) for record in records],
            self._steps,
            self._pack,
            observe=lambda step, seconds: metrics.STEP_SECONDS.labels(step).inc(seconds),
            clock=time.perf_counter,
        )
        if watched:
            await until_answered("redis", lambda: self._marks.unmark(partition, offset))

    def _packed(self, chunk: Chunk) -> tuple[bytes, list[tuple[str, bytes]]]:
        place, records = chunk.place, chunk.records
        if "decide" not in self._agent.steps:
            self._errors.look(records)
            value = b"\n".join(carry.dump(record) for record in records)
            return value, CarriedChunk(
                value, self._run.run, place.partition, place.offset, place.came_from, self._run.epoch
            ).headers()
        settle(records)
        value, sections = render(records, self._pack.label, place.partition, place.offset)
        # last, for rendering can fail too; before all is sent, for nothing of bad code may be acknowledged
        self._errors.look(records)
        self._count(records)
        return value, DecidedChunk(
            value, sections, self._run.run, place.partition, place.offset, place.came_from, self._run.epoch
        ).headers()

    def _count(self, records: list[Record]) -> None:
        outcomes = [record.outcome for record in records if record.outcome is not None]
        # the law: every record has exactly one outcome
        if len(outcomes) != len(records):
            raise Fatal(f"{len(records)} records received, {len(outcomes)} outcomes")
        counts = Counter((name_of(outcome), reason_of(outcome)) for outcome in outcomes)
        metrics.RECEIVED.inc(len(records))
        metrics.count_outcomes((name, reason, count) for (name, reason), count in counts.items())

"""Takes decided chunks partition by partition and decides when each is cut. Knows neither Kafka nor Faust.

What a cut does, and what holds when it dies at any point, stands in `agents/cuts.py`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from agents.buffer import Buffer, Took
from agents.claims import is_complete, last_claim
from agents.cuts import Cutter, Forget
from agents.patient_bucket import Bucket, PatientBucket, Waiting
from clients.errors import Fatal
from clients.metrics import BUFFERED_BYTES, GAPS, REDELIVERED
from streams.chunks import DecidedChunk
from streams.names import Layout
from streams.runs import Run
from streams.settings import Settings

log = logging.getLogger(__name__)

# A refine worker that died is replaced, and has sent its chunks again, well within this.
GAP_ALARM_SECONDS = 120.0
# Early cuts begin below the limit, so that reception goes on while they run.
_EARLY_SHARE = 0.75


class Sink:
    """The partitions of one process. Messages of a partition are received one after another, in order.

    `forget(raw_partition, raw_next)` must take a repeat, and cover what an earlier call missed.
    `clock` is monotonic and `wall` since the epoch, in seconds. Raises Fatal (from any coroutine, also for
    a cut in the background): the process must end then, and its successor goes on from the claims.
    """

    def __init__(
        self,
        documents: Bucket,
        layout: Layout,
        run: Run,
        settings: Settings,
        writer: str,
        clock: Callable[[], float],
        forget: Forget,
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._layout = layout
        self._run = run
        self._settings = settings
        self._clock = clock
        self._waiting = Waiting("s3", clock, sleep)
        self._bucket = PatientBucket(documents, self._waiting)
        self._cutter = Cutter(self._bucket, layout, run, writer, forget, wall)
        self._buffers: dict[int, Buffer] = {}
        self._turns: dict[int, object] = {}
        self._hints: dict[int, int] = {}
        self._cuts: dict[Buffer, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None
        self._changed = asyncio.Event()

    async def assigned(self, partitions: Iterable[int]) -> dict[int, int]:
        """Find the last claim of each; returns the `decided` offsets to read from.

        Partitions that are revoked meanwhile are left out. Raises Fatal where claims are of another log.
        """
        wanted = sorted(set(partitions))
        self.revoked(wanted)
        turns = {partition: object() for partition in wanted}
        self._turns |= turns
        found = await asyncio.gather(*(self._resumed(partition) for partition in wanted))
        still = [buffer for buffer in found if self._turns.get(buffer.partition) is turns[buffer.partition]]
        for buffer in still:
            self._buffers[buffer.partition] = buffer
        self._note()
        return {buffer.partition: buffer.first for buffer in still}

    async def _resumed(self, partition: int) -> Buffer:
        if partition >= self._run.partitions:
            raise Fatal(
                f"run {self._run.run} has {self._run.partitions} partitions, none is number {partition}"
            )
        hint = self._hints.get(partition, 0)
        claim = await last_claim(self._bucket, self._layout, self._run, partition, hint)
        if claim is None:
            return Buffer.at_start(partition, self._run.start_offsets[partition])
        self._hints[partition] = claim.number
        if await is_complete(self._bucket, self._layout, claim):
            return Buffer.behind(claim)
        log.info("finishing a claim", extra={"partition": partition, "number": claim.number})
        return Buffer.finishing(claim)

    def revoked(self, partitions: Iterable[int]) -> None:
        """Drop the partitions at once: nothing of them is acked or claimed from here on."""
        for partition in partitions:
            self._turns.pop(partition, None)
            buffer = self._buffers.pop(partition, None)
            if buffer is not None and buffer in self._cuts:
                self._cuts[buffer].cancel()
        self._note()

    # --- what comes in ------------------------------------------------------------------------------

    async def receive(
        self, partition: int, offset: int, timestamp_ms: int, chunk: DecidedChunk, ack: Callable[[], None]
    ) -> None:
        """Take a message; returns when there is room for the next one. Acks when its files are written.

        Messages of partitions that are not assigned are ignored. `ack` must not keep the message's value.
        """
        self._check()
        buffer = self._buffers.get(partition)
        if buffer is None:
            return
        if (chunk.run, chunk.epoch) != (self._run.run, self._run.epoch):
            raise Fatal(
                f"partition {partition}, offset {offset}: a chunk of run {chunk.run}, epoch {chunk.epoch} on the "
                f"topic of run {self._run.run}, epoch {self._run.epoch}"
            )
        if chunk.raw_partition != partition:
            raise Fatal(
                f"partition {partition}, offset {offset}: a chunk of raw partition {chunk.raw_partition}"
            )
        # no await before the message is in its place: order is kept whoever waits below
        was_gap_open = buffer.is_gap_open
        took = buffer.take(offset, timestamp_ms, chunk, ack, self._clock())
        if took is Took.REPEAT:
            REDELIVERED.inc()
        elif took is Took.GAP and not was_gap_open:
            log.warning(
                "a chunk is missing", extra={"partition": partition, "raw_offset_due": buffer.raw_next}
            )
        self._start_due()
        self._note()
        while self.buffered_bytes > self._settings.buffers_bytes and self._cuts:
            self._changed.clear()
            await self._changed.wait()
            self._check()

    # --- cuts ---------------------------------------------------------------------------------------

    async def cut_due(self) -> None:
        """Start the cuts of what is old, large or adopted. To be called by a timer: it waits for no server."""
        self._check()
        self._waiting.show()
        self._alarm_gaps()
        self._start_due()

    async def drain(self) -> None:
        """Cut all that is held. What remains then waits for more of a range that another has claimed."""
        while True:
            self._check()
            for buffer in self._buffers.values():
                if buffer.can_be_cut:
                    self._start(buffer)
            if not self._cuts:
                return
            await self.settled()

    async def settled(self) -> None:
        """Wait until the cuts that run now have ended."""
        if self._cuts:
            await asyncio.wait(tuple(self._cuts.values()))
        self._check()

    def _start_due(self) -> None:
        now = self._clock()
        idle = [b for b in self._buffers.values() if b.can_be_cut and b not in self._cuts]
        for buffer in idle:
            if now >= self._due_at(buffer) or buffer.size_bytes >= self._settings.cut_bytes:
                self._start(buffer)
        idle = sorted((b for b in idle if b not in self._cuts), key=lambda b: -b.size_bytes)
        excess = self.buffered_bytes - _EARLY_SHARE * self._settings.buffers_bytes
        excess -= sum(buffer.size_bytes for buffer in self._cuts)
        for buffer in idle:
            if excess <= 0:
                break
            excess -= buffer.size_bytes
            self._start(buffer)

    def _due_at(self, buffer: Buffer) -> float:
        received_at = buffer.messages[0].received_at
        return received_at if buffer.adopted is not None else received_at + self._settings.cut_seconds

    def _start(self, buffer: Buffer) -> None:
        if buffer not in self._cuts:
            task = asyncio.create_task(self._cutter.cut(buffer), name=f"cut-{buffer.partition}")
            self._cuts[buffer] = task
            task.add_done_callback(lambda done: self._ended(buffer, done))

    def _ended(self, buffer: Buffer, task: asyncio.Task[None]) -> None:
        del self._cuts[buffer]
        self._hints[buffer.partition] = buffer.number - 1
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()
        self._note()

    # --- what can be seen ---------------------------------------------------------------------------

    @property
    def buffered_bytes(self) -> int:
        return sum(buffer.size_bytes for buffer in self._buffers.values())

    @property
    def buffered_messages(self) -> int:
        """Messages received and not acked."""
        return sum(len(buffer.messages) for buffer in self._buffers.values())

    @property
    def open_gaps(self) -> tuple[int, ...]:
        """Partitions where a chunk is missing: they are not caught up."""
        return tuple(sorted(b.partition for b in self._buffers.values() if b.is_gap_open))

    @property
    def is_waiting(self) -> bool:
        """True while S3 does not answer."""
        return self._waiting.is_going_on

    def oldest_due_seconds(self) -> float:
        """How long the oldest cut is past due; 0 when none is, and while S3 does not answer.

        Counted anew from the end of a wait, so that an outage is no stall.
        """
        if self._waiting.is_going_on:
            return 0.0
        due = [self._due_at(buffer) for buffer in self._buffers.values() if buffer.messages]
        if not due:
            return 0.0
        return max(0.0, self._clock() - max(min(due), self._waiting.ended_at))

    def _alarm_gaps(self) -> None:
        now = self._clock()
        for buffer in self._buffers.values():
            buffer.note_gap(now)
            since = buffer.gap_since
            if since is not None and now - since >= GAP_ALARM_SECONDS and not buffer.is_gap_alarmed:
                buffer.is_gap_alarmed = True
                place = {"partition": buffer.partition, "raw_offset_due": buffer.raw_next}
                log.error("a missing chunk did not come", extra={**place, "seconds": round(now - since)})

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _note(self) -> None:
        BUFFERED_BYTES.set(self.buffered_bytes)
        GAPS.set(len(self.open_gaps))
        self._changed.set()

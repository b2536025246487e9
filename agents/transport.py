"""Faust's Kafka driver made safe: in-order commits, own positions, read_committed, idempotent sends.

Promises: an offset is committed only when the agent acknowledged it and everything before it; a commit
at the end of a topic passes trailing transaction markers only when nothing that was read is unacknowledged;
after every (re)assignment reading begins where `positions` says, or at the committed offset, and what was
read before that is not delivered.
Written against faust-streaming 0.15.3 and aiokafka 0.14.0, which are pinned: the overrides below replace
private parts of both.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Protocol, cast

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from agents.transport_thread import SafeConsumerThread

# From a group's committed offsets (None: none yet) to the offsets where reading begins.
Positions = Callable[[Mapping[TP, int | None]], Awaitable[Mapping[TP, int]]]


class BeginsAt(Protocol):
    """What the app adds to Faust's: where reading begins, and whether an idle partition's end may be committed."""

    begin_at: Positions
    may_pass: Callable[[TP], bool]


class SafeConsumer(driver.Consumer):
    """Commits the highest acknowledged offset + 1. Agents acknowledge strictly in order, so it has no gaps."""

    _thread: SafeConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fetched: dict[TP, int] = {}
        self._acked_to: dict[TP, int] = {}
        self._read_to: dict[TP, int] = {}
        self._seek_number = 0
        self._seeking = asyncio.Lock()
        # by partition the last acknowledged offset + 1, markers not counted; set by the app where it begins
        self.delivered_to: dict[TP, int] = {}

    def _new_consumer_thread(self) -> SafeConsumerThread:
        return SafeConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109
        records = await super()._getmany(active_partitions, timeout)
        if self._thread.read_after != self._seek_number:
            # Read before a seek that is under way (a rebalance): another assignment's. They are read again
            # from where that seek begins; their positions would commit what was never delivered.
            return {}
        if self.flow_active:
            for tp, found in records.items():
                self._fetched[TP(tp.topic, tp.partition)] = found[-1].offset
            self._read_to = dict(self._thread.positions)
        return records

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109
        """What was read, message by message; none of it after a seek, which has it read again."""
        number = None
        # between the read, whose number `_getmany` has looked at, and its first message nothing is awaited
        async for tp, message in super().getmany(timeout):
            number = self._seek_number if number is None else number
            if number != self._seek_number:
                break
            yield tp, message

    def _forget_positions(self) -> None:
        self._seek_number += 1
        self._read_to = {}
        self._fetched.clear()
        self._forget_acknowledged()

    def _forget_acknowledged(self) -> None:
        """What was acknowledged says nothing of a second reading, which Faust would take for acknowledged already."""
        self._acked_to.clear()
        self._acked.clear()
        self._acked_index.clear()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._forget_positions()
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Begin at the committed offsets, or where the app's `positions` says (a sink: its last claim)."""
        try:
            async with self._seeking:
                await self._begin()
        except Exception as error:
            # the driver only logs this where it seeks by itself, and nothing would be delivered ever after
            await self.crash(error)
            raise

    async def _begin(self) -> None:
        self._forget_positions()
        number = self._seek_number
        await super().perform_seek()
        wanted = await cast(BeginsAt, self.app).begin_at(
            {tp: self._committed_offset.get(tp) for tp in self.assignment()}
        )
        # what was acknowledged meanwhile was read before; the app has let go of it by now, so no more of it comes
        self._forget_acknowledged()
        for tp, offset in wanted.items():
            # what is committed stays what Kafka says: a sink begins where its claims end, ahead of its group,
            # and must still commit that though nothing new comes
            self._read_offset[tp] = offset or None
        # always seek: the driver leaves a committed 0 where the last read stopped
        await self._thread.seek_as(number, wanted)

    def ack(self, message: Any) -> bool:
        done: bool = super().ack(message)
        if done:
            tp = message.tp
            assert message.offset > self._acked_to.get(tp, -1), "acknowledged out of order"
            self._acked_to[tp] = message.offset
            self.delivered_to[tp] = message.offset + 1
        return done

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self.assignment() if topics is None or tp in topics or tp.topic in topics)

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        """Commit, and remember only what Kafka has taken: the driver remembers what it has tried."""
        number = self._seek_number
        # an idle commit passes markers: what was delivered last is noted beside it, for the chain of `came_from`
        self._thread.notes = {
            tp: str(min(self.delivered_to[tp], at)) for tp, at in offsets.items() if tp in self.delivered_to
        }
        did_commit: bool = await self._commit(offsets)
        if did_commit and number == self._seek_number:
            self._committed_offset.update(offsets)
        return did_commit

    def _new_offset(self, tp: TP) -> int | None:
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.acked_or_read(tp)

    def is_idle(self, tp: TP) -> bool:
        """True when all that was read of the partition is acknowledged and the position is known."""
        if not cast(BeginsAt, self.app).may_pass(tp):
            return False
        return tp in self._read_to and self._fetched.get(tp) == self._acked_to.get(tp)

    def acked_or_read(self, tp: TP) -> int | None:
        """Where the partition would be read on after a restart; None right after a seek."""
        acked = self._acked_to.get(tp)
        return self._read_to[tp] if self.is_idle(tp) else None if acked is None else acked + 1

    def lags(self) -> dict[int, int]:
        """Offsets by partition between what is acknowledged and the last stable end that Kafka told."""
        ends = self._thread.ends
        return {
            tp.partition: max(0, end - done)
            for tp, end in ends.items()
            if (done := self.acked_or_read(tp)) is not None
        }

    def reading(self) -> tuple[bool, int]:
        """Whether a partition has messages that were not read, or read and not acknowledged (or nothing was read of it
        since the last seek), and a number that moves with all that is read."""
        if self._thread._consumer is None:
            return False, 0  # not started yet
        ends, read_to = self._thread.ends, self._read_to
        is_left = any(
            tp not in read_to
            or read_to[tp] < ends.get(tp, 0)
            or self._fetched.get(tp) != self._acked_to.get(tp)
            for tp in self.assignment()
        )
        return is_left, sum(read_to.values())

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Holes in the log (markers, aborted records) need no bookkeeping: acknowledgements are in order."""


class SafeProducer(driver.Producer):
    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class SafeTransport(driver.Transport):
    Consumer = SafeConsumer
    Producer = SafeProducer

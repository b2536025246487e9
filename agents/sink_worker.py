"""The sink inside Faust: begins where the last claims end."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any

from faust.types import TP, EventT

from agents.app import ForebayApp, header_list
from agents.dedup import Answers
from agents.opened import Opened
from agents.sink import Sink
from clients import kafka
from clients.errors import Fatal
from streams.chunks import BadEnvelope, read_decided

TICK_SECONDS = 0.25


class SinkWorker:
    """The sink inside Faust: begins where the last claims end."""

    def __init__(self, opened: Opened, drain: asyncio.Event) -> None:
        self._opened = opened
        self._drain = drain
        self._done = 0
        self._written: dict[int, deque[EventT[Any]]] = {}
        self._sink = Sink(
            opened.store.documents,
            opened.store.layout,
            opened.run,
            opened.settings,
            f"{os.uname().nodename}-{os.getpid()}-{int(time.time())}",
            time.monotonic,
            Answers(opened.redis, opened.names, opened.run.run).forget,
            time.time,
        )

    def attached(self, app: ForebayApp) -> None:
        """A sink sends nothing; the end of a partition that misses a chunk is never committed."""
        app.may_pass = lambda tp: tp.partition not in self._sink.open_gaps

    async def begin_at(self, committed: Mapping[TP, int | None]) -> Mapping[TP, int]:
        """Where the last claims end. Raises Fatal where the log does not reach that far."""
        run = self._opened.run
        topic = self._opened.names.decided(run.run)
        by_partition = {tp.partition: tp for tp in committed}
        starts = await self._sink.assigned(by_partition)
        span = await kafka.extent(self._opened.settings, topic, run.partitions)
        for partition, at in starts.items():
            if not span.starts[partition] <= at <= span.ends[partition]:
                raise Fatal(
                    f"{topic} partition {partition} holds {span.starts[partition]} to {span.ends[partition]}, the last "
                    f"claim ends at {at}: retention has passed it or Kafka was made anew"
                )
        return {by_partition[partition]: at for partition, at in starts.items()}

    async def revoked(self) -> None:
        self._sink.revoked(range(self._opened.run.partitions))
        self._written.clear()

    async def receive(self, event: EventT[Any]) -> None:
        message = event.message
        try:
            chunk = read_decided(message.value, header_list(message))
        except BadEnvelope as error:
            raise Fatal(
                f"partition {message.partition}, offset {message.offset} of decided is no Forebay chunk ({error}): "
                "someone else writes to this topic"
            ) from None

        # Faust holds every event until it is acknowledged; the sink keeps the lines pressed, not twice
        message.value = event.value = None

        def ack() -> None:
            self._done += 1
            self._written.setdefault(message.partition, deque()).append(event)
            self._acknowledge(message.partition)

        # the timestamp is the broker's, when the decided chunk was appended
        await self._sink.receive(message.partition, message.offset, int(message.timestamp * 1000), chunk, ack)

    def _acknowledge(self, partition: int) -> None:
        """Acknowledge what is written, unless a chunk is missing: a partition with a gap is not caught up."""
        if partition not in self._sink.open_gaps:
            for event in self._written.pop(partition, ()):
                event.ack()

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        return [self._tick()]

    async def _tick(self) -> None:
        held = -1
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self._drain.is_set() and self._sink.buffered_messages == held:
                # told to drain, and nothing came for a tick: all that is there is read
                await self._sink.drain()
            await self._sink.cut_due()
            for partition in list(self._written):
                self._acknowledge(partition)
            held = self._sink.buffered_messages

    def progress(self) -> tuple[bool, int]:
        return self._sink.oldest_due_seconds() > 0, self._done

    def is_hungry(self) -> bool:
        """Whether it holds nothing and would take what comes."""
        return self._sink.buffered_messages == 0

    async def finish(self) -> None:
        await self._sink.drain()

"""Reads one object version into pieces, as far ahead as the lane allows."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, cast

from clients.metrics import OBJECTS_OPEN
from clients.s3 import S3Client
from clients.waiting import until_answered
from producers.body import Body
from producers.cutter import Cutter
from producers.ledger import Entry
from producers.limits import Limits
from producers.pieces import Piece
from producers.range_file import RangeFile
from producers.states import Ending, ObjectReason, ObjectVersion, State
from producers.versions import Archived, Denied, Gone, Overwritten, settle

log = logging.getLogger(__name__)

ALONE_AHEAD_BYTES = 2 << 20


class Reading:
    """One open object. `pieces` is what was read ahead; the last one has an ending.

    Nothing here is durable: a process that dies costs reading again from the last committed position.
    """

    def __init__(
        self,
        client: S3Client,
        entry: Entry,
        limits: Limits,
        *,
        gate: Callable[[], Awaitable[None]],
        ahead_bytes: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        self.key = entry.ledger_key
        self.pieces: deque[Piece] = deque()
        self._client = client
        self._entry = entry
        self._limits = limits
        self._gate = gate
        self._ahead_bytes = ahead_bytes
        self._wake = wake
        self._queued_bytes = 0
        self._room = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    def pop(self) -> Piece:
        piece = self.pieces.popleft()
        self._queued_bytes -= len(piece.value)
        self._room.set()
        return piece

    async def _put(self, piece: Piece) -> None:
        # one piece is always allowed, so that a large record cannot stop its object
        while self.pieces and self._queued_bytes + len(piece.value) > self._ahead_bytes():
            self._room.clear()
            await self._room.wait()
        self.pieces.append(piece)
        self._queued_bytes += len(piece.value)
        self._wake()

    async def _run(self) -> None:
        OBJECTS_OPEN.inc()
        try:
            ending = await self._read()
            if ending is not None:
                await self._put(Piece(ending=ending))
        finally:
            OBJECTS_OPEN.dec()
            self._wake()

    async def _read(self) -> Ending | None:
        """Put every piece; returns the ending that the store gave, None where the object itself ended."""
        version = self._entry.version
        cutter = Cutter(self._limits, self._entry.position)
        body = Body(self._client, version, cutter.reads_from)
        try:
            while not cutter.is_finished and not cutter.wants_file:
                await self._gate()
                block = await body.read()
                try:
                    pieces = cutter.feed(block) if block else cutter.finish()
                    for piece in pieces:
                        await self._put(piece)
                except Exception as error:  # noqa: BLE001 - our own fault must cost one object, not the intake
                    return self._failed(error, cutter)
            if cutter.wants_file:
                return await self._read_file(cutter, body)
        except Denied as denied:
            return Ending(State.FOUND, ObjectReason.DENIED, detail=denied.code)
        except Archived:
            return Ending(State.REFUSED, ObjectReason.ARCHIVED)
        except (Gone, Overwritten):
            return await self._replaced()
        finally:
            body.close()
        return None

    async def _read_file(self, cutter: Cutter, body: Body) -> Ending | None:
        """Let the container read here and there, in a thread: one step for each piece."""
        loop = asyncio.get_running_loop()
        stored = RangeFile(loop, self._entry.version.size_bytes, body.range)
        pieces = cutter.read_file(cast("BinaryIO", stored))
        thread = ThreadPoolExecutor(1, "read-file")
        try:
            while True:
                await self._gate()
                piece = await loop.run_in_executor(thread, next, pieces, None)
                if piece is None:
                    return None
                await self._put(piece)
        except (Denied, Archived, Gone, Overwritten):
            raise
        except Exception as error:  # noqa: BLE001 - our own fault must cost one object, not the intake
            return self._failed(error, cutter)
        finally:
            # never waited for: the thread may be waiting for this very loop
            stored.stop()
            thread.shutdown(wait=False, cancel_futures=True)

    def _failed(self, error: Exception, cutter: Cutter) -> Ending:
        place = {
            "object": self._entry.version.place,
            "byte": cutter.plain_bytes,
            "reason": type(error).__name__,
        }
        log.error("the reader failed on an object", extra=place)
        return Ending(State.DAMAGED, ObjectReason.READER_ERROR, cutter.plain_bytes)

    async def _replaced(self) -> Ending:
        """The version is no longer there: what is?"""
        version = self._entry.version
        try:
            now = await until_answered("s3", lambda: settle(self._client, version.bucket, version.key))
        except Gone:
            return Ending(State.GONE)
        except Denied as denied:
            return Ending(State.FOUND, ObjectReason.DENIED, detail=denied.code)
        if now.version == version.version:
            # the store shows it and does not give it: no end, it is tried again at the next sweep
            return Ending(State.FOUND, ObjectReason.DENIED, detail="not_served")
        return Ending(State.SUPERSEDED, successor=now)


async def pieces_of_version(
    client: S3Client, version: ObjectVersion, limits: Limits
) -> AsyncGenerator[Piece, None]:
    """All pieces of an object version, the last one with its ending: for who reads without a lane."""
    wake = asyncio.Event()
    reading = Reading(
        client, Entry(version), limits, gate=_open_gate, ahead_bytes=lambda: ALONE_AHEAD_BYTES, wake=wake.set
    )
    try:
        while True:
            if reading.pieces:
                piece = reading.pop()
                yield piece
                if piece.ending is not None:
                    return
                continue
            if reading.task.done():
                reading.task.result()  # raises what ended it
            wake.clear()
            await wake.wait()
    finally:
        reading.task.cancel()


async def _open_gate() -> None:
    """Nothing holds back who reads for himself."""

"""Reads one object version into pieces, as far ahead as the lane allows."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from clients.metrics import OBJECTS_OPEN
from clients.s3 import S3Client
from clients.waiting import until_answered
from producers.body import Body
from producers.chunker import Piece
from producers.cutter import Cutter
from producers.ledger import Entry
from producers.states import Ending, Limits, ObjectReason, State
from producers.versions import Archived, Denied, Gone, Overwritten, settle

log = logging.getLogger(__name__)


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
                await self._put(Piece(b"", 0, 0, (), 0, None, False, ending))
        finally:
            OBJECTS_OPEN.dec()
            self._wake()

    async def _read(self) -> Ending | None:
        """Put every piece; returns the ending that the store gave, None where the object itself ended."""
        version = self._entry.version
        cutter = Cutter(self._limits, self._entry.position)
        body = Body(self._client, version, cutter.reads_from)
        try:
            while not cutter.is_finished:
                await self._gate()
                block = await body.read()
                try:
                    pieces = cutter.feed(block) if block else cutter.finish()
                    for piece in pieces:
                        await self._put(piece)
                except Exception as error:  # noqa: BLE001 - our own fault must cost one object, not the intake
                    place = {
                        "object": version.place,
                        "byte": cutter.plain_bytes,
                        "reason": type(error).__name__,
                    }
                    log.error("the reader failed on an object", extra=place)
                    return Ending(State.DAMAGED, ObjectReason.READER_ERROR, cutter.plain_bytes)
        except Denied as denied:
            return Ending(State.FOUND, ObjectReason.DENIED, detail=denied.code)
        except Archived:
            return Ending(State.REFUSED, ObjectReason.ARCHIVED)
        except (Gone, Overwritten):
            return await self._replaced()
        finally:
            body.close()
        return None

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

"""What becomes of announcements in a lane: a HEAD settles the version, the ledger says whether it is new."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from clients.metrics import OBJECTS
from clients.s3 import S3Client
from clients.waiting import until_answered
from producers.announcements import Announcement
from producers.ledger import Entry, LaneLedger, read_row
from producers.states import ObjectReason, ObjectVersion, State
from producers.versions import Denied, Gone, settle

log = logging.getLogger(__name__)

HEADS_AT_ONCE = 16
# Objects that wait in memory; more wait in `drops`, which is the queue that has no bound.
MOST_WAITING = 5_000
# Messages that may lie here unsettled before the lane's partition of `drops` is paused.
MOST_MESSAGES = 2_000


@dataclass(frozen=True, slots=True)
class _Message:
    announcement: Announcement | None  # None: nothing that can be read, only its offset counts
    offset: int | None  # None: not from `drops`, asked again by ourselves


class Arrivals:
    """Settles announcements in order. A row and the `drops` offset behind it go into one transaction.

    Nothing is durable before that commit: dying here leaves the offset where it was, and the
    announcement comes again.
    """

    def __init__(
        self,
        client_of: Callable[[str], S3Client],
        ledger: LaneLedger,
        waiting: deque[bytes],
        wake: Callable[[], None],
    ) -> None:
        self._client_of = client_of
        self._ledger = ledger
        self._waiting = waiting
        self._wake = wake
        self._messages: deque[_Message] = deque()
        self._busy = 0
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._rows: dict[bytes, bytes | None] = {}
        self._settled: int | None = None  # offset to commit, behind the last settled message

    @property
    def is_idle(self) -> bool:
        return not self._messages and not self._busy

    @property
    def is_full(self) -> bool:
        return len(self._messages) >= MOST_MESSAGES

    def announce(self, announcement: Announcement | None, offset: int) -> None:
        """An announcement from `drops`; offsets rise."""
        self._messages.append(_Message(announcement, offset))
        self._more.set()

    def again(self, bucket: str, key: str) -> None:
        """Try to settle an object whose version is still unknown."""
        self._messages.append(_Message(Announcement(bucket, key, "", 0, 0), None))
        self._more.set()

    def show_room(self, waiting: int) -> None:
        if waiting < MOST_WAITING:
            self._room.set()
        else:
            self._room.clear()

    def rows(self) -> dict[bytes, bytes | None]:
        """Rows for the next transaction; they are taken out."""
        rows, self._rows = self._rows, {}
        return rows

    def offset(self) -> int | None:
        return self._settled

    def committed(self, offset: int | None) -> None:
        if self._settled == offset:
            self._settled = None

    async def run(self) -> None:
        """Settle announcement after announcement, until cancelled."""
        while True:
            await self._more.wait()
            await self._room.wait()
            if not self._messages:
                self._more.clear()
                continue
            batch = [self._messages.popleft() for _ in range(min(HEADS_AT_ONCE, len(self._messages)))]
            self._busy = len(batch)
            found = await asyncio.gather(*(self._look(message.announcement) for message in batch))
            # no await from here on: rows and offset belong together
            for message, version in zip(batch, found, strict=True):
                if message.announcement is not None:
                    self._settle(message.announcement, version)
                if message.offset is not None:
                    self._settled = message.offset + 1
            self._busy = 0
            self._wake()

    async def _look(self, seen: Announcement | None) -> ObjectVersion | Denied | None:
        """The version that stands there now; None where nothing does."""
        if seen is None:
            return None
        if seen.etag and not seen.absent:
            listed = Entry(_unsettled(seen, f"{seen.etag}@{seen.modified_seconds}"))
            if self._ledger.is_finished(listed.ledger_key):
                return listed.version
        try:
            return await until_answered(
                "s3", lambda: settle(self._client_of(seen.bucket), seen.bucket, seen.key)
            )
        except Gone:
            return None
        except Denied as denied:
            return denied

    def _settle(self, seen: Announcement, found: ObjectVersion | Denied | None) -> None:
        for entry in self._ledger.denied(seen.bucket, seen.key):
            # announced again: that is when it is tried again
            self._ledger.put(replace(entry, reason=ObjectReason.NONE, detail=""))
            self._waiting.append(entry.ledger_key)
        unsettled = Entry(_unsettled(seen, ""), reason=ObjectReason.DENIED)
        if isinstance(found, Denied) and seen.absent:
            return  # nobody can say what became of it: the next owner of the sweeps asks again
        if isinstance(found, Denied):
            entry = replace(unsettled, detail=found.code)
            self._ledger.put(entry)
            self._rows[entry.ledger_key] = entry.value()
            OBJECTS.labels(entry.state.value, entry.reason.value).inc()
            log.warning(
                "object cannot be read; it is tried again at each sweep",
                extra={"object": entry.version.place, "reason": found.code},
            )
            return
        if unsettled.ledger_key in self._ledger.unfinished:
            self._ledger.withdraw(unsettled.ledger_key)
            self._rows[unsettled.ledger_key] = None
        if seen.absent:
            self._take_leave(seen, found)
        if found is not None:
            self._rows.update(self.take_version(found))

    def _take_leave(self, seen: Announcement, found: ObjectVersion | None) -> None:
        """A finished version that no listing shows: it is gone, or another one stands in its place."""
        entry = read_row(seen.absent)
        is_there = found is not None and found.version == entry.version.version
        if is_there or not self._ledger.is_finished(entry.ledger_key):
            return  # the listing was behind; or this was said before
        entry = replace(
            entry, state=State.GONE if found is None else State.SUPERSEDED, reason=ObjectReason.NONE
        )
        self._ledger.put(entry)
        self._rows[entry.ledger_key] = entry.value()
        OBJECTS.labels(entry.state.value, entry.reason.value).inc()

    def take_version(self, version: ObjectVersion) -> dict[bytes, bytes | None]:
        """Queue a version unless the ledger knows it; returns its row for the transaction."""
        entry = self._ledger.opened(version)
        key = entry.ledger_key
        if self._ledger.is_finished(key) or key in self._ledger.unfinished:
            return {}
        self._ledger.put(entry)
        self._waiting.append(key)
        return {key: entry.value()}


def _unsettled(seen: Announcement, version: str) -> ObjectVersion:
    return ObjectVersion(
        seen.bucket, seen.key, version, "", seen.etag, seen.modified_seconds, seen.size_bytes
    )

"""The ledger of objects: rows of the topic `objects`, and one lane's view of them in memory.

The topic is compacted. Key: bucket, key, version; partition: the lane, by bucket and key alone. Only the
lane's owner writes to it, inside its transactions.
"""

from dataclasses import dataclass, replace
from hashlib import blake2b

import orjson

from clients.errors import Fatal
from producers.pieces import Piece
from producers.seen import Seen
from producers.states import FINAL, ObjectReason, ObjectVersion, Position, State


def lane_of(bucket: str, key: str, lanes: int) -> int:
    """The lane that owns an object: all versions of a key share one. Stable over processes and machines."""
    digest = blake2b(orjson.dumps([bucket, key]), digest_size=8).digest()
    return int.from_bytes(digest, "big") % lanes


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a version, its state, what of it is committed to `raw`, and where reading goes on."""

    version: ObjectVersion
    state: State = State.FOUND
    reason: ObjectReason = ObjectReason.NONE
    records: int = 0
    chunks: int = 0
    position: Position | None = None
    damaged_at: int | None = None
    detail: str = ""  # the store's error code where access is denied

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def is_denied(self) -> bool:
        return self.reason is ObjectReason.DENIED

    @property
    def ledger_key(self) -> bytes:
        v = self.version
        return orjson.dumps([v.bucket, v.key, v.version])

    def value(self) -> bytes:
        v, p = self.version, self.position
        return orjson.dumps(
            {
                "bucket": v.bucket,
                "key": v.key,
                "version": v.version,
                "state": self.state,
                "reason": self.reason,
                "records": self.records,
                "chunks": self.chunks,
                "size": v.size_bytes,
                "etag": v.etag,
                "modified": v.modified_seconds,
                "version_id": v.version_id,
                "damaged_at": self.damaged_at,
                "detail": self.detail,
                "position": None if p is None else p.row(),
            }
        )

    def after(self, piece: Piece) -> "Entry":
        """The entry once a piece of it is committed."""
        ending = piece.ending
        return replace(
            self,
            state=State.READING if ending is None else ending.state,
            reason=ObjectReason.NONE if ending is None else ending.reason,
            detail="" if ending is None else ending.detail,
            records=self.records + piece.count,
            chunks=self.chunks + (1 if piece.count else 0),
            position=piece.after or self.position,
            damaged_at=None if ending is None else ending.at_byte,
        )


def read_entry(key: bytes, value: bytes) -> Entry:
    """The entry in a row. Raises Fatal where no Forebay, or a newer one, wrote it."""
    try:
        return _read_entry(key, value)
    except (KeyError, TypeError, ValueError) as error:
        raise Fatal(f"the ledger has a row that this Forebay cannot read: {type(error).__name__}") from None


def read_row(value: bytes) -> Entry:
    """The entry in a row's value alone, which names its version too. Raises Fatal as `read_entry` does."""
    try:
        row = orjson.loads(value)
        return _read_entry(orjson.dumps([row["bucket"], row["key"], row["version"]]), value)
    except (KeyError, TypeError, ValueError) as error:
        raise Fatal(f"the ledger has a row that this Forebay cannot read: {type(error).__name__}") from None


def _read_entry(key: bytes, value: bytes) -> Entry:
    bucket, name, version = orjson.loads(key)
    row = orjson.loads(value)
    position = row["position"]
    return Entry(
        version=ObjectVersion(
            bucket, name, version, row["version_id"], row["etag"], row["modified"], row["size"]
        ),
        state=State(row["state"]),
        reason=ObjectReason(row["reason"]),
        records=row["records"],
        chunks=row["chunks"],
        position=None if position is None else Position(*position),
        damaged_at=row["damaged_at"],
        detail=row["detail"],
    )


class LaneLedger:
    """One lane's objects: unfinished ones in full, finished versions as hashes.

    A version that is `gone` can come back (an undeleted version; a restored bucket): it is forgotten, or
    kept in full where a part of it was read, so that its records are not sent twice.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.unfinished: dict[bytes, Entry] = {}
        self._finished = Seen()
        self._gone: dict[bytes, Entry] = {}
        self._denied: dict[tuple[str, str], set[bytes]] = {}

    def apply(self, key: bytes, value: bytes | None) -> None:
        """Take a row as read from the topic; None is a row that was withdrawn."""
        if value is None:
            self.withdraw(key)
        else:
            self.put(read_entry(key, value))

    def put(self, entry: Entry) -> None:
        key = entry.ledger_key
        self.withdraw(key)
        self._gone.pop(key, None)
        if entry.is_denied:
            self._denied.setdefault((entry.version.bucket, entry.version.key), set()).add(key)
        if not entry.is_final:
            self.unfinished[key] = entry
            return
        if entry.state is not State.GONE:
            self._finished.add(key)
            return
        # one that comes back is read on behind what was sent of it: to its end where that was all
        self._finished.discard(key)
        if entry.records:
            self._gone[key] = entry

    def withdraw(self, key: bytes) -> None:
        """Forget an unfinished row."""
        entry = self.unfinished.pop(key, None)
        if entry is not None and entry.is_denied:
            place = (entry.version.bucket, entry.version.key)
            self._denied[place].discard(key)
            if not self._denied[place]:
                del self._denied[place]

    def denied(self, bucket: str, key: str) -> list[Entry]:
        """The settled versions of a key that could not be read."""
        found = [self.unfinished[name] for name in self._denied.get((bucket, key), ())]
        return [entry for entry in found if entry.version.version]

    def is_finished(self, key: bytes) -> bool:
        return key in self._finished

    def opened(self, version: ObjectVersion) -> Entry:
        """A fresh entry for a version, going on where a `gone` one had stopped."""
        entry = Entry(version)
        before = self._gone.get(entry.ledger_key)
        return entry if before is None else replace(before, state=State.FOUND, reason=ObjectReason.NONE)

    @property
    def finished_count(self) -> int:
        return len(self._finished)

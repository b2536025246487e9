"""What a lane says and counts: never before it is committed."""

import logging

from clients.metrics import (
    FETCHED_BYTES,
    FETCHED_RECORDS,
    MEMBERS_UNREAD,
    OBJECTS,
    REFUSED_RECORDS,
    REPAIRED_RECORDS,
)
from producers.ledger import Entry
from producers.packing import Packed

log = logging.getLogger(__name__)


def say_settled(entry: Entry) -> None:
    """Count and log an object version that is final, or one that the store does not let us read."""
    OBJECTS.labels(entry.state.value, entry.reason.value).inc()
    extra = {
        "object": entry.version.place,
        "version": entry.version.version,
        "state": entry.state.value,
        "reason": entry.detail or entry.reason.value,
        "records": entry.records,
        "byte": entry.damaged_at,
    }
    log.log(logging.WARNING if entry.reason else logging.INFO, "object settled", extra=extra)


def count_committed(taken: list[Packed]) -> None:
    """Count what a transaction brought into `raw`, once it is committed."""
    for ready in taken:
        FETCHED_BYTES.inc(ready.size_bytes)
        for _, _, piece in ready.pieces:
            if piece.count and piece.after is not None:
                FETCHED_RECORDS.labels(piece.after.container).inc(piece.count)
            if piece.repaired:
                REPAIRED_RECORDS.inc(piece.repaired)
            for member in piece.members:
                MEMBERS_UNREAD.labels(member.state.value, member.reason.value).inc()
            for stub in piece.stubs:
                REFUSED_RECORDS.labels(stub.reason.value).inc()

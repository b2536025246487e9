"""What a bucket's queue says: S3's own notifications, plain or through SNS, and those of EventBridge."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

import orjson

KEY_BYTES = 1024  # S3's limit; a longer one is no key, and S3 would refuse it for ever


class Kind(StrEnum):
    """What an event says of its object, or that it says nothing of one."""

    CREATED = "created"
    REMOVED = "removed"
    TEST = "test"  # sent once, when the bucket's notification is set up
    OTHER = "other"  # tags, access lists, restores: an object's bytes are as they were
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class BucketEvent:
    """One event. Bucket and key are given for `created` and `removed` alone.

    `size_bytes` is what the object had when the event was made (None: not told). Events come late, twice and
    out of order, so neither that nor the ETag says what stands there now.
    """

    kind: Kind
    bucket: str = ""
    key: str = ""
    size_bytes: int | None = None


# S3's names, without the `s3:` that some stores put before them
_NOTIFICATIONS = {
    "ObjectCreated": Kind.CREATED,
    "ObjectRemoved": Kind.REMOVED,
    "LifecycleExpiration": Kind.REMOVED,
}
# EventBridge's `detail-type`
_DETAIL_TYPES = {"Object Created": Kind.CREATED, "Object Deleted": Kind.REMOVED}
_UNREADABLE = BucketEvent(Kind.UNREADABLE)


def read_message(body: str) -> tuple[BucketEvent, ...]:
    """Every event in a message, one at least. Raises nothing, whatever the body holds."""
    message = _parsed(body)
    inner = message.get("Message")
    if isinstance(inner, str):  # SNS wraps the message as a string
        message = _parsed(inner)
    return tuple(_events(message)) or (_UNREADABLE,)


def _parsed(body: str) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _events(message: dict[str, Any]) -> Iterator[BucketEvent]:
    records, detail_type = message.get("Records"), message.get("detail-type")
    if isinstance(records, list):
        for record in records:
            yield _notification(record) if isinstance(record, dict) else _UNREADABLE
    elif isinstance(detail_type, str):
        kind = _DETAIL_TYPES.get(detail_type, Kind.OTHER)
        # EventBridge gives the key as it is
        yield _event(kind, message.get("detail"), is_encoded=False)
    elif message.get("Event") == "s3:TestEvent":
        yield BucketEvent(Kind.TEST)


def _notification(record: dict[str, Any]) -> BucketEvent:
    name = record.get("eventName")
    if not isinstance(name, str):
        return _UNREADABLE
    kind = _NOTIFICATIONS.get(name.removeprefix("s3:").partition(":")[0], Kind.OTHER)
    return _event(kind, record.get("s3"), is_encoded=True)


def _event(kind: Kind, detail: Any, *, is_encoded: bool) -> BucketEvent:
    if kind is Kind.OTHER:
        return BucketEvent(kind)
    bucket, item = _field(detail, "bucket"), _field(detail, "object")
    name, key, size = _field(bucket, "name"), _field(item, "key"), _field(item, "size")
    if not isinstance(name, str) or not isinstance(key, str):
        return _UNREADABLE
    if is_encoded:
        try:
            key = unquote_plus(key, errors="strict")
        except UnicodeDecodeError:
            return _UNREADABLE
    if not name or not 0 < len(key.encode()) <= KEY_BYTES:
        return _UNREADABLE
    return BucketEvent(kind, name, key, size if type(size) is int and size >= 0 else None)


def _field(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None

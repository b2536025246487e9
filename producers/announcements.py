"""The messages of `drops`: an object was seen in a listing, or named by an event."""

from dataclasses import dataclass

import orjson

from streams.chunks import SCHEMA


@dataclass(frozen=True, slots=True)
class Announcement:
    """An object that may be new. Only the lane decides: it settles the version and asks the ledger.

    `absent` is the ledger's row of a finished version that no listing shows any more, where that is the news.
    """

    bucket: str
    key: str
    etag: str
    modified_seconds: int
    size_bytes: int
    absent: bytes = b""

    @property
    def message_key(self) -> bytes:
        return orjson.dumps([self.bucket, self.key])

    @property
    def listing(self) -> bytes:
        """How a listing names the version, as bytes to remember it by."""
        return listing_name(self.bucket, self.key, self.etag, self.modified_seconds)

    def value(self) -> bytes:
        row = [SCHEMA, self.etag, self.modified_seconds, self.size_bytes]
        return orjson.dumps([*row, self.absent.decode()] if self.absent else row)


def listing_name(bucket: str, key: str, etag: str, modified_seconds: int) -> bytes:
    return orjson.dumps([bucket, key, etag, modified_seconds])


def read_announcement(key: bytes, value: bytes) -> Announcement:
    """The announcement in a message of `drops`. Raises ValueError where it is none."""
    bucket, name = orjson.loads(key)
    _, etag, modified, size, *absent = orjson.loads(value)
    return Announcement(bucket, name, etag, modified, size, absent[0].encode() if absent else b"")

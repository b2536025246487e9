"""Remembers which things were seen, at some 15 bytes each: 10 million in about 150 MB."""

from hashlib import blake2b

_BUCKETS = 1 << 16
_STORED_BYTES = 10


class Seen:
    """A set of names, kept as 12-byte hashes: 2 choose a bucket, 10 are stored.

    Two names among 10 million share a hash with a chance of about 1e-15, and a hash that can't be aimed at
    (BLAKE2) is used since keys come from strangers: a name wrongly "seen" would be an object never read.
    """

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * _BUCKETS
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, name: bytes) -> bool:
        place, stored = _hash(name)
        bucket = self._buckets[place]
        return bucket is not None and _find(bucket, stored) >= 0

    def add(self, name: bytes) -> None:
        place, stored = _hash(name)
        bucket = self._buckets[place]
        if bucket is None:
            self._buckets[place] = bytearray(stored)
        elif _find(bucket, stored) >= 0:
            return
        else:
            bucket += stored
        self._size += 1

    def discard(self, name: bytes) -> None:
        place, stored = _hash(name)
        bucket = self._buckets[place]
        if bucket is None:
            return
        at = _find(bucket, stored)
        if at >= 0:
            del bucket[at : at + _STORED_BYTES]
            self._size -= 1

    def clear(self) -> None:
        self._buckets = [None] * _BUCKETS
        self._size = 0


def _hash(name: bytes) -> tuple[int, bytes]:
    digest = blake2b(name, digest_size=2 + _STORED_BYTES).digest()
    return digest[0] << 8 | digest[1], digest[2:]


def _find(bucket: bytearray, stored: bytes) -> int:
    at = bucket.find(stored)
    while at >= 0 and at % _STORED_BYTES:  # it straddles two neighbours
        at = bucket.find(stored, at + 1)
    return at

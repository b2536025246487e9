"""A bucket in memory: behaves as `clients.s3.Documents` does, which `test_claims_store_contract.py` proves."""

import hashlib
from collections.abc import Callable

from clients.s3 import Put


class MemoryBucket:
    """Objects in a dict. `on_put` sees every write before it takes effect."""

    def __init__(self, on_put: Callable[[str, bytes], None] = lambda key, body: None) -> None:
        self.objects: dict[str, bytes] = {}
        self._on_put = on_put

    async def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    async def get_with_etag(self, key: str) -> tuple[bytes, str] | None:
        body = self.objects.get(key)
        return None if body is None else (body, _etag(body))

    async def exists(self, key: str) -> bool:
        return key in self.objects

    async def put(self, key: str, body: bytes, content_type: str = "application/json") -> None:
        self._write(key, body)

    async def put_if(self, key: str, body: bytes, *, matches: str) -> Put:
        there = self.objects.get(key)
        if matches == "nothing":
            if there is not None:
                return Put.TAKEN
        elif there is None or _etag(there) != matches:
            return Put.TAKEN
        self._write(key, body)
        return Put.WRITTEN

    async def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    async def folders(self, prefix: str) -> list[str]:
        below = (key.removeprefix(prefix) for key in self.objects if key.startswith(prefix))
        return sorted({name.split("/", 1)[0] for name in below if "/" in name})

    def _write(self, key: str, body: bytes) -> None:
        self._on_put(key, body)
        self.objects[key] = body


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'

"""A bucket in memory that speaks the part of S3 that reading uses, and can be told to fail."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

import aiohttp
from botocore.exceptions import ClientError


def refusal(status: int, code: str) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": ""}, "ResponseMetadata": metadata}, "Get")


class _Stream:
    def __init__(self, data: bytes, breaks_after: int | None, block: int) -> None:
        self._data, self._breaks_after, self._block, self._at = data, breaks_after, block, 0

    async def read(self, amount: int) -> bytes:
        if self._breaks_after is not None and self._at >= self._breaks_after:
            raise aiohttp.ClientPayloadError("broken")
        part = self._data[self._at : self._at + min(amount, self._block)]
        self._at += len(part)
        return part

    def close(self) -> None: ...

    def release(self) -> None: ...


class BreakingBucket:
    """Every GET gives at most `breaks_after` bytes and then breaks, or ends early where that is negative."""

    def __init__(self, data: bytes, *, breaks_after: int | None = None, block: int = 100) -> None:
        self.data = data
        self.breaks_after = breaks_after
        self.block = block
        self.gets: list[dict[str, Any]] = []
        self.before_get: Callable[[int], None] = lambda number: None
        self.modified_seconds = 7

    @property
    def etag(self) -> str:
        return md5(self.data, usedforsecurity=False).hexdigest()

    async def head_object(self, **_: Any) -> dict[str, Any]:
        modified = datetime.fromtimestamp(self.modified_seconds, UTC)
        return {"ETag": f'"{self.etag}"', "LastModified": modified, "ContentLength": len(self.data)}

    async def get_object(self, **arguments: Any) -> dict[str, Any]:
        self.gets.append(arguments)
        self.before_get(len(self.gets))
        if arguments["IfMatch"] != f'"{self.etag}"':
            raise refusal(412, "PreconditionFailed")
        start = int(arguments.get("Range", "bytes=0-")[6:-1])
        rest = self.data[start:]
        breaks, shown = self.breaks_after, rest
        if breaks is not None and breaks < 0:
            shown, breaks = rest[:-breaks], None
        stream = _Stream(shown, breaks, self.block)
        return {"ETag": f'"{self.etag}"', "ContentLength": len(rest), "Body": stream}

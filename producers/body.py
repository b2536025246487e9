"""The stored bytes of one object version, whatever connections break meanwhile."""

from typing import Any

from clients.errors import RetryLater
from clients.s3 import S3Client
from clients.waiting import until_answered
from producers.states import ObjectVersion
from producers.versions import S3_FAULTS, Overwritten, etag_of, fault_of

# Big blocks: a read costs some 40 µs of Python whatever its size
BLOCK_BYTES = 512 << 10


class Body:
    """Reads from `start` to the version's end. Every GET names the version.

    A connection that breaks or ends early is opened again at the byte where it broke, never taken for an
    end; while S3 is away it waits and says so. Raises Gone, Overwritten, Denied, Archived.
    """

    def __init__(self, client: S3Client, version: ObjectVersion, start: int) -> None:
        self._client = client
        self._version = version
        self._at = start
        self._stream: Any = None

    async def read(self) -> bytes:
        """The next BLOCK_BYTES or so; fewer only at the end, nothing behind it."""
        parts: list[bytes] = []
        size = 0
        while size < BLOCK_BYTES and self._at < self._version.size_bytes:
            part = await until_answered("s3", self._some)
            parts.append(part)
            size += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _some(self, end: int | None = None) -> bytes:
        end = self._version.size_bytes if end is None else end
        try:
            if self._stream is None:
                self._stream = await self._get(end)
            part = await _read(self._stream)
        except S3_FAULTS as error:
            self.close()
            raise fault_of(error) from error
        except BaseException:
            self.close()
            raise
        if not part:
            self.close()
            raise RetryLater(f"S3 ended {self._version.place} early")
        self._at += len(part)
        if self._at >= end:
            self._stream.release()
            self._stream = None
        return part

    async def _get(self, end: int) -> Any:
        v = self._version
        arguments: dict[str, Any] = {"Bucket": v.bucket, "Key": v.key, "IfMatch": f'"{v.etag}"'}
        if v.version_id:
            arguments["VersionId"] = v.version_id
        if self._at or end < v.size_bytes:
            arguments["Range"] = f"bytes={self._at}-{end - 1 if end < v.size_bytes else ''}"
        response = await self._client.get_object(**arguments)
        stream = response["Body"]
        # a store that ignores If-Match or Range must not pass for one that honours them
        if etag_of(response["ETag"]) != v.etag or response["ContentLength"] != end - self._at:
            stream.close()
            raise Overwritten("etag")
        return stream

    async def range(self, start: int, size: int) -> bytes:
        """These stored bytes, all of them: `size` must lie within the version."""
        self.close()
        self._at = start
        parts: list[bytes] = []
        got = 0
        while got < size:
            part = await until_answered("s3", lambda: self._some(end=start + size))
            parts.append(part)
            got += len(part)
        self.close()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Drop the connection; what was not read is read again by whoever goes on."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


async def _read(stream: Any) -> bytes:
    try:
        part: bytes = await stream.read(BLOCK_BYTES)
    except RuntimeError as error:
        # aiohttp's word for a read on a connection that was lost meanwhile
        raise ConnectionResetError("closed") from error
    return part

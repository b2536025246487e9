"""A stored object as a file that can be sought, for libraries that read here and there: range requests."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future

# What is read ahead of a library's small reads: a request costs some 10 ms whatever its size.
WINDOW_BYTES = 1 << 20


class RangeFile(io.RawIOBase):
    """Reads by `fetch(start, size)` in the loop of its maker. Use it in one other thread only; it blocks.

    A read gives all it is asked for, less only at the end. Whatever `fetch` raises comes out of `read`.
    A small read fetches a window, at the end of the object its last one: a table of contents there, or the
    whole of a small object, costs one request. A large read fetches just itself. One window is kept.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, size_bytes: int, fetch: Callable[[int, int], Awaitable[bytes]]
    ) -> None:
        self._loop = loop
        self._size = size_bytes
        self._fetch = fetch
        self._at = 0
        self._window = b""
        self._window_at = 0
        self._pending: Future[bytes] | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """Let the read that is waiting, and every one from now on, raise OSError. Call it in any thread."""
        self._is_stopped = True
        pending = self._pending
        if pending is not None:
            # else a loop that ends would leave the thread waiting for it, and the process waiting for the thread
            pending.cancel()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if at < 0:
            raise OSError("a seek before the start")
        self._at = at
        return at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        parts: list[bytes] = []
        while wanted:
            part = self._some(wanted)
            parts.append(part)
            self._at += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, into: "memoryview | bytearray") -> int:  # type: ignore[override]
        part = self.read(len(into))
        into[: len(part)] = part
        return len(part)

    def _some(self, wanted: int) -> bytes:
        """At least a byte of those that stand here, from the window as long as it reaches."""
        place = self._at - self._window_at
        if not 0 <= place < len(self._window):
            if wanted > WINDOW_BYTES:
                return self._get(self._at, wanted)
            start = max(0, min(self._at, self._size - WINDOW_BYTES))
            self._window = self._get(start, min(WINDOW_BYTES, self._size - start))
            self._window_at, place = start, self._at - start
        elif self._is_stopped:
            raise OSError("reading was stopped")
        return self._window[place : place + wanted]

    def _get(self, start: int, size: int) -> bytes:
        if self._is_stopped:
            raise OSError("reading was stopped")
        self._pending = asyncio.run_coroutine_threadsafe(self._fetched(start, size), self._loop)
        if self._is_stopped:
            self._pending.cancel()  # it was stopped just now, before there was anything to cancel
        try:
            found = self._pending.result()
        except CancelledError:
            raise OSError("reading was stopped") from None
        finally:
            self._pending = None
        if len(found) != size:
            raise OSError("a range came short")  # never taken for the object's end
        return found

    async def _fetched(self, start: int, size: int) -> bytes:
        return await self._fetch(start, size)

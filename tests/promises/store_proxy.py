"""An S3 proxy that tells what kind of object is being written, so that a process can be stopped just there."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

_PIECE_BYTES = 64 << 10


@dataclass(eq=False)
class StoreProxy:
    """Passes HTTP on; before the first bytes of a `PUT` whose line holds `needle` pass, `caught` is called.

    While `caught` returns True those bytes are never passed on: the writer died before its request left.
    """

    target_port: int
    needle: bytes
    caught: Callable[[], bool]
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            ahead, behind = await asyncio.open_connection("127.0.0.1", self.target_port)
            try:
                async with asyncio.TaskGroup() as pumps:
                    pumps.create_task(self._pump(reader, behind, watched=True))
                    pumps.create_task(self._pump(ahead, writer, watched=False))
            finally:
                behind.close()
        except* OSError:
            writer.transport.abort()  # the process was killed: that is what this proxy is for
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watched: bool
    ) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            if (
                watched
                and piece.startswith(b"PUT ")
                and self.needle in piece.split(b"\r\n", 1)[0]
                and self.caught()
            ):
                raise ConnectionAbortedError
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

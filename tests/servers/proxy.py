"""A TCP proxy on 127.0.0.1 that puts faults between a client and a server."""

import asyncio
import socket
import struct
from dataclasses import dataclass, field
from typing import Self

_PIECE_BYTES = 64 << 10


@dataclass(eq=False, slots=True)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter

    def reset(self) -> None:
        """Ends both sides by RST, as a crashed peer or a firewall does."""
        for side in (self.client, self.server):
            raw: socket.socket | None = side.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.transport.abort()


@dataclass(eq=False)
class FaultProxy:
    """Passes bytes both ways until told otherwise. Lives in the test's event loop: don't block that."""

    target_port: int
    port: int = 0
    latency_seconds: float = 0.0  # each piece of up to 64 KiB waits so long, in each direction
    accepted: int = 0  # connections so far
    bytes_to_client: int = 0
    bytes_to_server: int = 0
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _listener: asyncio.Server | None = None
    _open: set[_Connection] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _cut_in: int | None = None

    @classmethod
    async def start(cls, target_port: int, port: int = 0) -> Self:
        """Listens on `port` (0: any free one) for connections to `target_port`, which need not be open yet."""
        proxy = cls(target_port, port)
        proxy._flowing.set()
        await proxy.accept()
        return proxy

    def freeze(self) -> None:
        """No byte passes any more, open connections stay open, new ones are accepted and then silent."""
        self._flowing.clear()

    def thaw(self) -> None:
        """What was held back passes on, in order."""
        self._flowing.set()

    def reset(self) -> None:
        """Every open connection ends by RST; new ones are served."""
        for connection in list(self._open):
            connection.reset()

    def cut_after(self, bytes_to_client: int) -> None:
        """The connection that carries the n-th byte to a client from now on ends right behind that byte."""
        self._cut_in = bytes_to_client

    async def refuse(self) -> None:
        """New connections are refused, as if nobody listened; open ones live on (see `reset`)."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            await asyncio.sleep(0)  # the listening socket is closed by the loop, not by the call

    async def accept(self) -> None:
        """Undoes `refuse`, on the same port."""
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        await self.refuse()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        try:
            await self._carry(reader, writer)
        except OSError:
            writer.transport.abort()  # nobody listens behind us, or a side went away: the other one notices
        finally:
            self._tasks.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        connection = _Connection(writer, server_writer)
        self._open.add(connection)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._to_server(reader, server_writer))
                pumps.create_task(self._to_client(server_reader, writer, connection))
        except* OSError:
            connection.reset()  # one side broke: the other must not wait for it
        finally:
            self._open.discard(connection)
            writer.close()
            server_writer.close()

    async def _to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            await self._delay()
            self.bytes_to_server += len(piece)
            writer.write(piece)
            await writer.drain()
        await self._end(writer)

    async def _to_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            await self._delay()
            left = self._cut_in
            if left is not None and len(piece) >= left:
                self._cut_in = None
                await self._cut(connection, piece[:left])
                return
            if left is not None:
                self._cut_in = left - len(piece)
            self.bytes_to_client += len(piece)
            writer.write(piece)
            await writer.drain()
        await self._end(writer)

    async def _cut(self, connection: _Connection, piece: bytes) -> None:
        self.bytes_to_client += len(piece)
        connection.client.write(piece)
        connection.client.close()  # by FIN: an RST can overtake bytes that the client has not read yet
        await connection.client.wait_closed()
        connection.server.transport.abort()

    async def _delay(self) -> None:
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
        await self._flowing.wait()

    @staticmethod
    async def _end(writer: asyncio.StreamWriter) -> None:
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()
            await writer.drain()

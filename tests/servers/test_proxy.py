import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.servers.proxy import FaultProxy

MakeProxy = Callable[..., Awaitable[FaultProxy]]


@pytest.fixture
async def echo_port() -> AsyncIterator[int]:
    """A server that sends back what it gets."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(1 << 16):
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass  # the fault under test
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def connect(proxy: FaultProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def test_bytes_pass_both_ways_whole_and_are_counted(proxy: MakeProxy, echo_port: int) -> None:
    through = await proxy(echo_port)
    reader, writer = await connect(through)
    sent = bytes(range(256)) * 4000
    writer.write(sent)
    writer.write_eof()
    assert await reader.read(-1) == sent
    assert (through.bytes_to_server, through.bytes_to_client, through.accepted) == (len(sent), len(sent), 1)


async def test_latency_delays_each_way(proxy: MakeProxy, echo_port: int) -> None:
    through = await proxy(echo_port)
    through.latency_seconds = 0.1
    reader, writer = await connect(through)
    began = asyncio.get_running_loop().time()
    writer.write(b"x")
    assert await reader.readexactly(1) == b"x"
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_a_frozen_proxy_is_silent_and_a_thawed_one_passes_on_what_it_held(
    proxy: MakeProxy, echo_port: int
) -> None:
    through = await proxy(echo_port)
    reader, writer = await connect(through)
    through.freeze()
    writer.write(b"held")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.2)
    newcomer, _ = await connect(through)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(newcomer.read(1), 0.2)
    through.thaw()
    assert await reader.readexactly(4) == b"held"


async def test_reset_ends_open_connections_and_serves_new_ones(proxy: MakeProxy, echo_port: int) -> None:
    through = await proxy(echo_port)
    reader, writer = await connect(through)
    writer.write(b"x")
    await reader.readexactly(1)
    through.reset()
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    reader, writer = await connect(through)
    writer.write(b"y")
    assert await reader.readexactly(1) == b"y"


async def test_an_answer_is_cut_behind_the_given_byte_and_the_next_one_is_whole(
    proxy: MakeProxy, echo_port: int
) -> None:
    through = await proxy(echo_port)
    through.cut_after(1000)
    reader, writer = await connect(through)
    writer.write(b"a" * 5000)
    assert await reader.read(-1) == b"a" * 1000
    reader, writer = await connect(through)
    writer.write(b"b" * 5000)
    assert await reader.readexactly(5000) == b"b" * 5000


async def test_refused_connections_leave_open_ones_alone_until_accept_on_the_same_port(
    proxy: MakeProxy, echo_port: int
) -> None:
    through = await proxy(echo_port)
    port = through.port
    reader, writer = await connect(through)
    writer.write(b"1")
    await reader.readexactly(1)
    await through.refuse()
    with pytest.raises(ConnectionRefusedError):
        await connect(through)
    writer.write(b"2")
    assert await reader.readexactly(1) == b"2"
    await through.accept()
    assert through.port == port
    reader, writer = await connect(through)
    writer.write(b"3")
    assert await reader.readexactly(1) == b"3"


async def test_a_server_that_is_not_there_ends_the_clients_connection(
    proxy: MakeProxy, echo_port: int
) -> None:
    through = await proxy(echo_port)
    through.target_port = 1
    reader, _writer = await connect(through)
    try:
        assert await asyncio.wait_for(reader.read(1), 10) == b""
    except ConnectionError:
        return  # ended by RST rather than FIN: the kernel's choice

"""A range file reads as a plain file would, in few requests, and a reader never waits for a loop that left it."""

import asyncio
import io
import random
import zipfile
from collections.abc import Awaitable, Callable

import pytest

from producers.range_file import WINDOW_BYTES, RangeFile

DATA = random.Random(5).randbytes(3 * WINDOW_BYTES + 777)


class Stored:
    """An object whose range requests are noted; it can fail, or hold an answer back."""

    def __init__(self, data: bytes = DATA) -> None:
        self.data = data
        self.requests: list[tuple[int, int]] = []
        self.failure: Exception | None = None
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_cancelled = asyncio.Event()

    async def fetch(self, start: int, size: int) -> bytes:
        self.requests.append((start, size))
        self.asked.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise
        if self.failure is not None:
            raise self.failure
        assert 0 <= start < start + size <= len(self.data), "a request outside of the object"
        return self.data[start : start + size]

    def file(self) -> RangeFile:
        return RangeFile(asyncio.get_running_loop(), len(self.data), self.fetch)


class Denied(Exception):
    """What a store may raise."""


async def test_any_order_of_seeks_and_reads_gives_what_a_plain_file_gives() -> None:
    stored = Stored()
    file = stored.file()
    plain = io.BytesIO(DATA)
    chance = random.Random(11)

    def compare() -> None:
        for _ in range(300):
            whence = chance.choice([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])
            offset = chance.randint(-len(DATA), len(DATA) + 99)
            if (0, plain.tell(), len(DATA))[whence] + offset >= 0:
                assert file.seek(offset, whence) == plain.seek(offset, whence)
            size = chance.choice([0, 1, 30, 5000, WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, -1])
            assert file.read(size) == plain.read(size)
            assert file.tell() == plain.tell()

    await asyncio.to_thread(compare)


async def test_neighbouring_small_reads_share_a_window() -> None:
    stored = Stored()
    file = stored.file()
    parts = await asyncio.to_thread(lambda: [file.read(1000) for _ in range(1048)])
    assert b"".join(parts) == DATA[: 1048 * 1000]
    assert stored.requests == [(0, WINDOW_BYTES)]


async def test_a_large_read_is_one_request_of_its_own_size_and_leaves_the_window() -> None:
    stored = Stored()
    file = stored.file()

    def read() -> None:
        assert file.read(10) == DATA[:10]
        file.seek(WINDOW_BYTES + 5)
        assert file.read(WINDOW_BYTES + 9) == DATA[WINDOW_BYTES + 5 : 2 * WINDOW_BYTES + 14]
        file.seek(20)
        assert file.read(10) == DATA[20:30]

    await asyncio.to_thread(read)
    assert stored.requests == [(0, WINDOW_BYTES), (WINDOW_BYTES + 5, WINDOW_BYTES + 9)]


async def test_the_end_of_an_object_costs_one_request() -> None:
    stored = Stored()
    file = stored.file()

    def read() -> None:
        for back in (22, 100, 65_557, WINDOW_BYTES):
            file.seek(-back, io.SEEK_END)
            assert file.read(back) == DATA[-back:]

    await asyncio.to_thread(read)
    assert stored.requests == [(len(DATA) - WINDOW_BYTES, WINDOW_BYTES)]


async def test_a_small_zip_costs_one_request() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for number in range(9):
            written.writestr(f"{number}.txt", b"a line about the sea\n" * 50)
    stored = Stored(archive.getvalue())
    file = stored.file()

    def read() -> None:
        with zipfile.ZipFile(io.BufferedReader(file)) as opened:
            assert all(opened.read(name) == b"a line about the sea\n" * 50 for name in opened.namelist())

    await asyncio.to_thread(read)
    assert stored.requests == [(0, len(stored.data))]


async def test_reads_at_and_beyond_the_end_give_nothing_and_ask_nothing() -> None:
    stored = Stored()
    file = stored.file()

    def read() -> None:
        file.seek(0, io.SEEK_END)
        assert file.read(10) == b""
        file.seek(10, io.SEEK_END)
        assert file.read() == b""
        assert file.readinto(bytearray(5)) == 0
        with pytest.raises(OSError, match="before the start"):
            file.seek(-1)

    await asyncio.to_thread(read)
    assert stored.requests == []


async def test_an_empty_object_is_an_empty_file() -> None:
    file = Stored(b"").file()
    assert await asyncio.to_thread(file.read) == b""


async def test_what_the_store_raises_reaches_the_reader_and_the_next_read_asks_again() -> None:
    stored = Stored()
    file = stored.file()
    stored.failure = Denied("no")
    with pytest.raises(Denied):
        await asyncio.to_thread(file.read, 5)
    stored.failure = None
    assert await asyncio.to_thread(file.read, 5) == DATA[:5]


@pytest.mark.parametrize("answer", [b"", b"abc"])
async def test_a_short_answer_is_an_error_and_never_the_end(answer: bytes) -> None:
    async def short(start: int, size: int) -> bytes:
        return answer

    file = RangeFile(asyncio.get_running_loop(), 100, short)
    with pytest.raises(OSError, match="short"):
        await asyncio.to_thread(file.read, 50)


async def test_after_a_stop_no_read_succeeds_not_even_from_the_window() -> None:
    stored = Stored()
    file = stored.file()
    assert await asyncio.to_thread(file.read, 5) == DATA[:5]
    file.stop()
    with pytest.raises(OSError, match="stopped"):
        await asyncio.to_thread(file.read, 5)
    assert len(stored.requests) == 1


async def test_a_stop_ends_the_read_that_is_waiting_and_its_request() -> None:
    stored = Stored()
    stored.may_answer.clear()
    file = stored.file()
    reading = asyncio.create_task(asyncio.to_thread(file.read, 5))
    await stored.asked.wait()
    file.stop()
    with pytest.raises(OSError, match="stopped"):
        await reading
    await stored.was_cancelled.wait()


def test_a_loop_that_ends_leaves_no_reader_waiting() -> None:
    outcome: list[str] = []

    async def leave() -> None:
        stored = Stored()
        stored.may_answer.clear()
        file = stored.file()

        def read() -> None:
            try:
                file.read(5)
            except OSError as error:
                outcome.append(str(error))

        # not awaited: the loop ends while the thread waits for an answer, and joins the thread as it closes
        asyncio.get_running_loop().run_in_executor(None, read)
        await stored.asked.wait()

    asyncio.run(leave())
    assert outcome == ["reading was stopped"]


async def test_an_awaitable_that_is_no_coroutine_will_do() -> None:
    loop = asyncio.get_running_loop()

    def answered(start: int, size: int) -> Awaitable[bytes]:
        answer: asyncio.Future[bytes] = loop.create_future()
        answer.set_result(b"x" * size)
        return answer

    fetch: Callable[[int, int], Awaitable[bytes]] = answered
    assert await asyncio.to_thread(RangeFile(loop, 7, fetch).read) == b"x" * 7

"""A fetcher killed again and again in the middle of every container: each record is in `raw` once, in order."""

import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import orjson
import pytest

from console.bench.containers import KINDS, LIMITS
from console.local.stack import Stack
from producers.containers.order import CONTAINERS
from producers.offline import pieces_of
from producers.states import State
from tests.promises.fetch_world import CANARY, World, lines, until
from tests.servers.proxy import FaultProxy

pytestmark = [pytest.mark.servers, pytest.mark.promise]

KILLS = 5
_RECORDS = 900


def _chats(count: int) -> list[bytes]:
    said = orjson.loads(lines(1)[0])["text"]
    return [
        orjson.dumps(
            {"messages": [{"role": "user", "content": f"{n} {said}"}, {"role": "assistant", "content": said}]}
        )
        for n in range(count)
    ]


def _objects() -> dict[str, bytes]:
    """One object of every kind that the bench writes, and those that it does not: UTF-16, gathered rows, a nest."""
    chats = _chats(_RECORDS)
    found = {kind.name.replace(", ", "-"): kind.write(chats) for kind in KINDS}
    found["utf-16"] = (b"\n".join(chats) + b"\n").decode().encode("utf-16")
    rows = [
        orjson.dumps(
            {"transcript_id": n // 6, "speaker": ("client", "therapist")[n % 2], "text": f"{CANARY} {n}" * 20}
        )
        for n in range(3 * _RECORDS)
    ]
    found["rows"] = b"\n".join(rows)
    nest = io.BytesIO()
    with zipfile.ZipFile(nest, "w") as archive:
        for name in ("zip", "tar-gzip", "parquet", "json_array"):
            archive.writestr(name, found[name])
    found["nest"] = nest.getvalue()
    return found


def _expected(body: bytes) -> list[tuple[int, bytes]]:
    """Number and line of every record, as one undisturbed reading gives them."""
    found: list[tuple[int, bytes]] = []
    for piece in pieces_of(io.BytesIO(body), LIMITS):
        numbers = [number for first, count in piece.runs for number in range(first, first + count)]
        assert not piece.stubs
        found += zip(numbers, piece.value.split(b"\n") if piece.count else [], strict=True)
    return found


@pytest.fixture
async def world(
    stack: Stack, proxy: Callable[..., Awaitable[FaultProxy]], tmp_path: Path
) -> AsyncIterator[World]:
    # S3 through a slow line, so that there is a middle to be hit in
    slow = await proxy(stack.ports.s3)
    slow.latency_seconds = 0.01
    made = World(stack, tmp_path, s3_endpoint=f"http://127.0.0.1:{slow.port}", open_objects=3)
    await made.prepare()
    yield made
    made.end()


async def test_every_container_is_read_on_where_a_killed_fetcher_stopped(world: World) -> None:
    objects = _objects()
    assert {row.name for row in CONTAINERS} - {"transcript"} <= {
        word for name in objects for word in name.split("-")
    }
    for key, body in objects.items():
        await world.put(key, body)
    in_the_middle = set()
    for _ in range(KILLS):
        before = await world.raw_messages()
        process = world.start("follow")

        async def has_gone_on(before: int = before) -> bool:
            return await world.raw_messages() > before + 40

        await until(has_gone_on, 120)
        process.kill()
        process.wait()
        for key, entries in (await world.ledger()).items():
            in_the_middle |= {key for entry in entries if entry.state is State.READING and entry.records}
    assert len(in_the_middle) > len(objects) / 2, "too few were hit in the middle"
    await world.finish()
    found = await world.raw_by_number()
    for key, body in objects.items():
        assert found[key] == _expected(body), f"{key} is not what one reading gives"
    ledger = await world.ledger()
    assert {key: [(e.state, e.records) for e in entries] for key, entries in ledger.items()} == {
        key: [(State.COMPLETE, len(_expected(body)))] for key, body in objects.items()
    }
    assert CANARY not in world.logs()

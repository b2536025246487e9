"""One object is read to its end whatever the connections do, and what replaces it is found."""

import asyncio
import gzip
from dataclasses import replace
from typing import Any

import pytest

from clients import waiting
from producers.ledger import Entry
from producers.pieces import Piece
from producers.reading import Reading
from producers.states import ObjectReason, Position, State
from producers.versions import settle
from tests.producers.bucket import BreakingBucket, refusal
from tests.producers.cutting import SMALL, cut, ending, records

LINES = b"".join(b'{"n":%d}\n' % number for number in range(200))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_PAUSE_SECONDS", 0)


async def _open() -> None: ...


async def _read(bucket: Any, position: Position | None = None, ahead_bytes: int = 1 << 20) -> list[Piece]:
    version = await settle(bucket, "drops", "k")
    entry = Entry(version, position=position)
    wake = asyncio.Event()
    reading = Reading(bucket, entry, SMALL, gate=_open, ahead_bytes=lambda: ahead_bytes, wake=wake.set)
    pieces: list[Piece] = []
    while not pieces or pieces[-1].ending is None:
        if not reading.pieces:
            wake.clear()
            await wake.wait()
            if reading.task.done():
                reading.task.result()
            continue
        pieces.append(reading.pop())
    await reading.task
    return pieces


@pytest.mark.parametrize("breaks_after", [None, 1, 300, -1, -500])
@pytest.mark.parametrize("is_packed", [False, True])
async def test_a_broken_connection_is_resumed_at_the_byte_and_never_an_end(
    breaks_after: int | None, is_packed: bool
) -> None:
    data = gzip.compress(LINES) if is_packed else LINES
    pieces = await _read(BreakingBucket(data, breaks_after=breaks_after))
    assert ending(pieces).state is State.COMPLETE
    assert records(pieces) == records(cut(LINES))


async def test_every_get_names_the_version_and_a_plain_object_is_read_on_by_range() -> None:
    done = cut(LINES)[10]
    bucket = BreakingBucket(LINES)
    pieces = await _read(bucket, done.after)
    assert done.after is not None
    assert [get["Range"] for get in bucket.gets] == [f"bytes={done.after.byte}-"]
    assert all(get["IfMatch"] == f'"{bucket.etag}"' for get in bucket.gets)
    assert records(cut(LINES)[:11]) + records(pieces) == records(cut(LINES))


async def test_a_gzip_is_read_on_without_sending_what_was_sent() -> None:
    data = gzip.compress(LINES)
    done = cut(data)[10]
    pieces = await _read(BreakingBucket(data), done.after)
    assert records(cut(data)[:11]) + records(pieces) == records(cut(data))


async def test_an_object_overwritten_while_it_is_read_is_superseded_and_names_its_successor() -> None:
    bucket = BreakingBucket(LINES, breaks_after=300)

    def overwrite(number: int) -> None:
        if number == 2:
            bucket.data = b'{"new":1}\n'

    bucket.before_get = overwrite
    pieces = await _read(bucket)
    found = ending(pieces)
    assert found.state is State.SUPERSEDED
    assert found.successor is not None
    assert found.successor.etag == bucket.etag
    assert records(pieces) == records(cut(LINES))[: len(records(pieces))]


async def test_a_store_that_ignores_if_match_is_found_out() -> None:
    class CarelessBucket(BreakingBucket):
        async def get_object(self, **arguments: Any) -> dict[str, Any]:
            return await super().get_object(**{**arguments, "IfMatch": f'"{self.etag}"'})

    bucket = CarelessBucket(LINES, breaks_after=300)

    def overwrite(number: int) -> None:
        if number == 2:
            bucket.data = LINES.replace(b"n", b"m")

    bucket.before_get = overwrite
    pieces = await _read(bucket)
    assert ending(pieces).state is State.SUPERSEDED
    assert all(b"m" not in line for _, line in records(pieces) if isinstance(line, bytes))


@pytest.mark.parametrize(
    ("status", "code", "state", "reason"),
    [
        (403, "AccessDenied", State.FOUND, ObjectReason.DENIED),
        (403, "InvalidObjectState", State.REFUSED, ObjectReason.ARCHIVED),
        (404, "NoSuchKey", State.GONE, ObjectReason.NONE),
    ],
)
async def test_what_the_store_says_becomes_the_state(
    status: int, code: str, state: State, reason: ObjectReason
) -> None:
    class RefusingBucket(BreakingBucket):
        heads = 0

        async def get_object(self, **arguments: Any) -> dict[str, Any]:
            raise refusal(status, code)

        async def head_object(self, **arguments: Any) -> dict[str, Any]:
            self.heads += 1
            if status == 404 and self.heads > 1:
                raise refusal(404, "404")
            return await super().head_object(**arguments)

    found = ending(await _read(RefusingBucket(LINES)))
    assert (found.state, found.reason) == (state, reason)


async def test_an_object_that_is_shown_but_not_served_is_no_end() -> None:
    class FlappingBucket(BreakingBucket):
        async def get_object(self, **arguments: Any) -> dict[str, Any]:
            raise refusal(404, "NoSuchKey")

    found = ending(await _read(FlappingBucket(LINES)))
    assert (found.state, found.reason) == (State.FOUND, ObjectReason.DENIED)


async def test_the_same_bytes_at_another_time_are_another_version() -> None:
    bucket = BreakingBucket(LINES)
    first = await settle(bucket, "drops", "k")  # type: ignore[arg-type]
    bucket.modified_seconds += 1
    second = await settle(bucket, "drops", "k")  # type: ignore[arg-type]
    assert first.version != second.version
    assert replace(first, version=second.version, modified_seconds=8) == second


async def test_a_fault_of_the_reader_costs_one_object_and_says_where(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("zanzibar-canary-7f3")

    monkeypatch.setattr("producers.containers.jsonl._JsonLines.feed", fail)
    found = ending(await _read(BreakingBucket(LINES, block=70_000)))
    assert (found.state, found.reason) == (State.DAMAGED, ObjectReason.READER_ERROR)
    assert "zanzibar-canary-7f3" not in caplog.text

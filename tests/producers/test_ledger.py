"""The ledger's rows and one lane's view of them."""

from dataclasses import replace

import pytest

from clients.errors import Fatal
from producers.ledger import Entry, LaneLedger, lane_of, read_entry
from producers.pieces import Piece
from producers.states import Ending, ObjectReason, ObjectVersion, Position, State

VERSION = ObjectVersion("drops", "a b+%/é.jsonl", "etag@7", "", "etag", 7, 99)
POSITION = Position("gzip", "csv", 40, 3, {"header": ["q", "a"], "delimiter": ";"})


def _piece(count: int, ending: Ending | None = None, at: Position | None = POSITION) -> Piece:
    return Piece(runs=((0, count),) if count else (), after=at, ending=ending)


@pytest.mark.parametrize(
    "entry",
    [
        Entry(VERSION),
        Entry(VERSION, State.READING, records=3, chunks=1, position=POSITION),
        Entry(VERSION, State.DAMAGED, ObjectReason.CORRUPT, 3, 1, POSITION, damaged_at=41),
        Entry(replace(VERSION, version="", etag="x"), reason=ObjectReason.DENIED, detail="AccessDenied"),
    ],
)
def test_a_row_comes_back_as_it_was_written(entry: Entry) -> None:
    assert read_entry(entry.ledger_key, entry.value()) == entry


@pytest.mark.parametrize("value", [b"", b"{}", b"[1]", b'{"state":"melted"}'])
def test_a_row_that_another_forebay_wrote_is_fatal_and_not_skipped(value: bytes) -> None:
    with pytest.raises(Fatal):
        read_entry(Entry(VERSION).ledger_key, value)


def test_all_versions_of_a_key_share_a_lane_and_keys_spread_over_all() -> None:
    lanes = [lane_of("drops", f"key-{number}", 4) for number in range(200)]
    assert lanes == [lane_of("drops", f"key-{number}", 4) for number in range(200)]
    assert set(lanes) == {0, 1, 2, 3}


def test_progress_adds_up_and_ends_with_the_last_piece() -> None:
    entry = Entry(VERSION).after(_piece(5))
    assert (entry.state, entry.records, entry.chunks, entry.position) == (State.READING, 5, 1, POSITION)
    entry = entry.after(_piece(0, Ending(State.DAMAGED, ObjectReason.TRUNCATED, 77), None))
    assert (entry.state, entry.records, entry.chunks, entry.position) == (State.DAMAGED, 5, 1, POSITION)
    assert entry.damaged_at == 77


def test_a_finished_version_is_known_and_no_longer_held() -> None:
    ledger = LaneLedger()
    entry = Entry(VERSION)
    ledger.put(entry)
    assert not ledger.is_finished(entry.ledger_key)
    ledger.put(replace(entry, state=State.COMPLETE))
    assert ledger.is_finished(entry.ledger_key)
    assert not ledger.unfinished


def test_a_version_that_was_gone_goes_on_where_it_stopped_when_it_comes_back() -> None:
    ledger = LaneLedger()
    ledger.put(Entry(VERSION, State.GONE, records=3, chunks=1, position=POSITION))
    assert not ledger.is_finished(Entry(VERSION).ledger_key)
    again = ledger.opened(VERSION)
    assert (again.state, again.records, again.position) == (State.FOUND, 3, POSITION)


def test_a_withdrawn_row_is_forgotten() -> None:
    ledger = LaneLedger()
    entry = Entry(VERSION, reason=ObjectReason.DENIED)
    ledger.apply(entry.ledger_key, entry.value())
    assert ledger.denied("drops", VERSION.key) == [entry]
    ledger.apply(entry.ledger_key, None)
    assert not ledger.unfinished
    assert ledger.denied("drops", VERSION.key) == []

"""A sweep tells the lanes once of each finished version that it was not shown, and reads the ledger only then."""

from producers.absent import Absent
from producers.known import Known, listing_of
from producers.ledger import Entry
from producers.states import ObjectVersion, State
from streams.catalogue_file import parse_catalogue
from streams.settings import Settings

CATALOGUE = parse_catalogue(b"", ("s3://b/drops/",))


class _Ledger(Absent):
    """Its ledger is a list, and it counts how often it was read."""

    def __init__(self, known: Known, rows: list[Entry]) -> None:
        super().__init__(Settings.model_validate({}), CATALOGUE, known)
        self.rows, self.reads = rows, 0

    async def _missing(self) -> dict[bytes, Entry]:
        self.reads += 1
        found: dict[bytes, Entry] = {}
        for entry in self.rows:
            self._take(found, entry.ledger_key, entry.value())
        return found


def _entry(key: str, state: State = State.COMPLETE) -> Entry:
    return Entry(ObjectVersion("b", key, f"{key}@1", "", key, 1, 5), state, records=1)


def _known(*entries: Entry) -> Known:
    known = Known(Settings.model_validate({}))
    for entry in entries:
        known._apply(entry.ledger_key, entry.value())
    return known


async def test_while_all_is_shown_the_ledger_is_not_read() -> None:
    rows = [_entry("drops/a"), _entry("drops/b")]
    absent = _Ledger(_known(*rows), rows)
    for entry in rows:
        absent.show(listing_of(entry.version))
    assert await absent.found() == []
    assert absent.reads == 0


async def test_what_is_not_shown_is_told_once_with_its_row() -> None:
    rows = [_entry("drops/a"), _entry("drops/b")]
    known = _known(*rows)
    absent = _Ledger(known, rows)
    absent.show(listing_of(rows[0].version))
    (news,) = await absent.found()
    assert (news.bucket, news.key, news.absent) == ("b", "drops/b", rows[1].value())
    absent.begin()
    absent.show(listing_of(rows[0].version))
    assert await absent.found() == []
    assert absent.reads == 1
    # its lane has said that it is gone: the next one that goes is seen
    gone = _entry("drops/b", State.GONE)
    known._apply(gone.ledger_key, gone.value())
    absent.rows.append(gone)
    absent.begin()
    assert [one.key for one in await absent.found()] == ["drops/a"]


async def test_a_source_that_is_no_longer_read_costs_one_look_and_tells_nothing() -> None:
    rows = [_entry("elsewhere/a"), _entry("drops/b")]
    absent = _Ledger(_known(*rows), rows)
    for _ in range(3):
        absent.begin()
        absent.show(listing_of(rows[1].version))
        assert await absent.found() == []
    assert absent.reads == 1


async def test_one_that_is_shown_again_and_goes_again_is_told_again() -> None:
    rows = [_entry("drops/a")]
    absent = _Ledger(_known(*rows), rows)
    assert len(await absent.found()) == 1
    absent.begin()
    absent.show(listing_of(rows[0].version))
    assert await absent.found() == []
    absent.begin()
    assert len(await absent.found()) == 1

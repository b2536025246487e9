from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from agents.dedup import sizing
from clients.errors import Fatal
from clients.packs import shipped_files
from console.catalog import prices
from console.catalog.estimating import Estimate
from console.catalog.listing import Folder
from console.catalog.look import FolderSeen, Seen, policy_of
from console.catalog.places import Asked
from console.catalog.plan import DECIDED_ADDED_BYTES, Plan, make_plan
from console.catalog.plan_view import plan, show_plan, told_time
from console.catalog.prices import RECORDS_PER_SECOND
from streams.settings import Settings
from tests.console.catalog_drops import chats, jsonl, put

POLICY = policy_of(shipped_files())
RECORDS, RECORD_BYTES = 47_500_000, 4300


def settings(**more: Any) -> Settings:
    return Settings.model_validate(more)


def seen(records: int = RECORDS, objects: int = 2500) -> Seen:
    folder = Folder("", objects=objects, size_bytes=records * 1000)
    found = Estimate(records, False, records * RECORD_BYTES)
    return Seen("s3://chats/", [FolderSeen(folder, [], found)], 1, [], [], Asked(), False, POLICY)


def text_of(made: Plan, known: Settings) -> str:
    console = Console(width=120, record=True, file=StringIO())
    show_plan(made, "s3://chats/", 1 << 40, known, console)
    return console.export_text()


def test_time_disk_and_memory_follow_from_the_number_of_records() -> None:
    made = make_plan(seen(), settings(), RECORDS_PER_SECOND)
    assert made.seconds / 3600 == pytest.approx(4.851, abs=0.001)
    assert made.raw_bytes == RECORDS * RECORD_BYTES
    assert not made.raw_is_cut
    assert made.decided_bytes == RECORDS * (RECORD_BYTES + DECIDED_ADDED_BYTES)
    bare = sizing(RECORDS, 1.0, POLICY.near_bands, POLICY.near_agreeing).size_bytes
    assert bare < made.filter_bytes < bare * 1.06


def test_copies_and_retention_are_reckoned_with() -> None:
    plain = make_plan(seen(), settings(), RECORDS_PER_SECOND)
    three = make_plan(seen(), settings(kafka_replication=3), RECORDS_PER_SECOND)
    assert three.raw_bytes == 3 * plain.raw_bytes
    assert three.decided_bytes == 3 * plain.decided_bytes
    capped = make_plan(seen(), settings(raw_retention_bytes=5 << 30), RECORDS_PER_SECOND)
    assert (capped.raw_bytes, capped.raw_is_cut) == (5 << 30, True)
    # at ten records a second the topic never holds more than its days
    slow = make_plan(seen(), settings(decided_retention_days=1), 10.0)
    assert slow.decided_bytes == 10 * 86_400 * (RECORD_BYTES + DECIDED_ADDED_BYTES)


@pytest.mark.parametrize("records", [1, 999_999, 1_000_000, 1_000_001, 47_500_000])
def test_expected_records_fit_exactly_up_to_their_number_and_the_advice_fits(records: int) -> None:
    made = make_plan(seen(records), settings(), 1000.0)
    assert made.fits == (records <= 1_000_000)
    assert records <= made.wanted_records <= max(1000, records * 1.5)
    advised = make_plan(seen(records), settings(expected_records=made.wanted_records), 1000.0)
    assert advised.fits
    assert ("too low" in text_of(made, settings())) == (not made.fits)


def test_requests_are_counted_by_kind_and_priced() -> None:
    made = make_plan(seen(objects=2500), settings(sweep_seconds=60), RECORDS_PER_SECOND)
    reads, lists, puts = made.requests
    assert reads.calls == 5000
    assert reads.usd == pytest.approx(5 * 0.0004)
    assert lists.calls == 3 * -(-round(made.seconds) // 60)
    assert puts.calls == 9 * made.claims
    assert made.usd == pytest.approx(sum(row.usd for row in made.requests))
    assert made.sweep_usd_a_day == pytest.approx(3 * 1440 * 0.005 / 1000)


def test_smaller_or_younger_cuts_mean_more_claims() -> None:
    whole = make_plan(seen(), settings(), RECORDS_PER_SECOND).claims
    assert make_plan(seen(), settings(cut_bytes=1 << 20), RECORDS_PER_SECOND).claims > 4 * whole
    assert make_plan(seen(), settings(cut_seconds=5), RECORDS_PER_SECOND).claims > 4 * whole
    assert make_plan(seen(0, 1), settings(), RECORDS_PER_SECOND).claims == 0


def test_the_number_of_list_calls_is_one_for_each_thousand_keys_and_at_least_one() -> None:
    assert [prices.list_calls(keys) for keys in (0, 1, 1000, 1001, 1_000_000)] == [1, 1, 1, 2, 1000]
    assert prices.list_calls_a_day(1001, 30) == 2 * 2880


def test_prices_are_told_without_exponents() -> None:
    told = [prices.told_usd(usd) for usd in (0, 0.000014, 0.0072, 0.5, 1234.5)]
    assert told == ["0.00", "under 0.001", "0.0072", "0.50", "1,234.50"]


def test_times_are_told_in_the_unit_that_a_person_would_use() -> None:
    assert [told_time(s) for s in (0, 5, 600, 17_050)] == ["1 s", "5 s", "10 min", "4.7 h"]


def test_an_exact_count_is_told_without_a_tilde() -> None:
    made = make_plan(seen(1234), settings(), RECORDS_PER_SECOND)
    assert "~1,230" in text_of(made, settings())
    exact = text_of(replace(made, is_exact=True), settings())
    assert "1,234" in exact
    assert "~" not in exact


def test_every_line_fits_a_terminal_of_120() -> None:
    text = text_of(make_plan(seen(), settings(kafka_replication=3), RECORDS_PER_SECOND), settings())
    assert max(map(len, text.splitlines())) <= 120
    for word in ("4.9 h", "Kafka: raw", "Kafka: decided", "Redis: filters", "us-east-1"):
        assert word in text


async def test_a_folder_is_planned_for_from_its_samples_as_json_too(tmp_path: Path) -> None:
    put(tmp_path, {"a.jsonl": jsonl(chats(40))})
    out = StringIO()
    await plan(settings(), str(tmp_path), Console(file=out, width=40), as_json=True, samples=5, rate=20.0)
    told = orjson.loads(out.getvalue())
    assert (told["records"], told["is_exact"], told["objects"]) == (40, True, 1)
    assert told["hours"] == pytest.approx(2 / 3600)
    assert told["kafka_raw_bytes"] == pytest.approx(len(jsonl(chats(40))), rel=0.01)
    with pytest.raises(Fatal, match="--rate"):
        await plan(settings(), str(tmp_path), Console(file=out), as_json=True, samples=5, rate=0)

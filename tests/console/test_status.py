from io import StringIO
from pathlib import Path

import orjson
import pytest
from rich.console import Console, RenderableType

from console.lag import Lag
from console.ledger_counts import ObjectCounts
from console.progress import Tally, keep_tally, open_tally
from console.runs import RunState, comparison_table, runs_table, state_of
from console.scrape import Sample, Scrape, Target, by_label, targets, total
from console.status import ServerState, Status, law_line, rates, status_view
from streams.runs import Current, Run

OUTCOMES = {"kept": 70, "crisis": 5, "held": 3, "duplicate": 12, "rejected": 10}


def text_of(view: RenderableType) -> str:
    console = Console(width=120, record=True, file=StringIO())
    console.print(view)
    return console.export_text()


def told(child: str, **records: float) -> Scrape:
    samples = tuple(
        Sample(f"forebay_{name}_records_total", {"dataset": "outcomes"} if name == "claimed" else {}, value)
        for name, value in records.items()
    )
    return Scrape(Target(child, child.split("-")[0], "127.0.0.1:1"), samples)


def status(
    at: float, *scrapes: Scrape, fault: str | None = None, outcomes: dict[str, int] | None = OUTCOMES
) -> Status:
    return Status(
        (ServerState("Kafka", "127.0.0.1:9192", fault), ServerState("S3", "AWS", None)),
        "r1", outcomes, 100, 4,
        ObjectCounts({"complete": (7, 100), "refused": (1, 0)}, [("s3://b/empty.txt", "refused, empty")]),
        {"refine": Lag("refine", 0, (3, 4), (5, 9))} if fault is None else None,
        scrapes, at,
    )  # fmt: skip


def run(name: str = "r1", created: str = "2026-11-01T00:00:00+00:00") -> Run:
    return Run(name, "2026.11.1", "ab" * 32, 1, "cluster", 0, "forebay.raw", (0, 0), 1000, 1.0, created)


def test_the_status_names_servers_objects_outcomes_and_lag() -> None:
    text = text_of(status_view(status(1.0, told("ingest", fetched=10))))
    for word in ("Kafka", "complete", "refused, empty: s3://b/empty.txt", "70.0%", "refine", "7", "ingest"):
        assert word in text
    assert "100 received = 70 kept + 5 crisis + 3 held + 12 duplicate + 10 rejected  ✓" in text


def test_a_server_that_is_away_is_named_and_nothing_is_made_up_for_it() -> None:
    found = status(1.0, fault="does not answer", outcomes=None)
    text = text_of(status_view(found))
    assert "does not answer" in text
    assert "received" not in text
    assert found.to_json()["law_holds"] is None
    assert found.to_json()["behind_messages"] is None


def test_a_law_that_does_not_hold_is_said_loudly() -> None:
    assert "DOES NOT ADD UP" in law_line(OUTCOMES, 101).plain
    assert "✓" in law_line(OUTCOMES, 100).plain


def test_rates_come_from_two_looks_and_a_process_that_began_anew_gives_no_negative_one() -> None:
    before = status(10.0, told("ingest", fetched=100), told("refine-0", received=50))
    now = status(12.0, told("ingest", fetched=300), told("refine-0", received=10))
    assert rates(now, before) == {"fetch": 100.0, "refine": 0.0, "claim": 0.0}
    assert rates(now, None) is None


def test_a_record_is_counted_once_though_it_has_a_line_in_two_datasets() -> None:
    both = Scrape(
        Target("sink-0", "sink", "a:1"),
        (
            Sample("forebay_claimed_records_total", {"dataset": "kept"}, 9),
            Sample("forebay_claimed_records_total", {"dataset": "outcomes"}, 10),
        ),
    )
    assert status(1.0, both).stage_records()["claim"] == 10
    assert by_label([both], "forebay_claimed_records_total", "dataset") == {"kept": 9, "outcomes": 10}
    assert total([both, Scrape(both.target, None)], "forebay_claimed_records_total") == 19


def test_targets_are_read_and_a_file_that_is_none_of_ours_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "targets"
    folder.mkdir()
    row = [{"targets": ["127.0.0.1:9"], "labels": {"process": "refine-0", "kind": "refine"}}]
    (folder / "refine-0.json").write_bytes(orjson.dumps(row))
    (folder / "broken.json").write_text("[")
    (folder / "other.json").write_text("{}")
    assert targets(tmp_path) == [Target("refine-0", "refine", "127.0.0.1:9")]


def test_runs_are_shown_side_by_side_with_their_state_and_lag() -> None:
    first, second = run("r1"), run("r2")
    tally = Tally(first, records={**OUTCOMES, "outcomes": 100}, last={0: 3})
    wrong = Tally(second, records={"kept": 1, "outcomes": 2})
    current = Current("r1", None, "")
    states = [
        RunState(first, state_of(first, current), tally, {"refine": Lag("refine", 0, (1,), (4,))}),
        RunState(second, state_of(second, current), wrong, None),
    ]
    text = text_of(runs_table(states))
    for word in ("r1", "r2", "live", "beside", "70", "DOES NOT ADD UP", "?"):
        assert word in text
    assert state_of(second, Current("r1", "r2", "")) == "previous"
    assert "-69" in text_of(comparison_table(tally, wrong))


def test_a_tally_is_remembered_for_its_run_alone(tmp_path: Path) -> None:
    tally = Tally(
        run(), last={1: 4}, records={"kept": 7, "outcomes": 7}, splits={"train": 7}, files=2, size_bytes=5
    )
    keep_tally(tmp_path, "s3://b/", tally)
    assert open_tally(tmp_path, "s3://b/", run()) == tally
    assert open_tally(tmp_path, "s3://other/", run()) == Tally(run())
    assert open_tally(tmp_path, "s3://b/", run(created="later")) == Tally(run(created="later"))
    next((tmp_path / "progress").glob("*.json")).write_text("{half")
    assert open_tally(tmp_path, "s3://b/", run()) == Tally(run())


@pytest.mark.parametrize("missing", [0, 1, 5, 17, 40])
async def test_claims_are_counted_to_the_last_one_and_then_from_there(missing: int) -> None:
    from types import SimpleNamespace
    from typing import Any, cast

    from agents.claims import Claim, ClaimedFile
    from clients.runs import RunStore
    from streams.names import Layout

    layout = Layout("out/")
    stored: dict[str, bytes] = {}
    asked: list[str] = []

    def claim(partition: int, number: int) -> None:
        files = (
            ClaimedFile("k", "kept", "train", 2, 10, ""),
            ClaimedFile("r", "rejected", "", 1, 5, ""),
            ClaimedFile("o", "outcomes", "", 3, 7, ""),
        )
        made = Claim(partition, number, 0, 1, 0, number, number, files, {}, "w", "r1", "cluster", 0)
        stored[layout.claim("r1", partition, number)] = made.to_json()

    async def get(key: str) -> bytes | None:
        asked.append(key)
        return stored.get(key)

    for number in range(1, missing + 1):
        claim(0, number)
    store = RunStore(cast(Any, SimpleNamespace(get=get)), layout)
    tally = Tally(run())
    await tally.advance(store)
    assert tally.claims == missing
    assert tally.committed == 3 * missing
    assert tally.law_holds()
    claim(0, missing + 1)
    claim(1, 1)
    asked.clear()
    await tally.advance(store)
    assert tally.outcomes() == {
        "kept": 2 * missing + 4,
        "crisis": 0,
        "held": 0,
        "duplicate": 0,
        "rejected": missing + 2,
    }
    assert layout.claim("r1", 0, 1) not in asked or missing == 0

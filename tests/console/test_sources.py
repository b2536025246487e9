import socket
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from clients.errors import RetryLater
from console import ledger_counts, source_states
from console.catalog.look import look_at
from console.ledger_counts import NoLedger
from console.local.stack import Stack
from console.newest_rejects import Rejects
from console.source_states import Sources, look_at_sources
from console.sources_command import lines_below, show_sources, sources_json, sources_table
from producers.ledger import Entry
from producers.states import ObjectReason, ObjectVersion, State
from streams.settings import Settings
from tests.console.catalog_drops import CANARY, chats, jsonl, questions
from tests.promises.pipeline import pipeline

DAY = 1_764_000_000
NO_REJECTS = (None, "there is no run yet")


def entry(key: str, state: State, records: int = 0, *, size: int = 100, at: int = DAY, **more: Any) -> Entry:
    bucket, _, name = key.partition("/")
    return Entry(ObjectVersion(bucket, name, f"e@{at}", "", "e", at, size), state, records=records, **more)


async def looked(
    monkeypatch: pytest.MonkeyPatch,
    entries: list[Entry | None],
    settings: Settings,
    rejects: tuple[Rejects | None, str] = NO_REJECTS,
) -> Sources:
    """The sources over a ledger of these rows. None: the topic is not made."""

    async def rows(_: Settings) -> Any:
        for one in entries:
            if one is None:
                raise NoLedger
            yield one.ledger_key, one.value()

    async def live(_: Settings) -> tuple[Rejects | None, str]:
        return rejects

    monkeypatch.setattr(ledger_counts, "ledger_rows", rows)
    monkeypatch.setattr(source_states, "live_rejects", live)
    return await look_at_sources(settings)


def settings(*places: str, **more: Any) -> Settings:
    return Settings.model_validate({"sources": places, **more})


def text_of(found: Sources, known: Settings) -> str:
    console = Console(width=120, record=True, file=StringIO())
    console.print(sources_table(found))
    for line in lines_below(found, known):
        console.print(line)
    return console.export_text()


async def test_objects_records_and_bytes_are_those_of_the_ledgers_last_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = await looked(
        monkeypatch,
        [
            entry("b/one/x", State.FOUND),
            entry("b/one/x", State.COMPLETE, 70, size=500),
            entry("b/one/y", State.SUPERSEDED, 9, size=4000),
            entry("b/one/y", State.COMPLETE, 11, at=DAY + 60, size=40),
            entry("b/two/z", State.REFUSED, reason=ObjectReason.EMPTY, size=0),
            entry("b/elsewhere/w", State.COMPLETE, 5),
        ],
        settings("s3://b/one/", "s3://b/two/", "s3://b/three/"),
    )
    first, second, third = found.states
    assert first.states == Counter(complete=2, superseded=1)
    assert (first.records, first.size_bytes, first.newest_seconds) == (90, 540, DAY + 60)
    assert (second.states["refused"], second.records) == (1, 0)
    assert (third.states.total(), third.records, third.newest_seconds) == (0, 0, None)
    assert found.of_no_source == 1


async def test_before_the_first_read_every_source_shows_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    known = settings("s3://b/one/")
    found = await looked(monkeypatch, [None], known)
    assert found.states[0].records == 0
    text = text_of(found, known)
    assert "one" in text
    assert "there is no run yet" in text


async def test_denied_objects_are_named_and_do_not_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    known = settings("s3://b/one/")
    rows: list[Entry | None] = [
        entry(f"b/one/k\x1b{n:02d}", State.FOUND, reason=ObjectReason.DENIED, detail="AccessDenied")
        for n in range(25)
    ]
    found = await looked(monkeypatch, rows, known)
    text = text_of(found, known)
    assert "25 objects" in text
    assert "AccessDenied: s3://b/one/k\ufffd00" in text
    assert "and 5 more" in text
    assert "\x1b" not in text
    told = sources_json(found)
    assert (told["denied_objects"], len(told["denied"])) == (25, 20)


async def test_a_list_call_is_paid_once_where_sources_lie_in_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = settings("s3://b/all/", "s3://b/all/inner/", "s3://c/", sweep_seconds=3600)
    rows: list[Entry | None] = [entry(f"b/all/inner/{n}", State.COMPLETE, 1) for n in range(900)]
    rows += [entry(f"b/all/{n}", State.COMPLETE, 1) for n in range(200)]
    found = await looked(monkeypatch, rows, known)
    calls = {state.source.name: (state.list_calls_a_day, state.listed_with) for state in found.states}
    assert calls == {"all": (48, None), "inner": (0, "all"), "c": (24, None)}
    assert "inner is listed with all" in text_of(found, known)


async def test_the_rejected_share_is_of_the_newest_records_of_each_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = settings("s3://b/one/", "s3://b/two/")
    rejects = Rejects(
        Counter(one=200), Counter({("one", "bad_json"): 10, ("one", "no_assistant_turn"): 40}), 3
    )
    found = await looked(monkeypatch, [], known, (rejects, ""))
    text = text_of(found, known)
    assert "25.0%" in text
    assert "of the last 200 records that the live run has claimed (3 files" in " ".join(text.split())
    assert "no_assistant_turn 40, bad_json 10" in text
    one, two = sources_json(found)["sources"]
    assert (one["rejected_share"], one["rejected_reasons"]) == (
        0.25,
        {"bad_json": 10, "no_assistant_turn": 40},
    )
    assert two["rejected_share"] is None


async def test_the_table_fits_a_terminal_of_120(monkeypatch: pytest.MonkeyPatch) -> None:
    known = settings("s3://a-bucket-with-a-long-name/and/a/long/prefix/that/goes/on/and/on/", "s3://b/")
    rows: list[Entry | None] = [
        entry(
            f"a-bucket-with-a-long-name/and/a/long/prefix/that/goes/on/and/on/{n}",
            state,
            10**9,
            size=10**14,
        )
        for n, state in enumerate(State)
    ]
    rejects = Rejects(Counter({"on": 10}), Counter({("on", "bad_json"): 1}), 1)
    text = text_of(await looked(monkeypatch, rows, known, (rejects, "")), known)
    assert max(map(len, text.splitlines())) <= 120
    assert "7,000,000,000" in text
    assert "2025-11-24" in text
    assert "16:00 UTC" in text
    assert "…" not in text


async def test_without_sources_the_settings_to_set_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    await looked(monkeypatch, [None], settings())
    await show_sources(settings(), Console(file=out, width=120), as_json=False)
    assert "FOREBAY_SOURCES_FILE" in out.getvalue()


async def test_kafka_away_is_the_usual_error() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(RetryLater, match=f"Kafka at {nowhere} does not answer"):
            await look_at_sources(settings("s3://b/one/", kafka_bootstrap=nowhere))


async def test_after_a_run_on_real_servers_every_figure_is_there_and_the_catalog_knows_the_true_counts(
    stack: Stack, tmp_path: Path
) -> None:
    with pipeline(stack, tmp_path) as flow:
        flow.put(
            {
                "drops/a.jsonl": jsonl(chats(60)),
                "drops/b.jsonl": jsonl(chats(5, 60)) + b'{"prompt": null, "response": "x"}\n' * 15,
                "drops/q.jsonl": jsonl(questions(20)),
                "drops/none.jsonl": b"",
            }
        )
        before = await look_at_sources(flow.settings)
        assert before.states[0].records == 0
        await flow.make_run()
        await flow.ingest().ended()
        flow.work("refine")
        flow.work("sink")
        await flow.finished()
        found = await look_at_sources(flow.settings)
        assert found.rejects is not None
        (state,) = found.states
        assert state.states == Counter(complete=3, refused=1)
        assert (state.records, state.list_calls_a_day) == (100, 1440)
        assert state.size_bytes > 0
        assert found.rejects.records == Counter(drops=100)
        assert found.rejects.rejected["drops", "null_content"] == 15
        assert (found.rejects.share("drops") or 0) >= 0.15
        out = StringIO()
        await show_sources(flow.settings, Console(file=out, width=120), as_json=True)
        assert orjson.loads(out.getvalue())["sources"][0]["records"] == 100
        assert CANARY not in out.getvalue() + text_of(found, flow.settings)
        # what was read before is known by the ledger, also where no sample reads an object
        seen = await look_at(flow.settings, f"s3://{flow.bucket}/drops/", 1)
        assert seen.ledger
        assert seen.estimate.is_exact
        assert seen.estimate.records == 100

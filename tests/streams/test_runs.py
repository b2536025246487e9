"""A run's name and papers; and the golden digest that fails when outcomes move and BEHAVIOUR was not raised."""

import hashlib
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.bench.bare_loop import mark_copies
from streams.chain import Desk, before_dedup, divert, receive, run_steps, settle
from streams.records import Origin
from streams.render import render
from streams.rules.pack import read_pack
from streams.runs import BEHAVIOUR, Current, Run, read_current, read_run, run_id
from streams.topology import FUSED
from tests.streams.small_pack import MODEL_FILES, MODELS
from tests.streams.small_records import LINES, chat, chunk, numbered

GOLDEN = Path(__file__).parents[1] / "cases" / "runs" / "behaviour.json"


def test_a_runs_name_says_pack_and_behaviour() -> None:
    assert run_id("2026.11.1", "ab12cd34ef", 7) == "2026.11.1-ab12cd34-b7"


@given(st.lists(st.integers(0, 2**60), max_size=5).map(tuple), st.text(max_size=9))
def test_a_run_comes_back_from_its_json(offsets: tuple[int, ...], cluster: str) -> None:
    run = Run("r", "v", "d", 1, cluster, 0, "raw", offsets, 1000, 0.5, "2026-01-01T00:00:00Z")
    assert read_run(run.to_json()) == run
    assert run.partitions == len(offsets)


def test_a_run_of_other_fields_is_refused() -> None:
    with pytest.raises((TypeError, KeyError)):
        read_run(b'{"run": "x", "start_offsets": []}')


def test_current_comes_back_from_its_json() -> None:
    current = Current("b", "a", "2026-01-01T00:00:00Z")
    assert read_current(current.to_json()) == current


def test_outcomes_move_only_with_the_behaviour_number() -> None:
    # what the models hear in a short text, and in one that is read as a whole and in parts
    heard = [
        chat("I sat by the jukebox"),
        chat("We had tea. " * 60 + "I sat by the quixotry. " + "We had tea. " * 60),
    ]
    lines = [*LINES.values(), *heard, *(numbered(n) for n in range(60))]
    # passages alone say nothing here, so that all readings of the long one count
    models = MODELS.replace(b"passage_thresholds: {longer: 1.0}", b"passage_thresholds: {longer: 9.0}")
    pack = read_pack({**MODEL_FILES, "models.yaml": models})
    records = receive(chunk(lines, stub=True), lambda _bucket, _key: Origin("tests", 1))
    steps = before_dedup(FUSED[0].steps)
    run_steps([Desk(r) for r in records], steps, pack, observe=lambda *_: None, clock=lambda: 0.0)
    mark_copies(divert(records), set(), set(), pack.policy.near_agreeing)
    settle(records)
    # the label stands for the pack: this is about the code
    found = {
        "behaviour": BEHAVIOUR,
        "digest": hashlib.sha256(render(records, "pack", 0, 0)[0]).hexdigest(),
    }
    assert found == orjson.loads(GOLDEN.read_bytes()), (
        "what records become has changed: raise BEHAVIOUR in streams/runs.py (a run in service keeps its own "
        f"release) and write {found} to {GOLDEN.name}"
    )

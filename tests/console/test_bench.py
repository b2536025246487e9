"""The measurements measure what they say: the corpus is repeatable, and the bare loop loses no record."""

from collections import Counter
from io import StringIO

import orjson
from rich.console import Console

from console.bench.bare_loop import CHUNK_BYTES, CHUNK_RECORDS, bare_loop, chunks_of, plain_loop
from console.bench.corpus import RECORD_BYTES, chat_lines
from console.bench.scan_parts import scan_parts
from console.bench.steps import step_costs, step_table
from streams.chain import before_dedup
from streams.topology import FUSED
from tests.streams.small_pack import small_pack


def test_the_corpus_is_the_same_for_the_same_seed_and_of_the_promised_size() -> None:
    lines = list(chat_lines(200, 1))
    assert lines == list(chat_lines(200, 1))
    assert lines != list(chat_lines(200, 2))
    assert abs(sum(map(len, lines)) / len(lines) - RECORD_BYTES) < 0.1 * RECORD_BYTES
    assert all(set(orjson.loads(line)) >= {"messages"} for line in lines)


def test_chunks_hold_every_line_within_the_limits() -> None:
    lines = [*chat_lines(150, 3), *(b"{}" for _ in range(600)), b"x" * (CHUNK_BYTES * 2)]
    chunks = chunks_of(lines)
    assert [found for chunk in chunks for *_, found in chunk.items()] == lines
    assert all(chunk.records <= CHUNK_RECORDS for chunk in chunks)
    assert all(len(chunk.value) <= CHUNK_BYTES or chunk.records == 1 for chunk in chunks)


def test_the_bare_loop_gives_each_record_one_outcome_and_names_every_step() -> None:
    found = bare_loop(list(chat_lines(130, 5, crisis_share=0.1)), small_pack(), 0.05)
    assert found["records"] == sum(found["outcomes"].values()) > 0
    assert set(found["outcomes"]) <= {"kept", "crisis", "held", "duplicate", "rejected"}
    steps = [cost["step"] for cost in found["steps"]]
    assert steps == ["receive", *before_dedup(FUSED[0].steps), "dedup, decide", "render"]
    assert found["records_per_cpu_second"] > 0


def test_the_plain_loop_says_how_quick_the_machine_is() -> None:
    assert plain_loop(list(chat_lines(20, 5)), 0.01) > 0


def test_the_parts_of_the_scan_are_named() -> None:
    parts = scan_parts([*chat_lines(20, 5), b"no conversation"], small_pack())
    assert [part["step"] for part in parts] == ["folding", "words that may be names", "rules"]
    folding, names, _ = (part["microseconds"] for part in parts)
    assert folding > 0
    assert names > 0
    # the rules are what is left of the whole: a few microseconds here, which a busy machine may hide
    assert sum(part["microseconds"] for part in parts) > 0


def test_the_table_shows_each_step_and_the_sum() -> None:
    console = Console(width=60, record=True, file=StringIO())
    console.print(step_table(step_costs(Counter(scan=2.0, pii=1.0), 1_000_000), "costs"))
    shown = console.export_text()
    assert "scan" in shown
    assert "3.0" in shown
    assert "67%" in shown

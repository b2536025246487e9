"""The bench's arithmetic: figures beside targets, peaks by kind of process, the objects that it puts."""

import subprocess
import sys
from io import StringIO
from itertools import islice

import orjson
import pytest
from rich.console import Console

from console.bench.corpus import chat_lines
from console.bench.drops import corpus, large_lines, parts_of
from console.bench.figures import MIB, REFINE_SHARE, Measured, Phase, kind_of
from console.bench.meter import Meter
from console.bench.tell import summary

BURNT_SECONDS, HELD_BYTES = 0.2, 64 << 20
BURN = f"""
import sys, time
held = b"x" * {HELD_BYTES}
while time.process_time() < {BURNT_SECONDS}: pass
del held
print("done", flush=True)
sys.stdin.readline()
"""


def phase(
    name: str, records: int, cpu: dict[str, float], seconds: float = 10.0, peak_mib: int = 100
) -> Phase:
    return Phase(
        name,
        records,
        seconds,
        cpu,
        dict.fromkeys(cpu, 1.5),
        {"kafka": 3.0},
        dict.fromkeys(cpu, peak_mib * MIB),
    )


def measured(**phases: Phase) -> Measured:
    found = Measured(1000, 4300.0, 2, bare_per_cpu_second=4000.0, large_bytes=64 * MIB)
    found.phases = {one.name: one for one in phases.values()}
    return found


@pytest.mark.parametrize(("cpu_seconds", "is_reached"), [(0.35, True), (0.36, False)])
def test_refine_is_held_against_its_share_of_the_bare_loop_of_the_same_run(
    cpu_seconds: float, is_reached: bool
) -> None:
    half = cpu_seconds / 2
    (figure, *_) = measured(a=phase("refine", 1000, {"refine-0": half, "refine-1": half})).figures()
    assert figure.target == REFINE_SHARE * 4000
    assert figure.is_reached is is_reached
    assert figure.of_bare == pytest.approx(1000 / cpu_seconds / 4000)


def test_the_whole_path_counts_wall_time_and_every_other_figure_processor_time() -> None:
    found = measured(
        a=phase("fetch", 20_000, {"ingest": 1.0}),
        b=phase("whole path", 20_000, {"ingest": 1.0}, seconds=10.0),
    )
    values = {figure.name: (figure.value, figure.is_reached) for figure in found.figures()}
    assert values["fetch"] == (20_000, True)
    assert values["whole path"] == (2_000, True)


def test_one_process_over_the_limit_fails_its_kind_and_the_large_object_stands_apart() -> None:
    found = measured(
        a=phase("fetch", 1, {"ingest": 1.0}, peak_mib=90),
        b=phase("whole path", 1, {"ingest": 1.0, "refine-0": 1.0, "refine-1": 1.0}, peak_mib=401),
        c=phase("large object", 1, {"ingest": 1.0}, peak_mib=150),
    )
    peaks = {figure.name: figure.is_reached for figure in found.figures() if figure.unit == "MiB"}
    assert peaks == {
        "peak memory: ingest": False,
        "peak memory: refine": False,
        "peak memory: ingest, one object of 64 MiB": True,
    }


def test_a_process_number_is_no_part_of_its_kind() -> None:
    assert [kind_of(name) for name in ("refine-0", "sink-12", "ingest", "crisis_gate-3")] == [
        "refine", "sink", "ingest", "crisis_gate",
    ]  # fmt: skip


def test_the_summary_names_each_miss_and_says_when_records_do_not_add_up() -> None:
    found = measured(a=phase("sink", 100, {"sink-0": 1.0}))
    found.outcomes = {"kept": 90}
    console = Console(width=160, record=True, file=StringIO())
    console.print(summary(found))
    shown = console.export_text()
    assert "NO" in shown
    assert "RECORDS ARE MISSING OR TOO MANY" in shown
    found.is_lawful = True
    console.print(summary(found))
    assert "records in = records out: kept 90" in console.export_text()


def test_a_figure_by_wall_time_says_how_much_of_the_machine_others_took() -> None:
    whole = Phase(
        "whole path", 2000, 10.0, {"ingest": 4.0}, {"ingest": 1.0}, {"kafka": 1.0}, {"ingest": 1}, 15.0
    )
    console = Console(width=200, record=True, file=StringIO())
    console.print(summary(measured(a=whole)))
    shown = console.export_text()
    assert "took 5.0 CPU-seconds" in shown
    assert "at 800 records/s" in shown
    assert "50% of this machine" in shown


def test_the_figures_can_be_written_as_json() -> None:
    found = orjson.loads(orjson.dumps(measured(a=phase("sink", 100, {"sink-0": 1.0})).to_json()))
    assert found["bare_loop_records_per_cpu_second"] == 4000
    assert found["phases"]["sink"]["cpu"] == {"sink-0": 1.0}
    assert {figure["name"] for figure in found["figures"]} == {"sink", "peak memory: sink"}


def test_lines_of_the_large_object_are_documents_with_ids_of_their_own() -> None:
    block = list(chat_lines(5, 1))
    lines = list(large_lines(block, 100_000))
    documents = [orjson.loads(line) for line in lines]
    assert len({document["id"] for document in documents}) == len(documents) > len(block)
    assert 100_000 <= sum(map(len, lines)) < 100_000 + max(map(len, lines))
    parts = list(parts_of(lines, 30_000))
    assert b"".join(body for body, _ in parts) == b"".join(lines)
    assert sum(count for _, count in parts) == len(lines)
    assert all(len(body) >= 30_000 for body, _ in parts[:-1])


def test_the_drops_are_the_same_every_time_and_a_few_in_a_hundred_are_copies() -> None:
    lines = list(corpus(2000))
    assert lines[:100] == list(islice(corpus(2000), 100))
    assert 0.01 < 1 - len(set(lines)) / len(lines) < 0.06


def test_the_meter_sees_what_a_process_spent_and_held_and_keeps_it_after_its_end() -> None:
    meter = Meter()
    with subprocess.Popen(
        [sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        meter.look({"burner": child.pid}, lambda _: False)
        assert not meter.is_ready("burner")
        assert child.stdout.readline() == b"done\n"
        meter.look({"burner": child.pid}, lambda _: False)
        assert meter.cpu_seconds("burner") == 0  # nothing counts before it is ready
        meter.look({"burner": child.pid})
        child.stdin.close()
    # the kernel counts in hundredths
    assert meter.start_seconds("burner") >= BURNT_SECONDS - 0.02
    assert meter.peak_bytes("burner") >= HELD_BYTES
    meter.look({"burner": child.pid})
    assert meter.peak_bytes("burner") >= HELD_BYTES
    assert meter.cpu_seconds("burner") == 0

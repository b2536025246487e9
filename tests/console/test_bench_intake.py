"""The bench of intake reads every container whole, and counts what it read."""

from pathlib import Path

from console.bench.containers import KINDS, measure_containers
from console.bench.large import measure_large
from console.bench.sweeps import measure_sweeps
from producers.compressions.order import COMPRESSIONS
from producers.containers.order import CONTAINERS


def test_every_container_and_compression_has_its_figure() -> None:
    costs = measure_containers(200)
    assert all(cost.ours > 0 and cost.bare > 0 for cost in costs)
    names = {word for kind in KINDS for word in kind.name.replace(",", "").split()}
    # a transcript is one record a file: there is no stream of them to measure
    wanted = {row.name for row in CONTAINERS} - {"transcript"} | {row.name for row in COMPRESSIONS}
    assert wanted <= names


def test_a_large_object_is_read_whole_and_its_file_removed(tmp_path: Path) -> None:
    found = measure_large(20 << 20, tmp_path)
    assert all(row.records > 0 and row.peak_mib <= row.most_mib for row in found)
    assert list(tmp_path.iterdir()) == []


def test_a_second_sweep_finds_just_what_is_new() -> None:
    assert measure_sweeps(5_000, 10).found == 10

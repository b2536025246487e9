"""`forebay bench` as a person types it, small, on servers of its own."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import psutil
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.servers
def test_bench_measures_every_phase_loses_no_record_and_leaves_nothing_behind(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    # fetched and compiled once for all tests
    for name in ("jars", "packs"):
        (ROOT / ".forebay" / name).mkdir(parents=True, exist_ok=True)
    (state / "jars").symlink_to(ROOT / ".forebay" / "jars")
    (state / "bench").mkdir()
    (state / "bench" / "packs").symlink_to(ROOT / ".forebay" / "packs")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOREBAY_")}
    environment |= {"PYTHONPATH": str(ROOT), "FOREBAY_STATE": str(state)}
    command = ("bench", "--records", "1000", "--large-mib", "4", "--json", str(tmp_path / "found.json"))
    ran = subprocess.run(
        [sys.executable, "-m", "console.main", *command],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = orjson.loads((tmp_path / "found.json").read_bytes())
    assert list(found["phases"]) == ["fetch", "fetch gzip", "refine", "sink", "whole path", "large object"]
    assert found["records_in_equal_records_out"]
    assert sum(found["outcomes"].values()) == 1000
    assert found["outcomes"]["duplicate"] > 0
    assert found["outcomes"]["crisis"] > 0
    for phase in found["phases"].values():
        assert set(phase["servers"]) == {"s3", "kafka", "redis"}
        assert all(seconds > 0 for seconds in phase["start_cpu"].values())
        assert all(peak > 0 for peak in phase["peaks"].values())
    whole = found["phases"]["whole path"]
    assert {name.rsplit("-", 1)[0] for name in whole["cpu"]} == {"ingest", "refine", "sink"}
    assert "bare loop" in ran.stdout
    # no record's text in what is said or logged
    logs = "".join(path.read_text() for path in (state / "bench" / "logs").glob("*.log"))
    assert "messages" not in ran.stdout
    assert '"role"' not in logs
    assert not (state / "bench" / "servers").exists()
    here = str(state)
    left = [
        p.pid
        for p in psutil.process_iter(["cmdline", "cwd"])
        if here in f"{p.info['cmdline']}{p.info['cwd']}"
    ]
    assert not left

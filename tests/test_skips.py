import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SUITE = """
import pytest
from tests.skips import pytest_terminal_summary

def test_here(): pass

@pytest.mark.skip(reason="no Grafana on this machine")
def test_dashboard(): pass
"""


def test_a_run_ends_by_naming_what_it_skipped_and_why(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.skips import pytest_terminal_summary\n")
    (tmp_path / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", str(tmp_path), "--rootdir", str(tmp_path), "-c", "/dev/null"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    section = told.stdout.split("Skipped, and why")[1]
    assert "1 tests: no Grafana on this machine\n    test_suite.py::test_dashboard" in section
    assert "test_here" not in section

    none = subprocess.run([*command, "-k", "here"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "1 tests: not chosen (here)" in none.stdout

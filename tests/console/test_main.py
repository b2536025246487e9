import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[2]


def forebay(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOREBAY_")}
    # one state folder for all: the compiled rules are made once
    environment |= {"PYTHONPATH": str(ROOT), "FOREBAY_STATE": str(folder.parent / "state")} | {
        f"FOREBAY_{name}": value for name, value in settings.items()
    }
    return subprocess.run(
        [sys.executable, "-m", "console.main", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nowhere() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"


def test_wrong_settings_are_told_at_once_without_a_traceback_and_with_code_3(tmp_path: Path) -> None:
    found = forebay(tmp_path, "status", LANES="none", OUTPUT="x", WORKER="1")
    assert found.returncode == 3
    assert found.stderr.count("FOREBAY_LANES=none") == 1
    assert "FOREBAY_OUTPUT=x" in found.stderr
    assert "did you mean FOREBAY_WORKERS?" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_server_that_is_not_there_is_code_2_and_says_what_to_type(tmp_path: Path, nowhere: str) -> None:
    found = forebay(
        tmp_path, "run", "--once",
        SOURCES="s3://a/b/", KAFKA_BOOTSTRAP=nowhere, SERVER_WAIT_SECONDS="1.5", METRICS_PORT="0",
    )  # fmt: skip
    assert found.returncode == 2
    assert f"Waiting for Kafka at {nowhere}" in found.stdout
    assert "FOREBAY_KAFKA_BOOTSTRAP" in found.stderr
    assert "`forebay up`" in found.stderr
    assert "Traceback" not in found.stderr


def test_run_without_sources_says_which_setting_is_missing(tmp_path: Path) -> None:
    found = forebay(tmp_path, "run", "--once")
    assert found.returncode == 3
    assert "FOREBAY_SOURCES is empty" in found.stderr


def test_a_child_process_tells_its_end_as_one_json_event(tmp_path: Path) -> None:
    found = forebay(tmp_path, "work", "refin", METRICS_PORT="0")
    assert found.returncode == 1
    event = orjson.loads(found.stderr.splitlines()[-1])
    assert event["level"] == "critical"
    assert "no agent refin" in event["event"]
    assert "refine" in event["event"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ruin",), 64, "No such command"),
        (("promote",), 64, "Missing argument"),
        (("try", "/does/not/exist"), 1, "no such file or folder"),
        (("try", ".", "--until", "sink"), 1, "can be convert"),
        (("screen", "--rules", "/does/not/exist"), 1, "no rule pack in"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found = forebay(tmp_path, *arguments)
    assert (found.returncode, said in found.stderr, "Traceback" in found.stderr) == (code, True, False), (
        found.stderr
    )


def test_status_with_all_servers_away_names_each_and_has_code_2(tmp_path: Path, nowhere: str) -> None:
    found = forebay(
        tmp_path, "status", "--json",
        KAFKA_BOOTSTRAP=nowhere, REDIS_URL=f"redis://u:zanzibar-canary-7f3@{nowhere}/0",
        S3_ENDPOINT=f"http://{nowhere}", S3_ACCESS_KEY="a", S3_SECRET_KEY="zanzibar-canary-7f3",
    )  # fmt: skip
    assert found.returncode == 2
    servers = orjson.loads(found.stdout)["servers"]
    assert {name for name, row in servers.items() if row["fault"]} == {"kafka", "s3", "redis"}
    assert "zanzibar" not in found.stdout + found.stderr


def test_the_doctor_lists_every_fault_with_a_remedy(tmp_path: Path, nowhere: str) -> None:
    found = forebay(
        tmp_path, "doctor", "--json",
        KAFKA_BOOTSTRAP=nowhere, REDIS_URL=f"redis://{nowhere}/0", S3_ENDPOINT=f"http://{nowhere}",
        S3_ACCESS_KEY="a", S3_SECRET_KEY="b", SOURCES="s3://drops/",
    )  # fmt: skip
    assert found.returncode == 1
    rows = orjson.loads(found.stdout)
    bad = {row["what"]: row["do"] for row in rows if not row["is_well"]}
    assert {
        f"Kafka at {nowhere}",
        f"Redis at {nowhere}",
        "list s3://drops/",
        "write s3://forebay/forebay/",
    } <= set(bad)
    assert all(bad.values())


def test_a_reader_that_has_seen_enough_ends_screen_without_a_word(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FOREBAY_STATE": str(tmp_path)}
    child = subprocess.Popen(
        [sys.executable, "-m", "console.main", "screen"],
        cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    try:
        child.stdin.write(b'{"text":"I feel lonely."}\n' * 5000)
        child.stdin.close()
    except BrokenPipeError:
        pass  # it has ended already, which is what is asked
    assert child.wait(60) == 0
    assert child.stderr.read() == b""


def test_a_pipeline_that_waits_for_a_server_ends_at_once_when_told(tmp_path: Path, nowhere: str) -> None:
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "FOREBAY_SOURCES": "s3://a/b/", "FOREBAY_KAFKA_BOOTSTRAP": nowhere,
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "console.main", "run", "--follow"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert "Waiting for Kafka" in child.stdout.readline()
    child.send_signal(signal.SIGTERM)
    assert child.wait(15) == 0

import json
import socket
from dataclasses import asdict
from pathlib import Path

import pytest

from console.local import jars, toolchain
from console.local.ports import Ports
from console.local.unavailable import PortTaken, Unavailable


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH, for the test to fill."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


@pytest.mark.usefixtures("path")
def test_everything_missing_is_named_in_one_message_with_the_other_way() -> None:
    with pytest.raises(Unavailable) as told:
        toolchain.require(with_jars=False)
    assert all(word in str(told.value) for word in ("Java 17", "found none", "Maven", "docker compose up"))


@pytest.mark.parametrize(
    ("version", "enough"), [("1.8.0_292", False), ("11.0.2", False), ("17.0.15", True), ("25", True)]
)
def test_java_counts_from_17(path: Path, version: str, enough: bool) -> None:
    program(path, "java", f"echo 'openjdk version \"{version}\" 2025-01-01' >&2")
    told = toolchain.missing(with_jars=True)
    assert any("Java" in line for line in told) is not enough


def test_maven_is_not_needed_once_kafka_is_here(path: Path) -> None:
    program(path, "java", "echo 'openjdk version \"21\"' >&2")
    assert not toolchain.missing(with_jars=True)
    assert len(toolchain.missing(with_jars=False)) == 1


@pytest.fixture
def counting_maven(path: Path) -> Path:
    """A Maven that brings one jar and writes a line for each call."""
    calls = path.parent / "calls"
    program(path, "java", "echo 'openjdk version \"21\"' >&2")
    program(
        path,
        "mvn",
        f'echo called >> {calls}\nfor a in "$@"; do case $a in -DoutputDirectory=*) '
        'echo jar > "${a#-DoutputDirectory=}/kafka_2.13-1.jar";; esac; done',
    )
    return calls


def test_kafka_is_fetched_once_and_again_when_a_file_is_cut_short(
    tmp_path: Path, counting_maven: Path
) -> None:
    into = tmp_path / "jars"
    said: list[str] = []
    for _ in range(2):
        jars.fetch(into, said.append)
    assert jars.are_complete(into)
    assert counting_maven.read_text().count("called") == len(said) == 1
    (into / "kafka_2.13-1.jar").write_text("j")
    assert not jars.are_complete(into)
    jars.fetch(into, said.append)
    assert jars.are_complete(into)
    assert counting_maven.read_text().count("called") == 2


def test_what_was_fetched_for_another_version_of_kafka_is_fetched_anew(
    tmp_path: Path, counting_maven: Path
) -> None:
    into = tmp_path / "jars"
    jars.fetch(into, lambda _: None)
    listed = json.loads((into / "complete.json").read_text())
    (into / "complete.json").write_text(json.dumps(listed | {"pom": "of another version"}))
    jars.fetch(into, lambda _: None)
    assert counting_maven.read_text().count("called") == 2


def test_a_fetch_that_fails_tells_mavens_last_words_and_leaves_no_half_folder(
    tmp_path: Path, path: Path
) -> None:
    program(path, "java", "echo 'openjdk version \"21\"' >&2")
    program(path, "mvn", "echo could not resolve the host; exit 1")
    with pytest.raises(Unavailable, match="could not resolve the host"):
        jars.fetch(tmp_path / "jars", lambda _: None)
    assert not (tmp_path / "jars").exists()


def test_free_ports_are_all_different_and_nobody_listens_on_them() -> None:
    ports = Ports.free(kafka_advertised=4)
    numbers = [number for name, number in asdict(ports).items() if name != "kafka_advertised"]
    assert len(set(numbers)) == len(numbers)
    assert ports.kafka_for_clients == 4
    assert Ports.free().kafka_for_clients not in (0, 4)
    ports.check_free()


def test_a_taken_port_is_named_with_what_wanted_it() -> None:
    ports = Ports.free()
    with (
        socket.create_server(("127.0.0.1", ports.redis)),
        pytest.raises(PortTaken, match=rf"{ports.redis} \(redis\)"),
    ):
        ports.check_free()

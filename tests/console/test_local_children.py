import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.local.children import Child, Identity, launch
from console.local.server import Plan, Server, wait_ready
from console.local.unavailable import PortTaken, Unavailable

ROOT = Path(__file__).parents[2]
SLEEP = ("sleep", "300")


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Child]:
    child = start(tmp_path, SLEEP)
    yield child
    child.kill()


def start(folder: Path, command: tuple[str, ...], *, detached: bool = False) -> Child:
    return launch(
        "it", command, folder=folder, log=folder / "it.log", environment=os.environ, detached=detached
    )


def wait_for(condition: object, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def parent_that_starts_a_sleeper(folder: Path, *, detached: bool) -> tuple["subprocess.Popen[str]", Identity]:
    code = (
        "import os, sys, time; from pathlib import Path; from console.local.children import launch\n"
        f"child = launch('it', {SLEEP!r}, folder=Path('.'), log=Path({str(folder / 'it.log')!r}),"
        f" environment=os.environ, detached={detached})\n"
        "print(child.identity.pid, flush=True); time.sleep(300)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    return parent, Identity.of(int(parent.stdout.readline()))


def test_a_child_dies_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    parent, child = parent_that_starts_a_sleeper(tmp_path, detached=False)
    assert child.is_alive()
    parent.kill()
    parent.wait()
    wait_for(lambda: not child.is_alive())


def test_a_detached_child_outlives_its_parent_and_is_ended_by_its_identity(tmp_path: Path) -> None:
    parent, child = parent_that_starts_a_sleeper(tmp_path, detached=True)
    parent.kill()
    parent.wait()
    found = Child("it", child, tmp_path / "it.log")
    assert found.is_alive()
    assert found.stop(10)
    assert not found.is_alive()


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    made: list[Child] = []
    # `echo` is the sign that it runs on: one that a signal has killed gives none
    answers = ("sh", "-c", "trap 'echo here' USR1; echo ready; while :; do sleep 0.1; done")
    thread = threading.Thread(target=lambda: made.append(start(tmp_path, answers)))
    thread.start()
    thread.join()
    child = made[0]
    wait_for(lambda: "ready" in child.log_tail())
    # a thread leaves this folder after its death signal was sent
    wait_for(lambda: not Path(f"/proc/self/task/{thread.native_id}").exists())
    child.send(signal.SIGUSR1)
    wait_for(lambda: "here" in child.log_tail())
    child.kill()


@pytest.mark.parametrize("stranger", [{"started_ticks": 1}, {"boot": "another"}])
def test_a_number_that_belongs_to_another_process_by_now_is_never_signalled(
    sleeper: Child, stranger: dict[str, object]
) -> None:
    recorded = Child("it", replace(sleeper.identity, **stranger), sleeper.log)  # type: ignore[arg-type]
    assert not recorded.is_alive()
    assert not recorded.send(signal.SIGKILL)
    recorded.stop(1)
    assert sleeper.is_alive()


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    stubborn = start(tmp_path, ("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"))
    wait_for(lambda: "deaf" in stubborn.log_tail())
    assert not stubborn.stop(0.3)
    assert stubborn.exit_code() == -signal.SIGKILL


def test_a_frozen_process_is_ended_without_waiting_for_the_grace(sleeper: Child) -> None:
    sleeper.send(signal.SIGSTOP)
    wait_for(sleeper.identity.is_stopped)
    began = time.monotonic()
    sleeper.stop(3600)
    assert not sleeper.is_alive()
    assert time.monotonic() - began < 3600


def server(folder: Path, script: str) -> Server:
    command = ("sh", "-c", script)
    plan = Plan("odd", "127.0.0.1:1", command, folder, folder / "odd.log", lambda: False, os.environ)
    return Server(plan, detached=False)


def test_a_server_that_ends_while_starting_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    odd = server(tmp_path, "echo the disk is full; exit 3")
    odd.begin()
    with pytest.raises(Unavailable, match=r"exit code 3[\s\S]*the disk is full") as told:
        wait_ready([odd])
    assert not isinstance(told.value, PortTaken)


def test_a_port_that_was_lost_to_another_process_has_its_own_error(tmp_path: Path) -> None:
    odd = server(tmp_path, "echo bind: Address already in use; exit 1")
    odd.begin()
    with pytest.raises(PortTaken):
        wait_ready([odd])


def test_a_server_that_never_gets_ready_is_reported_at_the_deadline(tmp_path: Path) -> None:
    odd = server(tmp_path, "echo still thinking; exec sleep 300")
    odd.begin()
    try:
        wait_for(lambda: "thinking" in odd.log_tail())
        with pytest.raises(Unavailable, match=r"not ready after 0 s[\s\S]*still thinking"):
            wait_ready([odd], seconds=0.1)
    finally:
        odd.stop()

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from console.metrics_ports import free_port
from console.supervise import LAST_BACKOFF_SECONDS, STEADY_SECONDS, Part, Supervisor

SLEEPER = "import signal,sys,time,pathlib\n{setup}\npathlib.Path(sys.argv[1]).touch()\ntime.sleep(600)\n"


class Clock:
    """Stands still until it is told to move."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def part(name: str, script: str, *arguments: str, rank: int = 0, **more: object) -> Part:
    return Part(name, name.split("-")[0], (sys.executable, "-c", script, *arguments), rank, **more)  # type: ignore[arg-type]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "condition did not come true within 30 s"
        time.sleep(0.01)


def test_a_child_that_dies_is_started_again_after_a_back_off_that_doubles_to_its_limit(
    tmp_path: Path,
) -> None:
    clock = Clock()
    boss = Supervisor(tmp_path, {}, "127.0.0.1", 0, now=clock)
    boss.add([part("dies", "raise SystemExit(7)")])
    waits = []
    for _ in range(7):
        boss.look()
        kept = boss._kept["dies"]

        def ended() -> bool:
            boss.look()
            return boss._kept["dies"].child is None

        wait_for(ended)
        waits.append(kept.due_at - clock.seconds)
        clock.seconds = kept.due_at - 0.01
        boss.look()
        assert kept.child is None, "started before its time"
        clock.seconds = kept.due_at
    assert waits == [1, 2, 4, 8, 16, 30, LAST_BACKOFF_SECONDS]
    assert boss.failures() == {"dies": 7}


def test_a_child_that_ran_steadily_begins_with_the_first_back_off_again(tmp_path: Path) -> None:
    clock = Clock()
    boss = Supervisor(tmp_path, {}, "127.0.0.1", 0, now=clock)
    boss.add([part("steady", SLEEPER.format(setup=""), str(tmp_path / "up"))])
    boss.look()
    kept = boss._kept["steady"]
    kept.failures = 5
    clock.seconds += STEADY_SECONDS
    assert kept.child is not None
    kept.child.kill()
    boss.look()
    assert kept.child is None
    assert kept.due_at - clock.seconds == 1
    assert boss.failures() == {"steady": 1}


def test_a_part_that_is_done_once_and_a_part_with_bad_settings_are_not_started_again(tmp_path: Path) -> None:
    clock = Clock()
    boss = Supervisor(tmp_path, {}, "127.0.0.1", 0, now=clock)
    boss.add(
        [
            part("once", "raise SystemExit(4)", once=True, done_codes=frozenset({0, 4})),
            part("bad", "raise SystemExit(3)"),
        ]
    )
    boss.look()

    def both() -> bool:
        boss.look()
        return not boss.running()

    wait_for(both)
    clock.seconds += 100
    boss.look()
    assert boss.running() == []
    assert (boss.done_code("once"), boss.done_code("bad")) == (4, 3)


async def test_parts_end_rank_by_rank_and_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    order = tmp_path / "order"
    note = "def end(*_):\n open({order!r},'a').write({name!r}+' ');sys.exit(0)\nsignal.signal(signal.SIGTERM,end)"
    boss = Supervisor(tmp_path, {}, "127.0.0.1", 0)
    names = ("sink-0", "refine-0", "ingest", "deaf")
    for rank, name in ((2, "sink-0"), (1, "refine-0"), (0, "ingest")):
        setup = note.format(order=str(order), name=name)
        boss.add([part(name, SLEEPER.format(setup=setup), str(tmp_path / f"{name}.up"), rank=rank)])
    deaf = SLEEPER.format(setup="signal.signal(signal.SIGTERM,signal.SIG_IGN)")
    boss.add([part("deaf", deaf, str(tmp_path / "deaf.up"), rank=2)])
    boss.look()
    await asyncio.to_thread(wait_for, lambda: all((tmp_path / f"{name}.up").exists() for name in names))
    assert len(list((tmp_path / "targets").glob("*.json"))) == 4
    began = time.monotonic()
    killed = await boss.stop()
    assert killed == ["deaf"]
    assert time.monotonic() - began < 15
    assert order.read_text().split() == ["ingest", "refine-0", "sink-0"]
    assert list((tmp_path / "targets").glob("*.json")) == []


def test_a_scrape_target_names_the_child_and_the_port_it_was_given(tmp_path: Path) -> None:
    script = "import os,sys,pathlib;pathlib.Path(sys.argv[1]).write_text(os.environ['FOREBAY_METRICS_PORT'])"
    boss = Supervisor(tmp_path, {"FOREBAY_LANES": "2"}, "127.0.0.1", 0, now=Clock())
    boss.add([part("refine-0", script + ";import time;time.sleep(600)", str(tmp_path / "port"))])
    boss.look()
    wait_for(lambda: (tmp_path / "port").exists() and (tmp_path / "port").read_text() != "")
    (target,) = orjson.loads((tmp_path / "targets" / "refine-0.json").read_bytes())
    assert target["targets"] == [f"127.0.0.1:{(tmp_path / 'port').read_text()}"]
    assert target["labels"] == {"process": "refine-0", "kind": "refine"}
    child = boss._kept["refine-0"].child
    assert child is not None
    child.kill()


def test_last_words_are_the_last_warning_or_error_of_the_childs_log(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        'for line in (\'{"level":"error","event":"Kafka is gone"}\',\'{"level":"info","event":"bye"}\',\'not json\'):\n'
        "  print(line,file=sys.stderr)\n"
    )
    boss = Supervisor(tmp_path, {}, "127.0.0.1", 0, now=Clock())
    boss.add([part("talks", script)])
    boss.look()

    def ended() -> bool:
        boss.look()
        return not boss.running()

    wait_for(ended)
    assert boss.last_words("talks") == "Kafka is gone"


def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys,time,pathlib\n"
        "from console.supervise import Part, Supervisor\n"
        "state=pathlib.Path(sys.argv[1])\n"
        "code='import os,sys,time,pathlib;pathlib.Path(sys.argv[1]).write_text(str(os.getpid()));time.sleep(600)'\n"
        "boss=Supervisor(state,{},'127.0.0.1',0)\n"
        "boss.add([Part('child','child',(sys.executable,'-c',code,str(state/'pid')),0)])\n"
        "boss.look()\n"
        "time.sleep(600)\n"
    )
    root = Path(__file__).parents[2]
    boss = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=root)
    try:
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        pid = int((tmp_path / "pid").read_text())
        os.kill(boss.pid, signal.SIGKILL)
        boss.wait(10)

        def gone() -> bool:
            try:
                return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
            except FileNotFoundError:
                return True

        wait_for(gone)
    finally:
        if boss.poll() is None:
            boss.kill()


@pytest.mark.parametrize("names", [["a"]])
async def test_stopping_some_parts_leaves_the_others_running(tmp_path: Path, names: list[str]) -> None:
    boss = Supervisor(tmp_path, {}, "127.0.0.1", 0)
    for name in ("a", "b"):
        boss.add([part(name, SLEEPER.format(setup=""), str(tmp_path / f"{name}.up"))])
    boss.look()
    await boss.stop(names)
    boss.look()
    assert boss.running() == ["b"]
    await boss.stop()


def test_metrics_ports_are_the_next_free_ones_above_the_supervisors() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(1)
        taken = held.getsockname()[1]
        found = free_port("127.0.0.1", taken - 1, {taken + 1})
        assert found not in (taken, taken + 1)
        assert found > taken
    assert free_port("127.0.0.1", 0, ()) > 0

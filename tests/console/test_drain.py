import signal
from pathlib import Path

import pytest

from clients.errors import Fatal, RetryLater
from console import drain as drain_room
from console.drain import Drain
from console.lag import Lag
from console.supervise import Supervisor
from streams.runs import Run
from streams.settings import Settings
from streams.topology import Agent

RUN = Run("r1", "v", "d", 1, "c", 0, "forebay.raw", (0, 0), 1000, 1.0, "")


class Watched(Supervisor):
    """Notes signals, runs nothing."""

    def signal(self, kind: str, number: signal.Signals) -> None:
        self.sent = [*getattr(self, "sent", []), (kind, number)]


@pytest.fixture
def boss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(drain_room, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(drain_room, "ASK_SECONDS", 0.002)
    return Watched(tmp_path, {}, "127.0.0.1", 0)


def answers(monkeypatch: pytest.MonkeyPatch, script: dict[str, list[Lag | Exception]]) -> list[str]:
    asked: list[str] = []

    async def lag(settings: Settings, run: Run, agent: Agent) -> Lag:
        asked.append(agent.name)
        row = script[agent.name]
        found = row.pop(0) if len(row) > 1 else row[0]
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(drain_room, "lag", lag)
    return asked


def at(agent: str, dones: tuple[int, ...], ends: tuple[int, ...]) -> Lag:
    return Lag(agent, 0, dones, ends)


async def test_agents_come_before_the_sink_and_the_sink_is_told_to_cut(
    boss: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers(
        monkeypatch,
        {
            "refine": [at("refine", (1, 1), (4, 1)), RetryLater("away"), at("refine", (4, 1), (4, 1))],
            "sink": [at("sink", (0, 0), (2, 2)), at("sink", (2, 2), (2, 2))],
        },
    )
    await Drain(Settings(), RUN, boss).to_the_end()
    assert asked == sorted(asked), "the sink was asked before refine was done"
    assert asked.count("refine") == 4  # behind · away · done · done again
    assert set(boss.sent) == {("sink", signal.SIGUSR1)}
    assert len(boss.sent) == 3


async def test_a_fixed_end_is_reached_by_every_partition_though_more_comes(
    boss: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers(
        monkeypatch,
        {
            # first look: the ends that count; then partition 0 runs ahead while partition 1 lags
            "refine": [
                at("refine", (0, 0), (5, 5)),
                at("refine", (9, 1), (20, 20)),
                at("refine", (9, 5), (30, 30)),
            ],
            "sink": [at("sink", (1, 1), (1, 1))],
        },
    )
    await Drain(Settings(), RUN, boss).to_the_end(fixed=True)
    assert asked.count("refine") == 4


async def test_a_process_that_keeps_dying_ends_the_wait_with_its_name_and_its_log(
    boss: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, {"refine": [at("refine", (0, 0), (5, 5))]})
    monkeypatch.setattr(Watched, "failures", lambda self: {"refine-1": drain_room.MOST_FAILURES})
    with pytest.raises(Fatal, match=r"refine-1 ended 6 times in a row(.|\n)*refine-1\.log"):
        await Drain(Settings(), RUN, boss).to_the_end()

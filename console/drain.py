"""Waits until a run has worked off its topics, in order: each agent, then the sinks cut and claim."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from clients.errors import Fatal, RetryLater
from console.lag import Lag, agents_of, lag
from console.supervise import LOOK_SECONDS, Supervisor
from streams.runs import Run
from streams.settings import Settings
from streams.topology import SINK, Agent

LOG = logging.getLogger(__name__)

ASK_SECONDS = 1.0
# a pipeline that must end is given up when one of its processes dies so often in a row
MOST_FAILURES = 6

Tell = Callable[[Lag], Awaitable[None]]


@dataclass(slots=True)
class Drain:
    """Works a run off under a supervisor. `tell` hears of each agent's lag about once a second."""

    settings: Settings
    run: Run
    supervisor: Supervisor
    tell: Tell | None = None

    async def to_the_end(self, *, fixed: bool = False) -> None:
        """Return once every agent and the sinks have passed the end of their topics.

        `fixed`: the end of `raw` is where it is now, though more may come. Raises Fatal when a process
        keeps dying. If we die meanwhile, the same call goes on where it was.
        """
        for agent in agents_of(self.settings):
            target = (await self._ask(agent)).ends if fixed else None
            await self._pass(agent, target)

    async def _pass(self, agent: Agent, target: tuple[int, ...] | None) -> None:
        # twice in a row: a group that is being rebalanced can look done for a moment
        seen = 0
        while seen < 2:
            if agent is SINK:
                # sent again and again: a sink that has just been started anew has not heard it
                self.supervisor.signal(SINK.name, signal.SIGUSR1)
            found = await self._ask(agent)
            if self.tell is not None:
                await self.tell(found)
            goal = found.ends if target is None else target
            done = all(at >= end for at, end in zip(found.dones, goal, strict=True))
            seen = seen + 1 if done else 0
            await self._look(ASK_SECONDS if not done else ASK_SECONDS / 2)

    async def _ask(self, agent: Agent) -> Lag:
        said = False
        while True:
            try:
                return await lag(self.settings, self.run, agent)
            except (RetryLater, KafkaError, OSError) as error:
                if not said:
                    LOG.warning("waiting for Kafka", extra={"error": type(error).__name__})
                    said = True
            await self._look(ASK_SECONDS)

    async def _look(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds / LOOK_SECONDS))):
            self.supervisor.look()
            check_alive(self.supervisor)
            await asyncio.sleep(LOOK_SECONDS)


def check_alive(supervisor: Supervisor) -> None:
    """Raises Fatal when a process dies again and again, or cannot start at all."""
    for name, failures in supervisor.failures().items():
        if failures >= MOST_FAILURES:
            raise Fatal(_cannot(supervisor, name, f"ended {failures} times in a row"))
    for name in supervisor.refused():
        raise Fatal(_cannot(supervisor, name, "refuses its settings"))


def _cannot(supervisor: Supervisor, name: str, what: str) -> str:
    words = supervisor.last_words(name)
    return f"{name} {what}{': ' + words if words else ''}\nIts log: {supervisor.log(name)}"

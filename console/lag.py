"""How far each agent of a run is behind: the distance from its committed offsets to the read_committed end."""

from collections.abc import Mapping
from dataclasses import dataclass

from clients.kafka import committed, extent
from streams.names import Names
from streams.runs import Run
from streams.settings import Settings
from streams.topology import PRESETS, SINK, Agent


@dataclass(frozen=True, slots=True)
class Lag:
    """Offsets of one agent's topic by partition, and their sums; markers of transactions count as offsets.

    `start` is where the run began, `ends` the read_committed ends, `dones` how far the group is.
    """

    agent: str
    start: int
    dones: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def done(self) -> int:
        return sum(self.dones)

    @property
    def end(self) -> int:
        return sum(self.ends)

    @property
    def behind(self) -> int:
        return self.end - self.done


def agents_of(settings: Settings) -> tuple[Agent, ...]:
    """The agents of the topology and the sink, in the order in which records pass them."""
    return (*PRESETS[settings.topology], SINK)


def topic_of(settings: Settings, agent: Agent, run: Run) -> str:
    """The topic that this agent of this run reads."""
    return run.raw_topic if agent.reads == "raw" else Names(settings.namespace).stage(agent.reads, run.run)


async def lag(settings: Settings, run: Run, agent: Agent) -> Lag:
    """Where the agent is now. Raises RetryLater or a KafkaError when Kafka does not answer."""
    topic = topic_of(settings, agent, run)
    # offsets first: an end that is read later can only make the lag larger than it was, never hide one
    group = Names(settings.namespace).agent_group(agent.name, run.run)
    offsets = await committed(settings, group, topic, run.partitions)
    found = await extent(settings, topic, run.partitions)
    starts = run.start_offsets if agent.reads == "raw" else (0,) * run.partitions
    done = [start if at is None else at for at, start in zip(offsets, starts, strict=True)]
    ends = [max(end, start) for end, start in zip(found.ends, starts, strict=True)]
    return Lag(agent.name, sum(starts), tuple(map(min, done, ends)), tuple(ends))


async def lags(settings: Settings, run: Run) -> dict[str, Lag]:
    """All agents of a run, in order."""
    return {agent.name: await lag(settings, run, agent) for agent in agents_of(settings)}


def is_caught_up(found: Mapping[str, Lag]) -> bool:
    return all(one.behind == 0 for one in found.values())

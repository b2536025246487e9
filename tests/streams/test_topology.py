from itertools import pairwise

import orjson
import pytest

from console.bench.bare_loop import mark_copies
from console.bench.corpus import chat_lines
from streams.carry import dump, load
from streams.chain import AGENT_STEPS, STEPS, Desk, before_dedup, divert, receive, run_steps, settle
from streams.records import Origin, Record
from streams.render import render
from streams.topology import PRESETS, SINK, Agent, Preset
from tests.streams.small_pack import small_pack
from tests.streams.small_records import LINES, chunk, numbered

READS_THE_SCAN = ("pii", "crisis", "unsafe_reply", "ears", "categories", "tags")


def run_agents(agents: tuple[Agent, ...], records: list[Record]) -> bytes:
    """The value of the decided chunk when each agent gets what the one before it carried over."""
    for index, agent in enumerate(agents):
        if index:
            records = [load(dump(record)) for record in records]
        run_steps(
            [Desk(record) for record in records],
            before_dedup(agent.steps),
            small_pack(),
            observe=lambda *_: None,
            clock=lambda: 0.0,
        )
    mark_copies(divert(records), set(), set(), small_pack().policy.near_agreeing)
    settle(records)
    return render(records, "pack", 0, 7)[0]


def test_fused_and_staged_write_the_same_bytes() -> None:
    lines = [*LINES.values(), *(numbered(n) for n in range(40)), *chat_lines(60, 11, crisis_share=0.1)]
    raw = chunk(lines, stub=True)
    values = [
        run_agents(PRESETS[preset], receive(raw, lambda _bucket, _key: Origin("tests", 3)))
        for preset in ("fused", "staged")
    ]
    assert values[0] == values[1]
    ends = {orjson.loads(line).get("outcome") for line in values[0].splitlines()}
    assert {"kept", "crisis", "held", "duplicate", "rejected"} <= ends


@pytest.mark.parametrize("preset", ["fused", "staged"])
class TestEachPreset:
    def test_runs_every_step_once_and_only_the_scan_again(self, preset: Preset) -> None:
        steps = [step for agent in PRESETS[preset] for step in agent.steps]
        assert set(steps) == {*STEPS, *AGENT_STEPS}
        assert {step for step in steps if steps.count(step) > 1} <= {"scan"}

    def test_leads_from_raw_to_the_sink_without_a_gap(self, preset: Preset) -> None:
        agents = (*PRESETS[preset], SINK)
        assert agents[0].reads == "raw"
        for agent, after in pairwise(agents):
            assert agent.writes == after.reads

    def test_scans_in_each_agent_that_reads_the_scan_and_before_it_is_read(self, preset: Preset) -> None:
        for agent in PRESETS[preset]:
            readers = [agent.steps.index(step) for step in READS_THE_SCAN if step in agent.steps]
            if readers:
                assert agent.steps.index("scan") < min(readers)

    def test_decides_last_and_asks_dedup_just_before(self, preset: Preset) -> None:
        steps = [step for agent in PRESETS[preset] for step in agent.steps]
        assert steps[-2:] == ["dedup", "decide"]
        assert all("decide" not in agent.steps for agent in PRESETS[preset][:-1])

    def test_groups_after_what_the_stage_follows_from(self, preset: Preset) -> None:
        steps = [step for agent in PRESETS[preset] for step in agent.steps]
        assert steps.index("group") > max(steps.index("crisis"), steps.index("categories"))

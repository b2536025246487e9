"""A record on which a step raises, and one that ends its process: both are held by name, and nothing else is."""

import json
from pathlib import Path

import pytest

from console.local.stack import Stack
from tests.promises.drops import CANARY
from tests.promises.pipeline import Pipeline, at_fault, pipeline, until

pytestmark = [pytest.mark.servers, pytest.mark.promise]

FAULTY = at_fault("faulty")


def _line(number: int, more: str = "") -> str:
    user = (
        f"My neighbour and I have argued about fence number {number} for months and I feel worn out by it. "
        f"{CANARY} {more} What could I say to them?"
    )
    reply = (
        f"It makes sense that you feel worn out after so long. For fence {number} you could pick a calm evening, say "
        "what you notice without blame, and ask what they need."
    )
    return json.dumps(
        {"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": reply}]}
    )


async def test_a_record_that_raises_or_kills_is_held_without_its_text_and_the_rest_goes_on(
    stack: Stack, tmp_path: Path
) -> None:
    lines = [_line(n) for n in range(200)]
    lines[50] = _line(50, "this-one-raises")
    lines[120] = _line(120, "this-one-kills-the-process")
    with pipeline(stack, tmp_path) as flow:
        flow.put({"drops/a.jsonl": "\n".join(lines).encode()})
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        flow.work("sink")
        deaths = await _run_until_caught_up(flow)
        await flow.finished()
        flow.stop()
        out = flow.output()
        out.check()
        assert deaths == 2, "the third start runs the suspect apart"
        reasons = sorted(row["reason"] for row in out.lines["held"])
        assert reasons == ["poison", "step_error"]
        assert {row["source"]["record"] for row in out.lines["held"]} == {50, 120}
        assert sum(out.fates().values()) == 200
        # the exception quoted the record: nothing that is written may
        assert CANARY.encode() not in flow.logs()
        assert not any(
            CANARY.encode() in body for key, body in out.raw.items() if key.startswith(("held", "outcomes"))
        )


async def _run_until_caught_up(flow: Pipeline) -> int:
    deaths = 0
    while True:
        worker = flow.work("refine", PYTHONPATH=FAULTY)

        async def settled(worker: object = worker) -> bool:
            return not worker.is_running() or await flow.behind("refine") == 0  # type: ignore[attr-defined]

        await until(settled, seconds=120)
        if worker.is_running():
            return deaths
        deaths += 1
        assert deaths < 6


async def test_bad_code_stops_the_worker_and_does_not_drain_the_topic(stack: Stack, tmp_path: Path) -> None:
    lines = [_line(n, "this-one-raises" if n % 2 else "") for n in range(400)]
    with pipeline(stack, tmp_path) as flow:
        flow.put({"drops/a.jsonl": "\n".join(lines).encode()})
        await flow.make_run()
        assert await flow.ingest().ended() == 0
        worker = flow.work("refine", PYTHONPATH=FAULTY)
        assert await worker.ended() == 1
        assert await flow.behind("refine") > 0
        assert b"made a step raise" in worker.log.read_bytes()

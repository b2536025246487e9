"""A replay with one changed rule makes a second run beside the first, which can be promoted."""

import json
from pathlib import Path

import pytest

from console.local.stack import Stack
from streams.names import Layout
from tests.promises.drops import make_drops
from tests.promises.output import read_output
from tests.promises.pipeline import pipeline, rules_alone

pytestmark = [pytest.mark.servers, pytest.mark.promise]


async def test_a_changed_rule_is_replayed_beside_the_live_run_and_promoted(
    stack: Stack, tmp_path: Path
) -> None:
    drops = make_drops(seed=3, records=1500, objects=4)
    rules = rules_alone(tmp_path / "rules")
    policy = rules / "policy.yaml"
    changed = policy.read_text().replace("split_salt: forebay-2026", "split_salt: another")
    assert changed != policy.read_text()
    policy.write_text(changed)
    with pipeline(stack, tmp_path) as flow:
        flow.put(drops.objects)
        assert await flow.start("run", "--once").ended() == 0
        first = json.loads(flow.s3.get_object(Bucket=flow.bucket, Key="out/CURRENT.json")["Body"].read())[
            "run"
        ]
        before = read_output(flow.s3, flow.bucket, Layout("out/").run(first))
        before.check()
        assert await flow.start("replay", "--rules", str(rules)).ended() == 0
        runs = [
            row["Prefix"].removeprefix("out/runs/").rstrip("/")
            for row in flow.s3.list_objects_v2(Bucket=flow.bucket, Prefix="out/runs/", Delimiter="/")[
                "CommonPrefixes"
            ]
        ]
        assert len(runs) == 2
        (second,) = set(runs) - {first}
        # the first run is untouched, the second holds the same contents under the changed rule
        after = read_output(flow.s3, flow.bucket, Layout("out/").run(first))
        assert after.raw == before.raw
        replayed = read_output(flow.s3, flow.bucket, Layout("out/").run(second))
        replayed.check()
        assert replayed.hashes("kept") == before.hashes("kept")
        assert replayed.hashes("crisis") == before.hashes("crisis")
        splits = {row["metadata"]["content_hash"]: row["metadata"]["split"] for row in before.lines["kept"]}
        moved = [
            r
            for r in replayed.lines["kept"]
            if splits[r["metadata"]["content_hash"]] != r["metadata"]["split"]
        ]
        assert moved, "the changed rule changed nothing"
        assert await flow.start("promote", second).ended() == 0
        current = json.loads(flow.s3.get_object(Bucket=flow.bucket, Key="out/CURRENT.json")["Body"].read())
        assert (current["run"], current["previous"]) == (second, first)
        # what comes after the promotion goes to the new run
        flow.put(make_drops(seed=4, records=200, objects=1).objects | {"drops/late.jsonl": _one()})
        assert await flow.start("run", "--once").ended() == 0
        late = read_output(flow.s3, flow.bucket, Layout("out/").run(second))
        late.check()
        assert any(row["key"] == "drops/late.jsonl" for row in late.lines["outcomes"])
        assert read_output(flow.s3, flow.bucket, Layout("out/").run(first)).raw == before.raw


def _one() -> bytes:
    user = "The choir starts again on Monday and I am nervous about singing in front of them. What could help me?"
    reply = "It makes sense to be nervous after a long break. You could hum the first song at home tonight."
    return json.dumps({"prompt": user, "response": reply}).encode()

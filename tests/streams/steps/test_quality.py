from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import Origin
from streams.steps.quality import quality
from tests.streams.small_pack import small_pack
from tests.streams.steps.turns import pack_with, talk

CASES = [
    orjson.loads(line)
    for line in (Path(__file__).parents[2] / "cases" / "quality" / "exchanges.jsonl")
    .read_bytes()
    .splitlines()
]
ORIGIN = Origin("tests")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_exchange(case: dict) -> None:
    found = quality(talk(*case["turns"]), ORIGIN, small_pack())
    assert list(found.faults) == case["faults"]
    assert case["least"] <= found.score <= case["most"]


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=6))
def test_the_score_stays_between_0_and_1_whatever_the_text(texts: list[str]) -> None:
    assert 0 <= quality(talk(*texts), ORIGIN, small_pack()).score <= 1


@pytest.mark.parametrize(("tier", "floor"), [(1, 0.9), (6, 0.0), (3, 0.5), (None, 0.5)])
def test_the_floor_is_that_of_the_tier_else_the_default(tier: int | None, floor: float) -> None:
    pack = pack_with(quality_floors={"1": 0.9, "6": 0.0, "default": 0.5})
    assert quality(talk("q", "a"), Origin("tests", tier), pack).floor == floor


@pytest.mark.parametrize("word", ["suicide", "kill myself", "self-harm", "overdose"])
def test_naming_danger_never_changes_the_score(word: str) -> None:
    def exchange(topic: str) -> float:
        answer = f"Thank you for telling me about the {topic}. What is hardest about the {topic} right now?"
        return quality(talk(f"I keep thinking about {topic}.", answer), ORIGIN, small_pack()).score

    assert exchange(word) >= exchange("x" * len(word))

"""The precedence of outcomes, case by case, from the table in cases/decide."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import orjson
import pytest

from streams.decide import GATES, PRECEDENCE, decide, diverted
from streams.outcomes import Copy, Kept, Level, Reason, Split, name_of, reason_of
from streams.records import (
    Conversation,
    Failure,
    Finding,
    GroupFacts,
    LanguageFacts,
    Message,
    Origin,
    PiiFacts,
    QualityFacts,
    Record,
    Role,
    Source,
    Unreadable,
)
from streams.topology import FUSED

CASES = [
    orjson.loads(line)
    for path in sorted((Path(__file__).parents[1] / "cases" / "decide").glob("*.jsonl"))
    for line in path.read_bytes().splitlines()
]

QUESTION, ANSWER = Message(Role.USER, "q"), Message(Role.ASSISTANT, "a")


def good() -> Record:
    return Record(
        Source("b", "k", "v", 0),
        Origin("tests"),
        conversation=Conversation((QUESTION, ANSWER), "chat"),
        pii=PiiFacts(),
        crisis=Finding(None, 0.0),
        unsafe_reply=Finding(None, 0.0),
        language=LanguageFacts("en", 1.0, True),
        quality=QualityFacts(0.9, 0.6),
        group=GroupFacts("0" * 16, Split.VAL),
    )


# What a case may say of a record, by name.
CONDITIONS: dict[str, Callable[[Record], None]] = {
    "refused": lambda r: setattr(r, "refused", Reason.TOO_LARGE),
    "unreadable": lambda r: setattr(r, "unreadable", Unreadable(Reason.BAD_JSON)),
    "acute": lambda r: setattr(r, "crisis", Finding(Level.ACUTE, 0.9, ("x",))),
    "elevated": lambda r: setattr(r, "crisis", Finding(Level.ELEVATED, 0.6, ("x",))),
    "quality_failed": lambda r: setattr(r, "failure", Failure("quality", "ValueError")),
    "scan_failed": lambda r: setattr(r, "failure", Failure("scan", "error")),
    "crisis_failed": lambda r: setattr(r, "failure", Failure("crisis", "ValueError")),
    "unsafe_failed": lambda r: setattr(r, "failure", Failure("unsafe_reply", "ValueError")),
    "poison": lambda r: setattr(r, "failure", Failure("poison", "timeout")),
    "harmful_reply": lambda r: setattr(r, "unsafe_reply", Finding(Level.ACUTE, 0.9, ("y",))),
    "no_crisis_word": lambda r: setattr(r, "crisis", None),
    "no_unsafe_word": lambda r: setattr(r, "unsafe_reply", None),
    "no_pii_word": lambda r: setattr(r, "pii", None),
    "no_language_word": lambda r: setattr(r, "language", None),
    "ungated": lambda r: setattr(r, "language", LanguageFacts("fi", 0.9, False)),
    "unwanted": lambda r: setattr(r, "language", LanguageFacts("es", 0.9, True, False)),
    "ungated_unwanted": lambda r: setattr(r, "language", LanguageFacts("fi", 0.9, False, False)),
    "pii_doubt": lambda r: setattr(r, "pii", PiiFacts((), "requires_review")),
    "scrubbed": lambda r: setattr(r, "pii", PiiFacts((), "scrubbed")),
    "unanswered": lambda r: setattr(r, "conversation", Conversation((QUESTION,), "chat")),
    "single_turn": lambda r: setattr(r, "conversation", Conversation((QUESTION,), "text", True)),
    "marked_unwanted": lambda r: setattr(
        r, "conversation", Conversation((QUESTION, ANSWER), "preference", unwanted=True)
    ),
    "poor": lambda r: setattr(r, "quality", QualityFacts(0.59, 0.6)),
    "at_the_floor": lambda r: setattr(r, "quality", QualityFacts(0.6, 0.6)),
    "exact": lambda r: setattr(r, "copy", Copy.EXACT),
    "near": lambda r: setattr(r, "copy", Copy.NEAR),
    "no_group": lambda r: setattr(r, "group", None),
}


def made(conditions: list[str]) -> Record:
    record = good()
    for condition in conditions:
        CONDITIONS[condition](record)
    return record


@pytest.mark.parametrize("case", CASES, ids=lambda case: "+".join(case["with"]) or "nothing")
def test_case(case: dict) -> None:
    outcome = decide(made(case["with"]))
    assert (name_of(outcome), reason_of(outcome)) == (case["gives"], case["reason"])


def row_of(case: dict) -> str | None:
    record = made(case["with"])
    return next((row.why for row in PRECEDENCE if row.rule(record) is not None), None)


def test_every_row_and_every_condition_has_a_case() -> None:
    assert {row.why for row in PRECEDENCE} == {row_of(case) for case in CASES} - {None}
    assert set(CONDITIONS) == {condition for case in CASES for condition in case["with"]}


# One condition for each row, in the order of DESIGN's precedence; those of one fact cannot meet.
LADDER = [
    "refused",
    "acute",
    "quality_failed",
    "harmful_reply",
    "ungated",
    "pii_doubt",
    "unanswered",
    "poor",
    "near",
]


@pytest.mark.parametrize(("first", "second"), list(combinations(LADDER, 2)))
def test_the_higher_row_wins_whatever_stands_below(first: str, second: str) -> None:
    assert decide(made([first, second])) == decide(made([second, first])) == decide(made([first]))


def test_a_record_with_every_fault_at_once_falls_to_the_next_row_as_each_is_taken_away() -> None:
    for at in range(len(LADDER)):
        assert decide(made(LADDER[at:])) == decide(made(LADDER[at : at + 1]))


def test_diverted_is_decide_without_the_copies() -> None:
    assert diverted(made(["exact"])) is None
    assert diverted(made([])) is None
    for condition in LADDER[:-1]:
        assert diverted(made([condition, "exact"])) == decide(made([condition]))


def test_the_gates_are_steps_of_the_topology() -> None:
    assert set(FUSED[0].steps) >= GATES


@pytest.mark.parametrize("split", list(Split))
def test_a_kept_record_takes_the_split_of_its_group(split: Split) -> None:
    record = good()
    record.group = GroupFacts("0" * 16, split)
    assert decide(record) == Kept(split)

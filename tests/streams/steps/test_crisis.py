"""The gate sees danger in the help-seeker's own words, and lets its look-alikes pass."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streams.outcomes import Level
from streams.records import Conversation, Finding, Message, Role
from streams.rules.pack import Pack
from streams.steps.crisis import crisis
from streams.steps.scan import scan

Cases = Callable[[str], list[dict[str, Any]]]
CALM = "We talked about the garden and the weather, and then about work. "


def judged(text: str, pack: Pack, role: Role = Role.USER) -> Finding:
    conversation = Conversation((Message(role, text), Message(Role.ASSISTANT, "Thank you.")), "test")
    return crisis(conversation, scan(conversation, pack), pack)


@pytest.fixture(scope="module")
def rules(pack: Pack) -> Pack:
    """The pack without its models: what they find is measured on sets, for they may err on any one text."""
    return replace(pack, models={})


def test_golden_cases_of_the_rules(rules: Pack, cases: Cases) -> None:
    wrong = [
        case["name"]
        for case in cases("crisis/help_seeker.jsonl")
        if judged(case["text"], rules).level != case["level"]
    ]
    assert wrong == []


def test_rules_judge_a_sentence_alike_in_thirty_words_and_in_three_thousand(
    rules: Pack, cases: Cases
) -> None:
    changed = []
    for case in cases("crisis/help_seeker.jsonl"):
        padded = CALM * 120 + "\n" + case["text"] + "\n" + CALM * 120
        if judged(padded, rules).level != case["level"]:
            changed.append(case["name"])
    assert changed == []


def test_the_gate_raises_whatever_a_rule_raises(pack: Pack, rules: Pack, cases: Cases) -> None:
    for case in cases("crisis/help_seeker.jsonl"):
        alone, together = judged(case["text"], rules), judged(case["text"], pack)
        assert set(alone.rules) <= set(together.rules)
        assert alone.level is None or together.level is not None


def test_spans_and_rules_say_where_and_why(pack: Pack) -> None:
    text = "Hello. I’m going to kill myself."
    found = judged(text, pack)
    assert found.level is Level.ACUTE
    assert "crisis.suicide.intent" in found.rules
    assert any("kill myself" in text[span.start : span.end] for span in found.spans)
    assert 0 < found.score <= 1


def test_the_assistants_words_never_count(pack: Pack) -> None:
    conversation = Conversation(
        (
            Message(Role.USER, "My exams are in June and I want a plan for learning the vocabulary."),
            Message(Role.ASSISTANT, "Do you want to kill yourself? I want to die, one says."),
        ),
        "test",
    )
    assert crisis(conversation, scan(conversation, pack), pack).level is None


def test_a_guard_explains_away_its_own_match_and_no_other(rules: Pack) -> None:
    assert judged("I don't want to kill myself.", rules).level is None
    assert judged("I don't want to kill myself. I want to be dead, though.", rules).level is Level.ELEVATED


def test_late_disclosure_is_seen(pack: Pack) -> None:
    turns = []
    for _ in range(12):
        turns += [Message(Role.USER, CALM), Message(Role.ASSISTANT, "Tell me more.")]
    turns.append(Message(Role.USER, "Anyway. I said my goodbyes this morning."))
    conversation = Conversation(tuple(turns), "test")
    found = crisis(conversation, scan(conversation, pack), pack)
    assert found.level is Level.ACUTE
    assert {span.message for span in found.spans} == {24}


def test_false_alarms_on_safe_prompts_stay_below_five_percent(pack: Pack, shared_data: Path) -> None:
    rows = [
        json.loads(line)
        for line in (shared_data / "screening" / "xstest.jsonl").read_text("utf-8").splitlines()
    ]
    safe = [row["text"] for row in rows if row["label"] == 0 and not row["kind"].startswith("AMBIG_")]
    alarms = sum(judged(text, pack).level is not None for text in safe)
    assert len(safe) == 250
    assert alarms <= 0.05 * len(safe)

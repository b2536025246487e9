"""Four acts are found in the assistant's words alone."""

from collections.abc import Callable
from typing import Any

from streams.records import Conversation, EarsFacts, Message, Role
from streams.rules.pack import Pack
from streams.steps.ears import ears
from streams.steps.scan import scan

Cases = Callable[[str], list[dict[str, Any]]]
ACTS = ("empathize", "acknowledge", "reflect", "support")


def shown(asked: str, reply: str, pack: Pack) -> EarsFacts:
    conversation = Conversation((Message(Role.USER, asked), Message(Role.ASSISTANT, reply)), "test")
    return ears(conversation, scan(conversation, pack), pack)


def test_golden_cases(pack: Pack, cases: Cases) -> None:
    wrong = []
    for case in cases("ears/replies.jsonl"):
        facts = shown("Hello.", case["text"], pack)
        if [act for act in ACTS if getattr(facts, act)] != case["acts"]:
            wrong.append(case["name"])
    assert wrong == []


def test_the_score_is_the_share_of_acts(pack: Pack) -> None:
    assert shown("Hello.", "The library opens at nine.", pack) == EarsFacts(False, False, False, False, 0.0)
    facts = shown(
        "Hello.", "I'm so sorry to hear that. It sounds like you miss her. You could write to her.", pack
    )
    assert (facts.score, facts.acknowledge) == (0.75, False)
    assert set(facts.rules) <= set(pack.by_id)


def test_the_help_seekers_words_show_no_act(pack: Pack) -> None:
    assert shown("I'm so sorry to hear that. You could rest.", "Yes.", pack).score == 0

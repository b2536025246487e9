"""Four acts are found in the assistant's words alone."""

from collections.abc import Callable
from statistics import mean
from typing import Any

from streams.records import Conversation, EarsFacts, Message, Role
from streams.rules.pack import Pack
from streams.steps.ears import MODEL, ears
from streams.steps.scan import scan
from tests.streams.steps.shares import f1

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


def test_acts_are_heard_also_in_replies_that_nobody_trained_on(pack: Pack, cases: Cases) -> None:
    for is_held, least in ((True, 0.85), (False, 0.9)):
        replies = [case for case in cases("ears/written.jsonl") if case["held"] is is_held]
        facts = [shown("Hello.", case["text"], pack) for case in replies]
        for_each = [
            f1((getattr(fact, act), act in case["acts"]) for fact, case in zip(facts, replies, strict=True))
            for act in ACTS
        ]
        assert mean(for_each) >= least


def test_the_score_is_the_share_of_acts(pack: Pack) -> None:
    assert shown("Hello.", "The library opens at nine.", pack) == EarsFacts(False, False, False, False, 0.0)
    facts = shown(
        "Hello.", "I'm so sorry to hear that. It sounds like you miss her. You could write to her.", pack
    )
    assert (facts.score, facts.acknowledge) == (0.75, False)
    assert set(facts.rules) <= {*pack.by_id, MODEL}


def test_the_help_seekers_words_show_no_act(pack: Pack) -> None:
    assert shown("I'm so sorry to hear that. You could rest.", "Yes.", pack).score == 0

"""Bias is unfairness tied to a group; grounded is a reply that names what it rests on."""

from collections.abc import Callable
from typing import Any

from streams.records import Conversation, Message, Role, TagFacts
from streams.rules.pack import Pack
from streams.steps.scan import scan
from streams.steps.tags import tags

Cases = Callable[[str], list[dict[str, Any]]]


def tagged(user: str, assistant: str, pack: Pack) -> TagFacts:
    conversation = Conversation((Message(Role.USER, user), Message(Role.ASSISTANT, assistant)), "test")
    return tags(conversation, scan(conversation, pack), pack)


def test_golden_cases(pack: Pack, cases: Cases) -> None:
    wrong = []
    for case in cases("tags/exchanges.jsonl"):
        facts = tagged(case["user"], case["assistant"], pack)
        groups = list(facts.bias.groups) if facts.bias else None
        if (groups, facts.grounded is not None) != (case["bias"], case["grounded"]):
            wrong.append(case["name"])
    assert wrong == []


def test_a_source_that_only_the_help_seeker_names_grounds_nothing(pack: Pack) -> None:
    assert tagged("The NICE guidelines say so.", "I see.", pack).grounded is None

"""Bias is unfairness tied to a group; grounded is a reply that names what it rests on."""

from collections.abc import Callable
from typing import Any

import pytest

from streams.records import Conversation, Message, Role, TagFacts
from streams.rules.pack import Pack
from streams.steps.scan import scan
from streams.steps.tags import tags
from tests.streams.steps.shares import f1

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


@pytest.mark.parametrize("tag", ["bias", "grounded"])
def test_tags_are_given_also_to_exchanges_that_nobody_trained_on(tag: str, pack: Pack, cases: Cases) -> None:
    for is_held, least in ((True, 0.8), (False, 0.9)):
        rows = [case for case in cases(f"tags/written_{tag}.jsonl") if case["held"] is is_held]
        given = [getattr(tagged(*case["chat"], pack), tag) is not None for case in rows]
        assert f1(zip(given, (case["y"] == 1 for case in rows), strict=True)) >= least

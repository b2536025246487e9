"""A record's own labels decide first, then its source, then the rules."""

from collections.abc import Callable
from dataclasses import replace
from statistics import mean
from typing import Any

from streams.records import Category, CategoryFacts, Conversation, Message, Origin, Role
from streams.rules.pack import Pack
from streams.steps.categories import UNCATEGORIZED, categories
from streams.steps.scan import scan
from tests.streams.small_pack import small_pack
from tests.streams.steps.turns import talk

Cases = Callable[[str], list[dict[str, Any]]]


def decided(case: dict[str, Any], pack: Pack) -> CategoryFacts:
    messages = (Message(Role.USER, case["user"]), Message(Role.ASSISTANT, case["assistant"]))
    conversation = Conversation(messages, "test", labels=tuple(case["labels"]))
    return categories(conversation, scan(conversation, pack), pack, Origin(case["source"]))


def test_golden_cases(pack: Pack, cases: Cases) -> None:
    wrong = []
    for case in cases("categories/exchanges.jsonl"):
        first = decided(case, pack).categories[0]
        if (first.name, first.from_) != (case["primary"], case["from"]):
            wrong.append(case["name"])
    assert wrong == []


def test_most_exchanges_are_told_right_also_those_that_nobody_trained_on(pack: Pack, cases: Cases) -> None:
    right: dict[bool, list[bool]] = {True: [], False: []}
    undecided = []
    for case in cases("categories/written.jsonl"):
        conversation = talk(*case["chat"])
        first = categories(conversation, scan(conversation, pack), pack, Origin("test")).categories[0]
        right[case["held"]].append(first.name == case["category"])
        undecided.append(first.name == UNCATEGORIZED)
    assert mean(right[True]) >= 0.85
    assert mean(right[False]) >= 0.95
    assert mean(undecided) <= 0.10


def test_where_nothing_is_said_nothing_is_decided(pack: Pack) -> None:
    case = {"user": "\u200b", "assistant": "...", "labels": [], "source": "x"}
    bare = replace(pack, words=None)
    assert decided(case, bare) == CategoryFacts((Category("uncategorized", 0.0, "rules"),))


def test_without_a_model_the_rules_speak() -> None:
    case = {"user": "My homework is done.", "assistant": "Hm.", "labels": [], "source": "x"}
    assert decided(case, small_pack()).categories == (Category("therapy", 0.8, "rules"),)


def test_below_the_floor_nothing_is_said() -> None:
    case = {"user": "Hello.", "assistant": "Take your time.", "labels": [], "source": "x"}
    assert decided(case, small_pack()) == CategoryFacts((Category("uncategorized", 0.0, "rules"),))


def test_each_category_stands_once_with_a_confidence_at_or_above_the_floor(pack: Pack) -> None:
    case = {
        "user": "My husband left and I feel so anxious.",
        "assistant": "Hm.",
        "labels": ["stress"],
        "source": "x",
    }
    found = decided(case, pack).categories
    assert [category.name for category in found[:2]] == ["mental_health_support", "relationship_therapy"]
    assert len({category.name for category in found}) == len(found)
    assert all(category.confidence >= pack.policy.category_floor for category in found)

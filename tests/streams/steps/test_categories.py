"""A record's own labels decide first, then its source, then the rules."""

from collections.abc import Callable
from typing import Any

from streams.records import Category, CategoryFacts, Conversation, Message, Origin, Role
from streams.rules.pack import Pack
from streams.steps.categories import categories
from streams.steps.scan import scan

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


def test_below_the_floor_nothing_is_said(pack: Pack) -> None:
    case = {"user": "Hello.", "assistant": "Take your time.", "labels": [], "source": "x"}
    assert decided(case, pack) == CategoryFacts((Category("uncategorized", 0.0, "rules"),))


def test_each_category_stands_once_with_a_confidence_at_or_above_the_floor(pack: Pack) -> None:
    case = {
        "user": "My husband left and I feel so anxious.",
        "assistant": "Hm.",
        "labels": ["stress"],
        "source": "x",
    }
    found = decided(case, pack).categories
    assert [category.name for category in found] == ["mental_health_support", "relationship_therapy"]
    assert all(category.confidence >= pack.policy.category_floor for category in found)

"""The gate sees replies that harm, and lets plain, caring and refusing ones pass."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from streams.outcomes import Level
from streams.records import Conversation, Finding, Message, Role
from streams.rules.pack import Pack
from streams.steps.scan import scan
from streams.steps.unsafe_reply import unsafe_reply

Cases = Callable[[str], list[dict[str, Any]]]


def judged(reply: str, pack: Pack, asked: str = "Hello.") -> Finding:
    conversation = Conversation((Message(Role.USER, asked), Message(Role.ASSISTANT, reply)), "test")
    return unsafe_reply(conversation, scan(conversation, pack), pack)


def test_golden_cases_of_the_rules(pack: Pack, cases: Cases) -> None:
    # the model is measured on sets: it may err on any one reply
    rules = replace(pack, models={})
    wrong = [
        case["name"]
        for case in cases("unsafe_reply/replies.jsonl")
        if judged(case["text"], rules).level != case["level"]
    ]
    assert wrong == []


def test_what_the_help_seeker_says_is_no_reply(pack: Pack) -> None:
    assert judged("I am listening.", pack, "He told me: just kill yourself.").level is None


def test_spans_lie_in_the_reply(pack: Pack) -> None:
    found = judged("Well. Just kill yourself.", pack)
    assert found.level is Level.ACUTE
    assert {span.message for span in found.spans} == {1}

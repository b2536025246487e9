"""Bias is unfairness tied to a group; grounded is a reply that names what it rests on."""

from collections.abc import Callable
from typing import Any

import pytest

from console.rules.sets import rows
from streams.records import Conversation, Message, Role, TagFacts
from streams.rules.model import Kind
from streams.rules.pack import Pack, read_pack
from streams.rules.word_model import EXCHANGE_NAMES
from streams.rules.word_weights import ASSISTANT, PERSON
from streams.steps.scan import scan
from streams.steps.tags import tags
from tests.streams.rules.test_word_model import WORD_FILES, model_of
from tests.streams.steps.shares import f1

Cases = Callable[[str], list[dict[str, Any]]]


def tagged(user: str, assistant: str, pack: Pack) -> TagFacts:
    conversation = Conversation((Message(Role.USER, user), Message(Role.ASSISTANT, assistant)), "test")
    return tags(conversation, scan(conversation, pack), pack)


def tagged_chat(turns: list[str], pack: Pack) -> TagFacts:
    roles = (Role.USER, Role.ASSISTANT)
    conversation = Conversation(tuple(Message(roles[n % 2], turn) for n, turn in enumerate(turns)), "test")
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


def test_a_group_is_looked_for_only_where_the_tag_stands(pack: Pack) -> None:
    def groups_looked_for(*turns: str) -> set[str]:
        messages = [Message((Role.USER, Role.ASSISTANT)[n % 2], turn) for n, turn in enumerate(turns)]
        conversation = Conversation(tuple(messages), "test")
        read = scan(conversation, pack)
        facts = tags(conversation, read, pack)
        found = {hit.rule.group for hit in read.of(Kind.TAGS) if hit.rule.group}
        assert found == set(facts.bias.groups if facts.bias else ())
        return found

    assert groups_looked_for("I'm a woman and I sleep badly.", "Ten quiet minutes help.") == set()
    assert groups_looked_for("My boss is so racist.", "As a woman you hear that twice.") == {
        "gender",
        "race_ethnicity",
    }


@pytest.mark.parametrize(("tag", "least"), [("bias", 0.75), ("grounded", 0.8)])
def test_tags_are_given_also_to_exchanges_that_nobody_trained_on(tag: str, least: float, pack: Pack) -> None:
    found = [
        (getattr(tagged_chat(row["chat"], pack), tag) is not None, row["y"] == 1)
        for row in rows(Kind.TAGS, tag)
    ]
    assert f1(found) >= least


def test_a_model_hears_bias_on_either_side_in_whichever_words() -> None:
    words = {("quixot", side): {"bias": 9.0, "near_bias": 9.0} for side in (PERSON, ASSISTANT)}
    heard = read_pack({**WORD_FILES, "exchanges.npz": model_of(EXCHANGE_NAMES, words)})
    for said in (("some quixotry here", "I see."), ("Hello.", "Such quixotry!")):
        bias = tagged(*said, heard).bias
        assert bias is not None
        assert bias.rules == ("tags.model",)
        assert bias.score > 0.7
    assert tagged("Hello.", "I see.", heard).bias is None
    assert tagged("some quixotry here", "I see.", read_pack(WORD_FILES)).bias is None


@pytest.mark.parametrize("heard", ["bias", "near_bias"])
def test_bias_must_be_near_bias_too_and_told_from_its_look_alikes(heard: str) -> None:
    words = {("quixot", PERSON): {heard: 9.0}}
    half = read_pack({**WORD_FILES, "exchanges.npz": model_of(EXCHANGE_NAMES, words)})
    assert tagged("some quixotry here", "I see.", half).bias is None

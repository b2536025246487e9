"""convert: every case of tests/cases/convert becomes the conversation or the reason that it names."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.outcomes import Reason
from streams.records import Conversation, Message, Role, Unreadable
from streams.shapes.order import ORDER, Row
from streams.steps.convert import convert

CASES = Path(__file__).resolve().parents[2] / "cases" / "convert"
DEPTH = 32


def _cases() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{file.stem}: {case['name']}", case)
        for file in sorted(CASES.glob("*.jsonl"))
        for case in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    ]


def _line(case: dict[str, Any]) -> bytes:
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    return case["line"].encode() if "line" in case else orjson.dumps(case["record"])


def _conversation(expected: dict[str, Any]) -> Conversation:
    messages = tuple(Message(Role(role), content) for role, content in expected["messages"])
    rest = {key: value for key, value in expected.items() if key != "messages"}
    return Conversation(messages, **{**rest, "labels": tuple(rest.get("labels", ()))})


ALL = _cases()
IDS = [name for name, _ in ALL]
READ = [(name, case) for name, case in ALL if "messages" in case["expect"]]


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=IDS)
def test_a_line_becomes_what_its_case_says(case: dict[str, Any]) -> None:
    found = convert(_line(case), case.get("depth", DEPTH))
    expected = case["expect"]
    if "messages" in expected:
        assert found == _conversation(expected)
        return
    assert isinstance(found, Unreadable)
    assert found.reason == expected["reason"]
    shown = tuple("#" if name.startswith("#") else name for name in found.fields)
    assert shown == tuple(expected["fields"])


@pytest.mark.parametrize("case", [case for _, case in READ], ids=[name for name, _ in READ])
def test_an_escaped_line_and_a_plain_one_become_the_same(case: dict[str, Any]) -> None:
    """The quick look at the bytes must not tell `\\u200b` from the character itself."""
    record = json.loads(_line(case))
    depth = case.get("depth", DEPTH)
    escaped = json.dumps(record, ensure_ascii=True).encode()
    assert convert(escaped, depth) == convert(orjson.dumps(record), depth)


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=IDS)
def test_a_refusal_carries_no_text_of_the_record(case: dict[str, Any]) -> None:
    found = convert(_line(case), case.get("depth", DEPTH))
    if isinstance(found, Unreadable):
        assert "zanzibar" not in repr((found.reason, found.fields))


def test_what_a_person_said_is_heard_though_the_answer_is_null_or_removed() -> None:
    for answer in (None, "", "[removed]"):
        record = {"prompt": "I can't go on.", "response": answer}
        found = convert(orjson.dumps(record), DEPTH)
        assert isinstance(found, Unreadable)
        assert found.heard is not None
        assert [(m.role, m.content) for m in found.heard.messages] == [(Role.USER, "I can't go on.")]


def test_every_shape_has_at_least_five_cases_one_of_them_refused() -> None:
    for row in ORDER:
        own = [case for name, case in ALL if name.startswith(f"{row.name}: ")]
        assert len(own) >= 5, row.name
        assert any("reason" in case["expect"] for case in own), row.name
        assert any(case["expect"].get("shape") == row.name for case in own), row.name


# What each shape can give beside its conversation. A shape by position or by columns knows no speakers' names.
CAN_REFUSE = {
    "preference": "null_content empty unknown_role no_user_turn unknown_shape",
    "reasoning": "null_content empty unknown_role no_user_turn",
    "chat": "null_content empty unknown_role no_user_turn unknown_shape",
    "sharegpt": "null_content empty unknown_role no_user_turn",
    "turns": "null_content empty unknown_role no_user_turn",
    "candidates": "null_content empty",
    "utterances": "null_content empty unknown_role no_user_turn",
    "tree": "null_content empty unknown_role no_parent",
    "counsel_chat": "null_content empty",
    "instruction": "null_content empty unknown_shape",
    "context_response": "null_content empty",
    "pairs": "null_content empty unknown_shape",
    "clinical": "null_content empty",
    "forum": "null_content empty",
    "tagged_text": "empty",
    "text_only": "null_content empty unknown_role no_user_turn",
    "one_side": "null_content empty no_user_turn",
}


@pytest.mark.parametrize("row", ORDER, ids=[row.name for row in ORDER])
def test_every_outcome_that_a_shape_can_give_has_a_case(row: Row) -> None:
    own = [case["expect"] for name, case in ALL if name.startswith(f"{row.name}: ")]
    assert set(CAN_REFUSE[row.name].split()) <= {expect.get("reason") for expect in own}


def test_a_speaker_in_no_list_does_not_hide_what_the_help_seeker_says() -> None:
    turns = [{"role": "user", "content": "I can't go on."}, {"role": "narrator", "content": "He wept."}]
    found = convert(orjson.dumps({"messages": turns}), DEPTH)
    assert isinstance(found, Unreadable)
    assert found.reason == Reason.UNKNOWN_ROLE
    assert found.heard is not None
    assert [m.content for m in found.heard.messages] == ["I can't go on."]


NOT_SURE = {
    "a list of the user's texts": {"messages": [{"role": "user", "content": ["I can't go on.", "Help."]}]},
    "a reply of two versions": {"instruction": "I can't go on.", "output": ["One.", "Two."]},
    "a dialogue within the chosen text": {
        "prompt": "Hello.",
        "chosen": "Hi.\n\nHuman: I can't go on.\n\nAssistant: Stay with me.",
        "rejected": "So what.",
    },
    "a dialogue within the response": {
        "prompt": "Hello.",
        "response": "Hi.\nUser: I can't go on.\nAssistant: Stay with me.",
    },
    "a null prompt before a whole dialogue": {
        "prompt": None,
        "response": "\n\nHuman: I can't go on.\n\nAssistant: Stay with me.",
    },
    "a prompt that ends in a reply": {
        "prompt": "Human: I can't go on.\nAssistant: Well,",
        "response": "Stay.",
    },
    "messages that end in another reply": {
        "messages": [{"role": "user", "content": "I can't go on."}, {"role": "assistant", "content": "No."}],
        "chosen": "Stay with me.",
        "rejected": "No.",
    },
}


@pytest.mark.parametrize("record", NOT_SURE.values(), ids=NOT_SURE)
def test_where_it_is_not_sure_who_said_what_the_help_seeker_is_heard(record: dict[str, Any]) -> None:
    found = convert(orjson.dumps(record), DEPTH)
    assert isinstance(found, Unreadable)
    assert found.heard is not None
    own = [m.content for m in found.heard.messages if m.role is Role.USER]
    assert any("I can't go on." in content for content in own)


def test_a_null_dialogue_beside_a_text_is_refused_and_the_text_is_heard() -> None:
    found = convert(orjson.dumps({"messages": None, "text": "I can't go on."}), DEPTH)
    assert isinstance(found, Unreadable)
    assert found.reason == Reason.NULL_CONTENT
    assert found.heard is not None


def test_every_reason_of_conversion_has_a_case() -> None:
    made_elsewhere = {Reason.BAD_CSV, Reason.TOO_LARGE}  # by intake, before there is a line
    conversion = set(list(Reason)[: list(Reason).index(Reason.NO_ASSISTANT_TURN)])
    found = {case["expect"]["reason"] for _, case in ALL if "reason" in case["expect"]}
    assert {reason.value for reason in conversion - made_elsewhere} == found


def test_names_that_are_hashed_say_nothing_and_stay_the_same() -> None:
    first = convert(b'{"My name is Anna": 1}', DEPTH)
    assert isinstance(first, Unreadable)
    assert first == convert(b'{"My name is Anna": 2}', DEPTH)
    assert len(first.fields[0]) == 9
    assert first != convert(b'{"My name is Hanna": 1}', DEPTH)


def test_of_a_thousand_fields_a_few_are_shown() -> None:
    found = convert(orjson.dumps({f"column_{number}": number for number in range(1000)}), DEPTH)
    assert isinstance(found, Unreadable)
    assert len(found.fields) == 32


def test_byte_order_marks_before_a_line_are_no_fault() -> None:
    line = b'{"prompt": "How do I rest?", "response": "Slowly."}'
    assert convert(b"\xef\xbb\xbf" * 3 + line, 32) == convert(line, 32)
    found = convert(b"\xef\xbb\xbf" * 100_000, 32)
    assert isinstance(found, Unreadable)
    assert found.reason is Reason.BAD_JSON

"""convert on real source files: every record is read, or refused for a reason that can be named."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from streams.records import Conversation, Role, Unreadable
from streams.steps.convert import convert

DEPTH = 32
# CSV fields of real drops are larger than the csv module expects.
FIELD_BYTES = 1 << 24


def _rows(file: Path) -> list[dict[str, Any]]:
    csv.field_size_limit(FIELD_BYTES)
    with file.open(newline="", encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def _converted(rows: list[Any]) -> tuple[list[Conversation], Counter[str]]:
    found = [convert(orjson.dumps(row), DEPTH) for row in rows]
    refused = Counter(one.reason.value for one in found if isinstance(one, Unreadable))
    return [one for one in found if isinstance(one, Conversation)], refused


def _roles(conversation: Conversation) -> list[Role]:
    return [message.role for message in conversation.messages]


def test_every_row_of_counsel_chat_is_a_question_and_its_answer(shared_data: Path) -> None:
    rows = _rows(shared_data / "conversations" / "counselchat_2020.csv")
    read, refused = _converted(rows)
    assert not refused
    assert all(one.shape == "counsel_chat" and _roles(one) == [Role.USER, Role.ASSISTANT] for one in read)
    assert all(one.labels and one.question for one in read)
    assert not any("\xa0" in message.content for one in read for message in one.messages)
    # several answers share a question, and no two questions share a key
    asked = {
        (row["questionTitle"], row["questionText"]): one.question for row, one in zip(rows, read, strict=True)
    }
    assert all(
        asked[row["questionTitle"], row["questionText"]] == one.question
        for row, one in zip(rows, read, strict=True)
    )
    assert len(set(asked.values())) > 0.99 * len(asked)
    assert len({one.question for one in read}) < len(read) / 2


def test_html_answers_become_text_and_share_their_question_with_the_plain_file(shared_data: Path) -> None:
    folder = shared_data / "conversations"
    rows = _rows(folder / "counselchat_data_html.csv")
    read, refused = _converted(rows)
    assert set(refused) == {"empty"}
    assert refused.total() < len(rows) / 100
    texts = [message.content for one in read for message in one.messages]
    assert not [text for text in texts if "<p" in text or "<br" in text or "<span" in text or "&nbsp" in text]
    plain, _ = _converted(_rows(folder / "counselchat_2020.csv"))
    html_questions, plain_questions = ({one.question for one in side} for side in (read, plain))
    assert len(html_questions & plain_questions) > 0.9 * len(html_questions)


def test_files_of_other_shapes_are_read_whole(shared_data: Path) -> None:
    folder = shared_data / "conversations"
    expected = {
        "emollm_alpaca_zh.json": "instruction",
        "emollm_xtuner_conversation_zh.json": "turns",
        "fmt_alpaca_general_en.json": "instruction",
        "fmt_dpo_sharegpt_en.json": "preference",
        "fmt_kto_messages_en.json": "preference",
        "fmt_sharegpt_toolcall_en.json": "sharegpt",
    }
    for name, shape in expected.items():
        read, refused = _converted(json.loads((folder / name).read_text(encoding="utf-8")))
        assert not refused, name
        assert {one.shape for one in read} == {shape}, name


def test_lines_of_other_shapes_are_read_whole(shared_data: Path) -> None:
    folder = shared_data / "conversations"
    expected = {
        "emollm_jsonl_named_json_zh.json": "instruction",
        "fmt_v1_dpo_content_blocks.jsonl": "preference",
        "fmt_v1_sft_content_blocks.jsonl": "chat",
        "rows_heliosbrahma_human_assistant.jsonl": "tagged_text",
        "rows_mentalchat16k_alpaca.jsonl": "instruction",
    }
    for name, shape in expected.items():
        lines = (folder / name).read_bytes().splitlines()
        found = [convert(line, DEPTH) for line in lines if line.strip()]
        assert found, name
        assert {one.shape if isinstance(one, Conversation) else one.reason for one in found} == {shape}, name


def test_the_constant_instruction_of_a_set_is_its_system_turn(shared_data: Path) -> None:
    lines = (shared_data / "conversations" / "rows_mentalchat16k_alpaca.jsonl").read_bytes().splitlines()
    for line in lines:
        found = convert(line, DEPTH)
        assert isinstance(found, Conversation)
        assert _roles(found) == [Role.SYSTEM, Role.USER, Role.ASSISTANT]

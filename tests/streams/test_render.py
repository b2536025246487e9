import os
import subprocess
import sys

import orjson
import pytest

from streams.chain import Desk, before_dedup, divert, receive, run_steps, settle
from streams.chunks import DecidedChunk, read_decided
from streams.outcomes import Copy, Duplicate, Held, Kept, Reason, Rejected
from streams.records import Conversation, Message, Origin, Record, Role, Source
from streams.render import SECTIONS, record_id, render, screen_line
from streams.topology import FUSED
from tests.streams.small_pack import small_pack
from tests.streams.small_records import CANARY, LINES, all_kinds, chunk, numbered


def decided(records: list[Record]) -> list[Record]:
    run_steps(
        [Desk(record) for record in records],
        before_dedup(FUSED[0].steps),
        small_pack(),
        observe=lambda *_: None,
        clock=lambda: 0.0,
    )
    settle(divert(records) and records)
    return records


def one(line: bytes) -> Record:
    return decided(receive(chunk([line]), lambda _bucket, _key: Origin("tests", 1, "CC0")))[0]


def rendered(records: list[Record]) -> dict[tuple[str, str], list[dict]]:
    value, sections = render(records, "pack", 3, 44)
    whole = DecidedChunk(value, sections, "r", 3, 44, 44)
    return {
        (section.dataset, section.split): [orjson.loads(line) for line in piece.splitlines()]
        for section, piece in whole.slices()
    }


def lines_of(record: Record) -> tuple[dict, dict]:
    found = rendered([record])
    row = found.pop(("outcomes", ""))[0]
    [[line]] = found.values()
    return line, row


def test_each_record_has_one_line_in_one_dataset_and_one_in_outcomes() -> None:
    records = decided(all_kinds())
    found = rendered(records)
    rows = found.pop(("outcomes", ""))
    ids = [line["id"] for lines in found.values() for line in lines]
    assert sorted(ids) == sorted(row["id"] for row in rows) == sorted(record_id(r.source) for r in records)
    assert len(set(ids)) == len(records)


def test_sections_stand_in_their_fixed_order_and_add_up() -> None:
    value, sections = render(decided(all_kinds()), "pack", 0, 0)
    names = [(s.dataset, s.split) for s in sections]
    assert names == [section for section in SECTIONS if section in names]
    assert sum(s.size_bytes for s in sections) == len(value)
    assert sum(s.lines for s in sections) == value.count(b"\n")
    chunk_out = DecidedChunk(value, sections, "r", 0, 5, 5)
    assert read_decided(chunk_out.value, chunk_out.headers()) == chunk_out


def test_a_kept_record_lies_in_the_section_of_its_split() -> None:
    records = decided(receive(chunk([numbered(n) for n in range(60)]), lambda _b, _k: Origin("tests", 1)))
    for (dataset, split), lines in rendered(records).items():
        if dataset == "kept":
            assert {line["metadata"]["split"] for line in lines} == {split}
    assert {record.outcome.split for record in records if isinstance(record.outcome, Kept)} == {
        "train",
        "val",
        "test",
    }


def test_no_text_is_in_outcomes_and_rejected() -> None:
    found = rendered(decided(all_kinds()))
    for name in (("outcomes", ""), ("rejected", "")):
        assert CANARY.encode() not in orjson.dumps(found[name])


@pytest.mark.parametrize("reason", [Reason.STEP_ERROR, Reason.POISON, Reason.GATE_ERROR])
def test_a_record_that_was_not_read_safely_keeps_its_place_and_no_text(reason: Reason) -> None:
    record = one(LINES["pii"])
    record.outcome = Held(reason)
    line, row = lines_of(record)
    assert line["source"]["record"] == 100
    assert line["reason"] == row["reason"] == reason.value
    for written in (orjson.dumps([line, row]), screen_line(record)):
        assert CANARY.encode() not in written
        assert b"mira" not in written


def test_without_the_word_of_the_pii_step_no_text_is_written() -> None:
    record = one(LINES["pii"])
    record.pii = None
    record.outcome = Held(Reason.UNGATED_LANGUAGE)
    line, row = lines_of(record)
    assert CANARY.encode() not in orjson.dumps([line, row])


def test_personal_data_is_scrubbed_and_crisis_spans_move_with_the_text() -> None:
    line, row = lines_of(one(LINES["crisis"]))
    text = line["messages"][0]["content"]
    assert "mira@post.example" not in orjson.dumps([line, row]).decode()
    [span] = line["metadata"]["crisis"]["spans"]
    assert text[span["start"] : span["end"]].lower() == "want to die"
    assert row["pii"] == {"email": 1}
    assert row["crisis"]["level"] == "acute"


def test_screen_shows_spans_of_the_converted_text() -> None:
    line = orjson.loads(screen_line(one(LINES["crisis"])))
    text = line["messages"][0]["content"]
    [crisis], [pii] = line["metadata"]["crisis"]["spans"], line["metadata"]["pii"]
    assert text[crisis["start"] : crisis["end"]] == "want to die"
    assert text[pii["start"] : pii["end"]].startswith("mira@post.example")
    assert pii["type"] == "email"


def test_screen_tells_of_each_kind_in_the_same_words_as_the_outcome() -> None:
    for record in decided(all_kinds()):
        line = orjson.loads(screen_line(record))
        assert line["record"] == record.source.record
        assert {"outcome", "reason", "shape", "single_turn", "messages", "metadata"} <= set(line)
        assert bool(line["messages"]) == (record.conversation is not None)


def test_reasoning_is_scrubbed_like_a_message() -> None:
    line = orjson.dumps(
        {
            "question": "How can I tell my sister that I need more time for myself?",
            "reasoning": "She wrote from mira@post.example before, so the tone matters here.",
            "answer": "That makes sense. You could tell her what you need, and propose one evening to talk about it.",
        }
    )
    record = one(line)
    assert record.conversation is not None
    assert record.conversation.reasoning is not None
    written, _ = lines_of(record)
    assert "[EMAIL]" in written["metadata"]["reasoning"]
    assert "mira" not in written["metadata"]["reasoning"]


def test_reasoning_is_written_scrubbed_whatever_shape_gave_it() -> None:
    record = one(LINES["kept"])
    assert record.conversation is not None
    thinking = Conversation(
        record.conversation.messages, "reasoning", reasoning="Wrote from mira@post.example before."
    )
    fresh = Record(record.source, record.origin, conversation=thinking)
    line, row = lines_of(decided([fresh])[0])
    assert line["metadata"]["reasoning"].startswith("Wrote from [EMAIL]")
    assert b"mira" not in orjson.dumps([line, row])


def test_text_that_no_json_can_hold_costs_its_record_and_no_other() -> None:
    good = one(LINES["kept"])
    bad = one(LINES["tag and category"])
    bad.source = Source("drops", "a/b.jsonl", "v1", 101)
    assert bad.conversation is not None
    bad.conversation = Conversation((Message(Role.USER, "half a pair \ud83d"),), "chat")
    found = rendered([good, bad])
    assert bad.outcome == Held(Reason.STEP_ERROR)
    assert [line["reason"] for line in found["held", ""]] == ["step_error"]
    assert len(found["outcomes", ""]) == 2


def test_the_id_follows_from_all_four_parts_of_the_place() -> None:
    places = [
        ("b", "k", "v", 1),
        ("B", "k", "v", 1),
        ("b", "K", "v", 1),
        ("b", "k", "V", 1),
        ("b", "k", "v", 2),
    ]
    assert len({record_id(Source(*place)) for place in places}) == 5
    assert record_id(Source("b", "k", "v", 1)) == record_id(Source("b", "k", "v", 1))


def test_a_rejected_record_shows_why_and_which_fields_it_had() -> None:
    line, row = lines_of(one(LINES["unknown shape"]))
    assert row["reason"] == line["reason"] == "unknown_shape"
    assert "weight" in line["fields"]
    assert len(line["fields"]) == 2


def test_a_duplicate_is_written_in_full() -> None:
    record = one(LINES["kept"])
    record.outcome = Duplicate(Copy.EXACT)
    line, row = lines_of(record)
    assert CANARY in line["messages"][0]["content"]
    assert (row["outcome"], row["reason"]) == ("duplicate", "exact")


def test_an_outcomes_row_says_where_the_raw_record_stands() -> None:
    _, row = lines_of(one(LINES["kept"]))
    assert (row["raw_partition"], row["raw_offset"], row["generation"]) == (3, 44, 0)
    assert len(row["bands"]) == 8
    assert row["characters"] == sum(map(len, (m["content"] for m in orjson.loads(LINES["kept"])["messages"])))


def test_the_bytes_are_the_same_in_another_process_with_other_hashing() -> None:
    code = (
        "import hashlib; from tests.streams.test_render import decided; from streams.render import render;"
        "from tests.streams.small_records import all_kinds;"
        "value, sections = render(decided(all_kinds()), 'p', 1, 2); print(hashlib.sha256(value).hexdigest(), sections)"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1


def test_a_record_without_an_outcome_is_refused_not_dropped() -> None:
    record = Record(Source("b", "k", "v", 0), Origin("tests"))
    found = rendered([record])
    assert record.outcome == Held(Reason.STEP_ERROR)
    assert len(found["outcomes", ""]) == len(found["held", ""]) == 1


def test_a_stub_becomes_a_row_and_a_line() -> None:
    record = Record(Source("b", "k", "v", 0), Origin("tests"), refused=Reason.TOO_LARGE)
    settle([record])
    assert record.outcome == Rejected(Reason.TOO_LARGE)
    line, row = lines_of(record)
    assert line["reason"] == row["reason"] == "too_large"

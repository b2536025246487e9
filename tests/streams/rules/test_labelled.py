"""Labelled sets: what a line must be, and what near copies are."""

import orjson
import pytest

from streams.records import Role
from streams.rules.fields import BadPack
from streams.rules.labelled import near_copies, own_words, read_examples
from streams.rules.model import Kind

CANARY = "violet-canary-93"


def lines(*rows: object) -> bytes:
    """JSON Lines; a mapping gets a stratum where it names none."""
    told = [{"stratum": "calm", **row} if isinstance(row, dict) else row for row in rows]
    return b"\n".join(orjson.dumps(row) for row in told)


def test_a_set_is_read_with_writer_stratum_and_brackets_taken_out() -> None:
    files = {
        "b.jsonl": lines(
            {
                "stratum": "late",
                "y": 1,
                "level": "acute",
                "chat": ["hello", "yes?", "⟦it is tonight⟧ then"],
                "pair": "k1",
            }
        ),
        "a.jsonl": lines({"y": 0, "text": "a good day"}, {"y": 0, "text": "apa kabar", "lang": "id-en"}),
    }
    first, second, third = read_examples(files)
    assert (first.id, first.writer, first.stratum, first.label) == ("a.jsonl:1", "a", "calm", False)
    assert second.language == "id-en"
    assert (third.writer, third.level, third.pair) == ("b", "acute", "k1")
    assert [m.content for m in third.conversation().messages] == ["hello", "yes?", "it is tonight then"]
    assert [m.role for m in third.conversation().messages] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert own_words(third, Kind.CRISIS) == "hello\n⟦it is tonight⟧ then"
    assert own_words(third, Kind.UNSAFE_REPLY) == "yes?"


def test_long_is_many_turns_or_many_words() -> None:
    rows = [{"y": 0, "chat": ["so"] * 8}, {"y": 0, "text": "so " * 200}, {"y": 0, "text": "so " * 199}]
    assert [e.is_long for e in read_examples({"a.jsonl": lines(*rows)})] == [True, True, False]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"y": 2, "text": CANARY}, "y must be"),
        ({"text": CANARY}, "y must be"),
        ({"y": 1}, "text, or a chat"),
        ({"y": 1, "text": CANARY, "chat": [CANARY]}, "text, or a chat"),
        ({"y": 1, "chat": [CANARY, " "]}, "text, or a chat"),
        ({"y": 1, "text": CANARY + "⟦"}, "text, or a chat"),
        ({"y": 1, "text": CANARY, "level": "bad"}, "level must be"),
        ({"y": 0, "text": CANARY, "level": "acute"}, "level must be"),
        ({"y": 1, "text": CANARY, "why": "x"}, "keys of"),
        ({"y": 1, "text": CANARY, "stratum": 3}, "name its stratum"),
        ([CANARY], "keys of"),
    ],
)
def test_a_bad_line_is_told_by_its_place_and_never_by_its_text(row: object, fault: str) -> None:
    with pytest.raises(BadPack) as told:
        read_examples({"a.jsonl": lines({"y": 0, "text": "so"}, row) + b"\n{"})
    assert [place.split(": ")[0] for place in told.value.faults] == ["a.jsonl:2", "a.jsonl:3"]
    assert fault in told.value.faults[0]
    assert CANARY not in str(told.value)


def test_near_copies_are_found_whatever_their_case_and_marks() -> None:
    rows = [
        {"y": 0, "text": "I walked the dog along the canal before work, as ever."},
        {"y": 0, "text": "before work i WALKED the dog along the canal; as ever, alone"},
        {"y": 0, "text": "I walked to the shop and bought bread for the week"},
    ]
    examples = read_examples({"a.jsonl": lines(*rows)})
    assert near_copies(examples, Kind.CRISIS) == [("a.jsonl:1", "a.jsonl:2")]

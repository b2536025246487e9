"""What is said of real counsellors' exchanges: nobody has labelled them, but most are ordinary, and a part is no lot.

Sets of invented texts are half of what a gate or a tag looks for. A tag with F1 0.80 on such a set was once given to
nine in ten of these, for real texts are longer, and mostly about something else.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from streams.records import Conversation, Message, Role
from streams.rules.model import Kind
from streams.rules.pack import Pack
from streams.steps.gate import finding
from streams.steps.scan import scan
from streams.steps.tags import tags

FILE = Path("conversations", "counselchat_2020.csv")


def exchanges(file: Path) -> list[Conversation]:
    csv.field_size_limit(1 << 24)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [
            (f"{row['questionTitle']}\n{row['questionText']}", row["answerText"])
            for row in csv.DictReader(lines)
        ]
    return [
        Conversation((Message(Role.USER, asked), Message(Role.ASSISTANT, answered)), "real")
        for asked, answered in dict.fromkeys(rows)
        if answered.strip()
    ]


@pytest.fixture(scope="module")
def shares(pack: Pack, shared_data: Path) -> dict[str, float]:
    found = exchanges(shared_data / FILE)
    said: Counter[str] = Counter()
    for conversation in found:
        read = scan(conversation, pack)
        facts = tags(conversation, read, pack)
        said["bias"] += facts.bias is not None
        said["grounded"] += facts.grounded is not None
        for gate in (Kind.CRISIS, Kind.UNSAFE_REPLY):
            said[gate] += finding(read, gate, pack).level is not None
    assert len(found) > 1_500
    return {name: count / len(found) for name, count in said.items()}


@pytest.mark.parametrize(
    ("what", "most"), [("crisis", 0.25), ("unsafe_reply", 0.12), ("bias", 0.3), ("grounded", 0.18)]
)
def test_what_is_said_of_real_exchanges_is_said_of_a_small_part(
    what: str, most: float, shares: dict[str, float]
) -> None:
    assert 0 < shares[what] <= most

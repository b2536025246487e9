"""Every shape: what was written in it comes back from convert, under its own name."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.records import Conversation
from streams.shapes.content import PLACEHOLDERS
from streams.shapes.order import ORDER
from streams.shapes.plain_text import plain_text
from streams.steps.convert import convert
from tests.streams.shapes.writers import WRITERS, Shape

DEPTH = 32
WAYS = [(name, way, shape) for name, ways in WRITERS.items() for way, shape in ways.items()]

_PIECES = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    st.sampled_from(
        [
            "I can't rest",
            "at 10:30",
            "<3",
            "x < y > z",
            "<name>",
            "&amp;lt;b&amp;gt;",
            "a\u200bb",
            "<p>so</p>",
        ]
    ),
    st.sampled_from(
        ["👨\u200d👩\u200d👧", "می\u200cخواهم", "\u00a0", "\r\n", "\x07", "{name}", "[brackets]"]
    ),
)


def _is_said(text: str) -> bool:
    return bool(text) and text.lower() not in PLACEHOLDERS


# "Well" in front keeps a text from being a role's name, a tag, a time or a placeholder of its own
_SAID = (
    st.lists(_PIECES, min_size=1, max_size=4).map(lambda pieces: "Well, " + " ".join(pieces)).filter(_is_said)
)


def _clean(text: str, is_in_one_text: bool = False) -> str:
    plain = plain_text(text).strip()
    # markup in any turn of one text settles the spaces at the ends of all its lines
    return " ".join(plain.split()) if is_in_one_text else plain


@st.composite
def _turns(draw: st.DrawFn, shape: Shape) -> list[tuple[str, str]]:
    count = draw(st.integers(shape.least, shape.most))
    if not shape.ends_open:
        count += count % 2
    texts = draw(st.lists(_SAID, min_size=count, max_size=count))
    return [(("user", "assistant")[at % 2], text) for at, text in enumerate(texts)]


@pytest.mark.parametrize(("name", "way", "shape"), WAYS, ids=[f"{name}: {way}" for name, way, _ in WAYS])
def test_what_is_written_in_a_shape_comes_back(name: str, way: str, shape: Shape) -> None:
    @given(_turns(shape))
    @settings(deadline=None, max_examples=30)
    def comes_back(turns: list[tuple[str, str]]) -> None:
        found = convert(orjson.dumps(shape.write(turns)), DEPTH)
        assert isinstance(found, Conversation), found.reason
        assert found.shape == name
        read = [(m.role.value, m.content) for m in found.messages]
        if shape.is_one_text:
            read = [(role, _clean(text, True)) for role, text in read]
        assert read == [(who, _clean(text, shape.is_one_text)) for who, text in turns]
        assert found.single_turn is (name == "text_only")
        assert (found.reasoning is None) is (name != "reasoning")

    comes_back()


@given(_SAID, st.lists(_SAID, min_size=3, max_size=3))
@settings(deadline=None, max_examples=40)
def test_a_case_and_its_findings_come_back(case: str, findings: list[str]) -> None:
    names = ("diagnosis", "treatment", "outcome")
    record: dict[str, Any] = {"case_description": case, **dict(zip(names, findings, strict=True))}
    found = convert(orjson.dumps(record), DEPTH)
    assert isinstance(found, Conversation)
    assert found.shape == "clinical"
    told = "\n".join(f"{n.capitalize()}: {_clean(text)}" for n, text in zip(names, findings, strict=True))
    assert [m.content for m in found.messages] == [_clean(case), told]


def test_every_shape_has_a_writer() -> None:
    assert set(WRITERS) == {row.name for row in ORDER}

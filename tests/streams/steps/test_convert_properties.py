"""convert never raises, whatever the bytes, and what it gives keeps the promises of Conversation."""

import json
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import PLACEHOLDERS
from streams.shapes.order import ORDER
from streams.steps.convert import convert

DEPTH = 16

# every field that a shape asks for first, and some that it asks for next
_OTHER_NAMES = {
    *(
        "response",
        "output",
        "answer",
        "completion",
        "rejected",
        "answertext",
        "candidates",
        "comment",
        "diagnosis",
    ),
    *(
        "role",
        "from",
        "speaker",
        "content",
        "value",
        "type",
        "history",
        "system",
        "title",
        "data",
        "topic",
        "tags",
    ),
}
_NAMES = st.sampled_from(sorted({name for row in ORDER for name in row.one_of} | _OTHER_NAMES))
_TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["user", "assistant", "gpt", "<p>a</p>", "&amp;lt;", "User: a\nAssistant: b", "[removed]", "a\u200bb"]
    ),
)
_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**60), 2**60),
        st.floats(allow_nan=False, allow_infinity=False),
        _TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(_NAMES, st.text(max_size=8)), inner, max_size=5),
    ),
    max_leaves=25,
)
_RECORDS = st.dictionaries(st.one_of(_NAMES, st.text(max_size=8)), _VALUES, max_size=8)


def _keeps_its_promises(found: Conversation | Unreadable) -> None:
    if isinstance(found, Unreadable):
        return
    assert any(message.role is Role.USER for message in found.messages)
    assert all(first.role is not second.role for first, second in pairwise(found.messages))
    assert found.shape in {row.name for row in ORDER}
    for message in found.messages:
        assert message.content == message.content.strip()
        assert message.content.lower() not in PLACEHOLDERS
        assert not {"\xa0", "\x00", "\x07", "\r"} & set(message.content)


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    _keeps_its_promises(convert(line, DEPTH))


@given(st.one_of(_RECORDS, _VALUES))
@settings(deadline=None, max_examples=600)
def test_any_json_is_read_or_refused_and_the_result_is_sound(document: Any) -> None:
    try:
        line = orjson.dumps(document)
    except orjson.JSONEncodeError:  # half a surrogate: only json writes it
        line = json.dumps(document).encode()
    _keeps_its_promises(convert(line, DEPTH))


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text(max_size=40)), min_size=1, max_size=8)
)
@settings(deadline=None, max_examples=200)
def test_escaped_and_plain_bytes_of_one_chat_become_the_same(turns: list[tuple[str, str]]) -> None:
    record = {"messages": [{"role": role, "content": content} for role, content in turns]}
    try:
        plain = orjson.dumps(record)
    except orjson.JSONEncodeError:
        return
    assert convert(plain, DEPTH) == convert(json.dumps(record).encode(), DEPTH)


@given(st.integers(1, 900))
@settings(deadline=None, max_examples=40)
def test_nesting_is_refused_from_the_first_level_too_many(levels: int) -> None:
    inner = b"[" * (levels - 1) + b"]" * (levels - 1)
    line = b'{"text": "x"' + (b', "more": ' + inner if inner else b"") + b"}"
    too_deep = isinstance(convert(line, DEPTH), Unreadable)
    assert too_deep is (levels > DEPTH)

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.carry import LEFT_OUT, BadLine, dump, load
from streams.chain import Desk, before_dedup, run_steps
from streams.outcomes import Copy, Level, Reason, Split
from streams.records import (
    Category,
    CategoryFacts,
    Conversation,
    EarsFacts,
    Failure,
    Finding,
    Fingerprints,
    GroupFacts,
    LanguageFacts,
    Message,
    Origin,
    PiiFacts,
    PiiSpan,
    QualityFacts,
    Record,
    Role,
    Source,
    Span,
    Tag,
    TagFacts,
    Unreadable,
)
from streams.topology import FUSED
from tests.streams.small_pack import small_pack
from tests.streams.small_records import CANARY, all_kinds

# Whatever UTF-8 can hold, line ends and control characters included.
text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
number = st.integers(-1, 2**40)
score = st.floats(0, 1)
names = st.lists(text, max_size=3).map(tuple)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


spans = st.lists(st.builds(Span, number, number, number), max_size=3).map(tuple)
pii_spans = st.lists(st.builds(PiiSpan, number, number, number, text), max_size=3).map(tuple)
messages = st.lists(st.builds(Message, st.sampled_from(Role), text), max_size=4).map(tuple)
finding = st.builds(Finding, maybe(st.sampled_from(Level)), score, names, spans)
tag = st.builds(Tag, score, names, names)
categories = st.lists(st.builds(Category, text, score, text), min_size=1, max_size=3).map(tuple)
records = st.builds(
    Record,
    st.builds(Source, text, text, text, number),
    st.builds(Origin, text, maybe(number), maybe(text)),
    refused=maybe(st.sampled_from(Reason)),
    conversation=maybe(
        st.builds(Conversation, messages, text, st.booleans(), st.booleans(), names, maybe(text), maybe(text))
    ),
    unreadable=maybe(st.builds(Unreadable, st.sampled_from(Reason), names)),
    failure=maybe(st.builds(Failure, text, text)),
    pii=maybe(st.builds(PiiFacts, pii_spans, text)),
    crisis=maybe(finding),
    unsafe_reply=maybe(finding),
    language=maybe(st.builds(LanguageFacts, text, score, st.booleans(), st.booleans())),
    ears=maybe(
        st.builds(EarsFacts, st.booleans(), st.booleans(), st.booleans(), st.booleans(), score, names)
    ),
    quality=maybe(st.builds(QualityFacts, score, score, names)),
    categories=maybe(st.builds(CategoryFacts, categories)),
    tags=maybe(st.builds(TagFacts, maybe(tag), maybe(tag))),
    fingerprints=maybe(st.builds(Fingerprints, text, names)),
    group=maybe(st.builds(GroupFacts, text, st.sampled_from(Split), number)),
    copy=maybe(st.sampled_from(Copy)),
)


@given(records)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    line = dump(record)
    assert b"\n" not in line
    assert load(line) == record


def test_what_the_steps_make_comes_back_with_its_own_types() -> None:
    made = all_kinds()
    steps = before_dedup(FUSED[0].steps)
    run_steps([Desk(r) for r in made], steps, small_pack(), observe=lambda *_: None, clock=lambda: 0.0)
    for record in made:
        back = load(dump(record))
        assert back == record
        for field in fields(Record):
            assert type(getattr(back, field.name)) is type(getattr(record, field.name))


def test_the_line_and_the_outcome_stay_behind() -> None:
    record = all_kinds()[0]
    assert record.line
    assert CANARY.encode() not in dump(record)
    assert load(dump(record)).line == b""


def test_every_field_of_a_record_is_carried_or_left_out_on_purpose() -> None:
    carried = {"source", "origin", *(name for name in _loaders())}
    assert carried | LEFT_OUT == {field.name for field in fields(Record)}


def _loaders() -> set[str]:
    from streams.carry import _LOADERS

    return set(_LOADERS)


@pytest.mark.parametrize(
    "line", [b"", b"null", b"[]", b"{}", b'{"source": 1}', CANARY.encode(), b'{"a": "' + CANARY.encode()]
)
def test_a_line_of_another_writer_is_refused_without_quoting_it(line: bytes) -> None:
    with pytest.raises(BadLine) as caught:
        load(line)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_text_that_json_cannot_hold_becomes_a_failure_of_its_record() -> None:
    broken = Conversation((Message(Role.USER, "half a pair \ud83d"),), "chat")
    record = Record(Source("b", "k", "v", 3), Origin("tests"), conversation=broken)
    back = load(dump(record))
    assert back.source == record.source
    assert back.conversation is None
    assert back.failure is not None
    assert back.failure.step == "carry"

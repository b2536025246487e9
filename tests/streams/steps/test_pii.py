"""Personal data is found at its exact place in any Unicode, and numbers that are none survive."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.records import Conversation, Message, PiiFacts, PiiSpan, Role, Span
from streams.rules.pack import Pack
from streams.scrub import scrub, shift
from streams.steps.pii import pii
from streams.steps.scan import REASONING, scan

Cases = Callable[[str], list[dict[str, Any]]]


def said(text: str, reasoning: str | None = None) -> Conversation:
    messages = (Message(Role.USER, text), Message(Role.ASSISTANT, "Thank you."))
    return Conversation(messages, "test", reasoning=reasoning, question="asked by nora@example.org")


def found_in(conversation: Conversation, pack: Pack) -> PiiFacts:
    return pii(conversation, scan(conversation, pack), pack)


def test_golden_cases(pack: Pack, cases: Cases) -> None:
    wrong = []
    for case in cases("pii/found.jsonl"):
        text = case["text"]
        facts = found_in(said(text), pack)
        if [[text[span.start : span.end], span.type] for span in facts.spans] != case["found"]:
            wrong.append(case["name"])
    assert wrong == []


# What each labelled set must reach, all types together: precision and recall. The first was written beside the rules;
# its few known misses are invented characters, a town that is a first name, and words as first names. The second is of
# an author who saw none of them; most that is missed there are first names that are words, at a sentence's start.
@pytest.mark.parametrize(
    ("labelled", "least_precision", "least_recall"),
    [("pii/labelled.jsonl", 0.97, 0.97), ("pii/another_author.jsonl", 0.95, 0.90)],
)
def test_labelled_texts_of_many_styles(
    labelled: str, least_precision: float, least_recall: float, pack: Pack, cases: Cases
) -> None:
    hits: Counter[str] = Counter()
    in_doubt = []
    for case in cases(labelled):
        facts = found_in(said(case["text"]), pack)
        found = {(span.start, span.end, span.type) for span in facts.spans}
        wanted = {(start, end, kind) for start, end, kind in case["spans"]}
        hits.update(right=len(found & wanted), found=len(found), wanted=len(wanted))
        if facts.status == "requires_review":
            in_doubt.append(case["name"])
    assert hits["right"] / hits["found"] >= least_precision
    assert hits["right"] / hits["wanted"] >= least_recall
    assert in_doubt == []


@pytest.mark.parametrize("between", [" ", "\n", "\u3000", "-" * 150])
def test_a_name_is_found_however_little_space_is_around_it(between: str, pack: Pack) -> None:
    text = between.join(["my friend Zuberi", "left"] * 40)
    found = [text[s.start : s.end] for s in found_in(said(text), pack).spans if s.message == 0]
    assert found == ["Zuberi"] * 40


@pytest.mark.parametrize(
    ("before", "data", "kind"),
    [
        ("Liebe Grüße aus München, ich heiße 😀 my name is ", "Łucja Wiśniewska", "person_name"),
        ("“ﬁrst” … Dr. ", "Françoise Müller", "person_name"),
        ("ﬀ ＳＳＮ ", "２１９-０９-９９９９", "ssn"),
        ("naïve café, I live at ", "14 Maplé Street, Leeds LS6 2AB", "street_address"),
        ("😊😊 born on ", "１２ March １９８７", "date_of_birth"),
    ],
)
def test_spans_are_exact_whatever_stands_before(pack: Pack, before: str, data: str, kind: str) -> None:
    text = f"{before}{data}, ok"
    spans = [(text[s.start : s.end], s.type) for s in found_in(said(text), pack).spans]
    assert spans == [(data, kind)]


def test_a_name_that_was_shown_once_is_found_in_the_whole_record(pack: Pack) -> None:
    conversation = said("My flatmate Zuberi left. I miss how Zuberi laughed.", reasoning="So Zuberi is gone.")
    clean = scrub(conversation, found_in(conversation, pack))
    assert clean.messages[0].content == "My flatmate [PERSON_NAME] left. I miss how [PERSON_NAME] laughed."
    assert clean.reasoning == "So [PERSON_NAME] is gone."


def test_words_of_danger_and_numbers_of_a_life_survive(pack: Pack) -> None:
    for text in (
        "I want to die. I have 40 tablets of 500 mg, I am 17, it is 3 am.",
        "I will jump on Friday. I may not see May. Hope is gone, grace too.",
        "Call 988, or 1-800-273-8255, or text HOME to 741741, or 116 123 in the UK.",
    ):
        assert found_in(said(text), pack) == PiiFacts((), "none_detected")


def test_a_name_near_by_is_not_what_was_announced(pack: Pack) -> None:
    text = "my card number is 4111 1111 1111 1112, thanks, Nora"
    assert found_in(said(text), pack).status == "requires_review"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(before=st.text(max_size=40), after=st.text(max_size=40))
def test_spans_are_exact_between_any_characters(pack: Pack, before: str, after: str) -> None:
    text = f"{before}\n nora.quill@example.org \n{after}"
    spans = [span for span in found_in(said(text), pack).spans if span.type == "email"]
    assert "nora.quill@example.org" in [text[span.start : span.end] for span in spans]


def test_data_that_is_announced_and_not_found_is_reviewed(pack: Pack) -> None:
    assert found_in(said("my card number is 4111 1111 1111 1112"), pack).status == "requires_review"
    assert found_in(said("my card number is 4111 1111 1111 1111"), pack).status == "scrubbed"
    assert found_in(said("I am 34 and tired."), pack) == PiiFacts((), "none_detected")


def test_scrubbing_leaves_no_data_and_all_else(pack: Pack) -> None:
    conversation = said(
        "Né à 😊 nora@example.org, SSN 219-09-9999. Age 34.", reasoning="mail bo@example.org back"
    )
    facts = found_in(conversation, pack)
    assert {span.message for span in facts.spans} == {0, REASONING}
    clean = scrub(conversation, facts)
    assert clean.messages[0].content == "Né à 😊 [EMAIL], SSN [SSN]. Age 34."
    assert clean.reasoning == "mail [EMAIL] back"
    assert clean.question is None
    assert clean.messages[1] == conversation.messages[1]


def test_scrubbing_twice_finds_nothing_more(pack: Pack) -> None:
    clean = scrub(
        said("Call (212) 555-0147 or nora@example.org"),
        found_in(said("Call (212) 555-0147 or nora@example.org"), pack),
    )
    assert found_in(clean, pack).spans == ()


@given(st.data())
def test_shifted_spans_hold_the_same_words(data: st.DataObject) -> None:
    words = data.draw(
        st.lists(st.tuples(st.text("abc", min_size=1, max_size=9), st.booleans()), min_size=1, max_size=8)
    )
    text, pieces, private = "", [], []
    for word, is_private in words:
        start = len(text)
        text += word + " "
        if is_private:
            private.append(PiiSpan(0, start, start + len(word), "ip"))
        else:
            pieces.append((Span(0, start, start + len(word)), word))
    facts = PiiFacts(tuple(private), "scrubbed")
    conversation = Conversation((Message(Role.USER, text),), "test")
    clean = scrub(conversation, facts).messages[0].content
    for (_, word), moved in zip(pieces, shift([span for span, _ in pieces], facts), strict=True):
        assert clean[moved.start : moved.end] == word


def test_a_span_that_cuts_into_data_grows_to_the_placeholder() -> None:
    facts = PiiFacts((PiiSpan(0, 4, 14, "ip"),), "scrubbed")
    assert shift([Span(0, 0, 9), Span(0, 6, 8), Span(0, 10, 20), Span(1, 6, 8)], facts) == (
        Span(0, 0, 8), Span(0, 4, 8), Span(0, 4, 14), Span(1, 6, 8),
    )  # fmt: skip

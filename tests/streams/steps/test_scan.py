"""One pass ties every match to its message and to those whose words the rule reads."""

from hypothesis import given
from hypothesis import strategies as st

from streams.records import Conversation, Message, Role
from streams.rules.model import Kind
from streams.rules.pack import Pack
from streams.steps.passes import count_digits
from streams.steps.scan import REASONING, scan

CRY = "I want to kill myself"


def said(*turns: tuple[Role, str], guessed: bool = False, reasoning: str | None = None) -> Conversation:
    messages = tuple(Message(role, text) for role, text in turns)
    return Conversation(messages, "test", roles_guessed=guessed, reasoning=reasoning)


def test_a_rule_reads_only_the_side_it_is_for(pack: Pack) -> None:
    for role in (Role.ASSISTANT, Role.SYSTEM, Role.TOOL):
        assert not scan(said((Role.USER, "Hello."), (role, CRY)), pack).of(Kind.CRISIS)
    assert scan(said((Role.ASSISTANT, "Hello."), (Role.USER, CRY)), pack).of(Kind.CRISIS)


def test_where_roles_are_guessed_the_gates_read_both_sides(pack: Pack) -> None:
    turns = ((Role.USER, "Hello."), (Role.ASSISTANT, CRY))
    found = scan(said(*turns, guessed=True), pack)
    assert {hit.message for hit in found.of(Kind.CRISIS)} == {1}
    assert not scan(said((Role.USER, "I'm so sorry to hear that"), guessed=True), pack).of(Kind.EARS)


def test_no_match_reaches_over_the_edge_of_a_message(pack: Pack) -> None:
    assert not scan(said((Role.USER, "I want to kill"), (Role.USER, "myself")), pack).of(Kind.CRISIS)


def test_each_hit_names_its_message_even_at_its_very_end(pack: Pack) -> None:
    found = scan(said((Role.USER, CRY), (Role.ASSISTANT, "Hm."), (Role.USER, CRY)), pack)
    assert {hit.message for hit in found.of(Kind.CRISIS)} == {0, 2}


def test_spans_are_code_points_of_the_message_as_it_is(pack: Pack) -> None:
    text = "😊 Ünder all: I want to k\u200bіll mysélf, ok?"
    conversation = said((Role.USER, "é" * 9), (Role.ASSISTANT, "Hm."), (Role.USER, text))
    found = scan(conversation, pack)
    spans = {found.span(hit.message, found.start(hit), hit.end) for hit in found.of(Kind.CRISIS)}
    assert any(
        text[span.start : span.end] == "want to k\u200bіll mysélf" and span.message == 2 for span in spans
    )


def test_the_reasoning_is_searched_for_personal_data_alone(pack: Pack) -> None:
    found = scan(said((Role.USER, "Hello."), reasoning=f"{CRY} nora@example.org"), pack)
    assert not found.of(Kind.CRISIS)
    assert {hit.message for hit in found.of(Kind.PII)} == {REASONING}


def test_an_empty_text_and_a_huge_one_are_scanned(pack: Pack) -> None:
    assert scan(said((Role.USER, "")), pack).hits == {}
    assert scan(said((Role.USER, "so it goes. " * 20_000 + CRY)), pack).of(Kind.CRISIS)


def test_where_roles_are_guessed_the_gates_still_name_the_right_place(pack: Pack) -> None:
    turns = ((Role.USER, "Hello."), (Role.ASSISTANT, CRY), (Role.USER, "You should hit him back harder."))
    found = scan(said(*turns, guessed=True), pack)
    assert {hit.message for hit in found.of(Kind.UNSAFE_REPLY)} == {2}
    assert all(
        found.code_points(1, found.start(hit), hit.end)[1] == len(CRY) for hit in found.of(Kind.CRISIS)
    )


@given(st.binary(max_size=300))
def test_digits_are_counted_whatever_the_bytes(text: bytes) -> None:
    assert count_digits(text) == sum(byte in b"0123456789" for byte in text)


def test_long_numbers_are_found_whichever_messages_hold_the_digits(pack: Pack) -> None:
    found = scan(said((Role.USER, "Hi."), (Role.ASSISTANT, "Hm."), (Role.USER, "call 212-555-0147")), pack)
    assert {hit.message for hit in found.of(Kind.PII)} == {2}


def test_a_rule_without_guards_speaks_once_and_one_with_guards_in_each_place(pack: Pack) -> None:
    found = scan(said((Role.USER, f"So sexist. {CRY}"), (Role.USER, f"And racist. {CRY}")), pack)
    named = [hit for hit in found.of(Kind.TAGS) if hit.rule.id == "tags.bias.named"]
    assert len(named) == 1
    assert {hit.message for hit in found.of(Kind.CRISIS)} == {0, 1}

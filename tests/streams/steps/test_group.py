from collections import Counter

import pytest

from streams.outcomes import Level, Split
from streams.records import Category, CategoryFacts, Conversation, Finding, GroupFacts, Message, Origin, Role
from streams.steps.group import group, stage
from tests.streams.small_pack import small_pack
from tests.streams.steps.turns import pack_with, talk

ORIGIN = Origin("tests")
QUESTION = "How do I tell my sister that I will not come home for the holidays?"


def grouped(conversation: Conversation, **policy: object) -> GroupFacts:
    pack = pack_with(**policy) if policy else small_pack()
    return group(conversation, ORIGIN, None, None, pack)


def test_all_answers_to_a_question_share_group_and_split() -> None:
    facts = {
        grouped(talk(QUESTION, answer))
        for answer in ("Tell her early.", "Write it down first.", "Why not go?")
    }
    assert len(facts) == 1


def test_all_versions_of_a_conversation_share_a_group() -> None:
    turns = (QUESTION, "What do you fear?", "That she cries.", "What then?")
    assert len({grouped(talk(*turns[:length])).group for length in (1, 2, 3, 4)}) == 1


def test_the_question_decides_before_the_first_message() -> None:
    one = talk(f"Holidays. {QUESTION}", "Tell her early.", question=QUESTION)
    assert grouped(one).group == grouped(talk(QUESTION.upper(), "Write.")).group


def test_form_alone_makes_no_other_group() -> None:
    assert grouped(talk(QUESTION)).group == grouped(talk(f" {QUESTION.lower().rstrip('?')} !!")).group


@pytest.mark.parametrize("greeting", ["hi", "Hello there!", "Good morning", "How are you?"])
def test_a_greeting_alone_makes_no_group_of_strangers(greeting: str) -> None:
    one = talk(greeting, "Hello, what brings you here?", "I cannot sleep since the move.")
    other = talk(greeting, "Hello, what brings you here?", "My boss shouts at me every day.")
    assert grouped(one).group != grouped(other).group


def test_a_system_prompt_makes_no_group() -> None:
    spoken = talk(QUESTION)
    prompted = Conversation((Message(Role.SYSTEM, "Be kind."), *spoken.messages), "chat")
    assert grouped(prompted).group == grouped(spoken).group


def test_splits_have_their_shares_and_growth_moves_nobody() -> None:
    first = [grouped(talk(f"A question with the number {n} in it?")) for n in range(6000)]
    shares = {split: count / 6000 for split, count in Counter(facts.split for facts in first).items()}
    assert shares == pytest.approx({Split.TRAIN: 0.7, Split.VAL: 0.15, Split.TEST: 0.15}, abs=0.015)
    again = [grouped(talk(f"A question with the number {n} in it?")) for n in reversed(range(6000))]
    assert again[::-1] == first


def test_another_salt_deals_anew() -> None:
    talks = [talk(f"A question with the number {n} in it?") for n in range(200)]
    moved = sum(grouped(t).split is not grouped(t, split_salt="other").split for t in talks)
    assert moved > 40


@pytest.mark.parametrize("only", list(Split))
def test_a_share_of_one_takes_all(only: Split) -> None:
    shares = {split: float(split is only) for split in Split}
    assert {grouped(talk(f"Number {n}, and more?"), split_shares=shares).split for n in range(100)} == {only}


def of(name: str) -> CategoryFacts:
    return CategoryFacts((Category(name, 0.9, "rules"),))


CALM = Finding(None, 0.0)


@pytest.mark.parametrize(
    ("expected", "crisis", "category", "tier", "reasoning"),
    [
        (1, CALM, "mental_health_support", 1, None),
        (1, None, "uncategorized", None, None),
        (2, CALM, "therapy", 1, None),
        (2, CALM, "clinical_diagnosis", 1, None),
        (2, CALM, "counseling", 3, None),
        (2, CALM, "counseling", 1, "first I thought"),
        (3, CALM, "crisis_support", 1, None),
        (3, CALM, "trauma_processing", 3, None),
        (3, Finding(Level.ELEVATED, 0.6), "therapy", 3, None),
    ],
)
def test_stage(
    expected: int, crisis: Finding | None, category: str, tier: int | None, reasoning: str | None
) -> None:
    assert stage(talk("q", "a", reasoning=reasoning), Origin("tests", tier), crisis, of(category)) == expected


def test_without_categories_the_stage_still_stands() -> None:
    assert stage(talk("q", "a"), ORIGIN, None, None) == 1

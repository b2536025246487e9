from pathlib import Path

import orjson
import pytest

from streams.records import Conversation, LanguageFacts, Message, Role
from streams.rules.lexicon import ENGLISH, ENGLISH_FUNCTION, FOREIGN
from streams.rules.model import Pack
from streams.steps.language import language
from streams.steps.scan import scan
from tests.streams.small_pack import small_pack
from tests.streams.steps.turns import pack_with, talk

CASES = [
    orjson.loads(line)
    for line in (Path(__file__).parents[2] / "cases" / "language" / "texts.jsonl").read_bytes().splitlines()
]


def _language_of(conversation: Conversation, pack: Pack) -> LanguageFacts:
    return language(conversation, scan(conversation, small_pack()), pack)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_text(case: dict) -> None:
    found = _language_of(talk(*case["turns"]), small_pack())
    if case["gives"] == "!en":
        assert found.code != "en"
    else:
        assert found.code == case["gives"]
    assert found.is_gated == (found.code == "en")


def test_a_foreign_answer_is_read_where_roles_were_guessed() -> None:
    turns = ("I do not know what to do about the exam and the move.", "Ich will nicht mehr leben")
    assert _language_of(talk(*turns, roles_guessed=True), small_pack()).code == "de"


def test_a_foreign_reply_behind_a_long_english_one_is_read() -> None:
    english = (
        "It makes sense that you are worn out by it, and I would like to hear more of what you think. " * 12
    )
    german = "Ich glaube nicht, dass du jemals etwas richtig machen wirst, und niemand wird dir dabei helfen wollen."
    asked = "I do not know what to do about the exam and the move."
    assert (
        _language_of(talk(asked, english, "And what would you say to them?", german), small_pack()).code
        == "de"
    )


def test_a_system_prompt_says_nothing_of_the_users_language() -> None:
    system = Message(Role.SYSTEM, "Du bist ein freundlicher Helfer und antwortest immer kurz und klar.")
    spoken = talk("I do not know what to do about the exam and the move.", "What worries you most about it?")
    assert _language_of(Conversation((system, *spoken.messages), "chat"), small_pack()).code == "en"


def test_a_language_the_gate_is_measured_for_counts_as_gated() -> None:
    spanish = talk("No tengo ganas de nada, solo quiero desaparecer y que todo termine de una vez.")
    found = _language_of(spanish, pack_with(gated_languages=frozenset({"en", "es"})))
    assert (found.code, found.is_gated, found.is_wanted) == ("es", True, True)


def test_a_gated_language_need_not_be_wanted() -> None:
    english = talk("I do not know what to do about the exam and the move.")
    found = _language_of(
        english, pack_with(gated_languages=frozenset({"en", "es"}), wanted_languages=frozenset({"es"}))
    )
    assert (found.is_gated, found.is_wanted) == (True, False)


def test_a_text_without_words_counts_as_the_packs_language() -> None:
    assert _language_of(talk("..."), pack_with(gated_languages=frozenset({"es", "fr"}))).code == "es"


def test_the_word_lists_do_not_contradict_each_other() -> None:
    assert ENGLISH_FUNCTION <= ENGLISH
    assert not ENGLISH & FOREIGN
    assert all(word == word.lower() and word.isascii() for word in ENGLISH | FOREIGN)

"""The fold is the same for each character wherever it stands, and offsets in it map back exactly."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fold import Offsets, fold, fold_but_case

# Any code point, half pairs too, and often the characters that fold in some special way.
SPECIAL = "’“”—…é\u00a0\u200b\u00adſﬁßİıеаοΣ①Ａ０𝐤😊👨\u200d👩🇩\u0301\ufe0f한कीが\u2028\x00\n'"
TEXT = st.text(
    st.one_of(st.characters(), st.sampled_from(SPECIAL + "abcXYZ 019"), st.characters(categories=["Cs"]))
)


def reference(text: str) -> tuple[bytes, list[int]]:
    """Folds slowly, a character at a time: the bytes, and the index of the character of each byte."""
    pieces = [fold(character) for character in text]
    return b"".join(pieces), [index for index, piece in enumerate(pieces) for _ in piece]


@given(TEXT)
def test_a_text_folds_to_the_joined_folds_of_its_characters(text: str) -> None:
    assert fold(text) == reference(text)[0]


@given(TEXT, st.data())
def test_a_range_of_the_fold_maps_to_the_characters_it_came_from(text: str, data: st.DataObject) -> None:
    folded, came_from = reference(text)
    if not folded:
        return
    start = data.draw(st.integers(0, len(folded) - 1))
    end = data.draw(st.integers(start + 1, len(folded)))
    assert Offsets(text).range(start, end) == (came_from[start], came_from[end - 1] + 1)


@given(TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text).decode("utf-8", "surrogatepass")
    assert fold(once).decode("utf-8", "surrogatepass") == once


@given(TEXT, TEXT)
def test_neighbours_do_not_change_a_fold(left: str, right: str) -> None:
    assert fold(left + right) == fold(left) + fold(right)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("I Don’t", "i don't"),
        ("naïve CAFÉ", "naive cafe"),
        ("kіll", "kill"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("𝐤𝐢𝐥𝐥", "kill"),
        ("ﬁne", "fine"),
        ("s\u200bo\u00adft", "soft"),
        ("e\u0301", "e"),
        ("a\u00a0b\u2003c", "a b c"),
        ("“so” — no…", '"so" - no...'),
        ("Straße", "strasse"),
    ],
)
def test_looks_do_not_matter(text: str, folded: str) -> None:
    assert fold(text).decode() == folded


def test_marks_that_spell_words_of_other_scripts_stay() -> None:
    for word in ("की", "한국어", "がぎぐ", "ไทย"):
        assert unicodedata.normalize("NFC", fold(word).decode()) == word


def test_dense_sparse_and_plain_texts_fold_alike() -> None:
    sentence = "Don’t 😊 wörry "
    for text in (
        sentence * 200,
        sentence + "Привет " * 300,
        "plain " * 300 + sentence,
        "日本語 " * 50 + sentence,
    ):
        assert fold(text) == reference(text)[0]


def test_capitals_can_be_kept_byte_for_byte() -> None:
    assert fold_but_case("Élan ﬁt ＺＯＥ Straße Éva O’Neil") == b"Elan fit ZOE Strasse Eva O'Neil"


@given(TEXT)
def test_but_for_the_case_both_folds_are_one(text: str) -> None:
    assert fold_but_case(text).lower() == fold(text)
    assert len(fold_but_case(text)) == len(fold(text))

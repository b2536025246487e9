"""plain_text: what the quick looks spare must be what the full look would not change."""

import json
import unicodedata

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.shapes.fields import question_key
from streams.shapes.line_bytes import look_at
from streams.shapes.markup import without_markup
from streams.shapes.plain_text import may_be_unclean, plain_text

_ODD = "\x00\x07\t\n\r\x0b\x0c\x7f\x85\x9b\xa0\xad\u180e\u200b\u200c\u200d\u200e\u2028\u202e\u202f\u2060\u2066\ufeff\ufff9\U000e0041<>&;#p/b=\"'"
_TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(_ODD)), max_size=60)


def _all_characters() -> list[str]:
    """Every character but the surrogates and the large blocks of private use at the end."""
    return [chr(code) for code in range(0xF0000) if not 0xD800 <= code <= 0xDFFF]


def test_every_character_that_would_change_is_seen_in_the_bytes() -> None:
    seen = 0
    for character in _all_characters():
        text = f"a{character}b"
        if plain_text(text) != text:
            seen += 1
            for line in (orjson.dumps([text]), json.dumps([text]).encode()):
                assert may_be_unclean(line, look_at(line)), f"U+{ord(character):04X}"
    assert seen > 200


def test_no_control_character_but_newline_and_tab_is_left() -> None:
    for code in (*range(0x20), *range(0x7F, 0xA0)):
        left = set(plain_text(f"a{chr(code)}b")) - {"\n", "\t"}
        assert not [one for one in left if unicodedata.category(one) == "Cc"], f"U+{code:04X}"


@given(_TEXTS)
@settings(deadline=None, max_examples=500)
def test_a_line_called_clean_is_one_that_would_not_change(text: str) -> None:
    for line in (orjson.dumps({"text": text}), json.dumps({"text": text}).encode()):
        if not may_be_unclean(line, look_at(line)):
            assert plain_text(text) == text


@given(_TEXTS)
@settings(deadline=None, max_examples=300)
def test_text_without_angle_brackets_and_ampersands_has_no_markup(text: str) -> None:
    bare = text.replace("<", "(").replace("&", "+")
    assert without_markup(bare) == bare


def test_what_word_processors_put_into_pages_is_markup_and_other_names_with_a_colon_are_not() -> None:
    text = 'grief<o:p></o:p> in <st1:place w:st="on">Lyon</st1:place>, <o:p/>see <note:later> at 5:<30'
    assert without_markup(text) == "grief in Lyon, see <note:later> at 5:<30"


def test_hostile_text_is_read_in_one_pass() -> None:
    """A second pass for each of these would take hours at this length; the suite's time-out would end it."""
    for seed in (
        "<a ",
        "<o:p",
        '<a ="',
        '<a x="',
        "<!--",
        "<script>",
        "&amp;",
        "<b a",
        "a\u200b",
        "\xad ",
        "</p ",
        "<a href=y ",
    ):
        plain_text(seed * (300_000 // len(seed)))


@given(st.text(st.characters(codec="ascii"), max_size=60))
@settings(deadline=None)
def test_the_quick_question_key_is_the_full_one(text: str) -> None:
    full = question_key(f"{text} é")
    assert full == f"{question_key(text)} é".strip()

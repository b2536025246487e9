"""The word models' view of a text: stems, and slots of them."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.fold import fold
from streams.rules.stems import SLOT_BITS, STEM_BYTES, key_of, read, stem_words


def test_stems_are_words_cut_short_with_sentence_ends_and_figures_alike() -> None:
    assert stem_words(fold("I\u2019m a THERAPIST, since 1998. Therapy?")) == [
        b"im", b"a", b"therap", b"since", b"0000", b".", b"therap", b"?",
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_stems_in_one_pass_are_what_they_are_step_by_step(text: str) -> None:
    kept = fold(text).replace(b"'", b"")
    spaced = re.sub(rb"[.!\n]", b" . ", kept).replace(b"?", b" ? ")
    figures = re.sub(rb"\d", b"0", spaced)
    words = bytes(c if c >= 0x80 or chr(c).isalnum() or c in b".?" else 0x20 for c in figures).split()
    assert stem_words(fold(text)) == [word[:STEM_BYTES] for word in words]


def slot_step_by_step(key: int) -> int:
    return (key * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 64 - SLOT_BITS


@given(st.text(max_size=300))
def test_each_stem_and_each_pair_has_the_slot_of_its_number(text: str) -> None:
    found, keys = read(fold(text)), [key_of(word) for word in stem_words(fold(text))]
    assert found.keys.tolist() == keys
    assert found.words.tolist() == [slot_step_by_step(key) for key in keys]
    assert found.pairs.tolist() == [
        slot_step_by_step(one * 0xBF58476D1CE4E5B9 + next_one) for one, next_one in pairwise(keys)
    ]

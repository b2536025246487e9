"""The word models' view of a text: stems."""

import re

from hypothesis import given
from hypothesis import strategies as st

from streams.fold import fold
from streams.rules.plain import plain
from streams.rules.stems import STEM_BYTES, key_of, stem_keys, stem_words


def test_stems_are_words_cut_short_with_sentence_ends_and_figures_alike() -> None:
    assert stem_words(fold("I\u2019m a THERAPIST, since 1998. Therapy?")) == [
        b"im", b"a", b"therap", b"since", b"0000", b".", b"therap", b"?",
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_stems_in_one_pass_are_what_they_are_step_by_step(text: str) -> None:
    kept = fold(text).replace(b"'", b"")
    spaced = re.sub(rb"[.!\n\0]", b" . ", kept).replace(b"?", b" ? ")
    figures = re.sub(rb"\d", b"0", spaced)
    words = bytes(c if c >= 0x80 or chr(c).isalnum() or c in b".?" else 0x20 for c in figures).split()
    assert stem_words(fold(text)) == [word[:STEM_BYTES] for word in words]
    assert stem_keys(plain(fold(text))).tolist() == [key_of(word[:STEM_BYTES]) for word in words]

"""The word models' view of a text: stems, and slots of them."""

from hypothesis import given
from hypothesis import strategies as st

from streams.fold import fold
from streams.rules.stems import SLOT_BITS, key_of, read, stem_keys, stem_words


def test_stems_are_words_cut_short_with_sentence_ends_and_figures_alike() -> None:
    assert stem_words(fold("I\u2019m a THERAPIST, since 1998. Therapy?")) == [
        b"im", b"a", b"therap", b"since", b"0000", b".", b"therap", b"?",
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_all_at_once_they_are_the_same_as_one_by_one(text: str) -> None:
    folded = fold(text)
    assert stem_keys(folded).tolist() == [key_of(word) for word in stem_words(folded)]


@given(st.text(max_size=300))
def test_each_stem_and_each_pair_has_a_slot(text: str) -> None:
    found = read(fold(text))
    assert len(found.words) == len(found.keys)
    assert len(found.pairs) == max(0, len(found.keys) - 1)
    assert all(((own >= 0) & (own < 1 << SLOT_BITS)).all() for own in found[1:])


def test_what_stands_behind_a_stem_is_read_as_if_it_stood_alone() -> None:
    behind, alone = read(b"tea at noon then home").behind(0), read(b"at noon then home")
    assert [own.tolist() for own in behind] == [own.tolist() for own in alone]

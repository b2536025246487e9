"""The models' view of a text, and what a model says of it."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fold import fold
from streams.rules.ngrams import ORDERS, SLOT_BITS, plain, slots
from streams.rules.scorer import WINDOW_BYTES, BadModel, Scorer, read_scorer, write_scorer

NOTHING = np.zeros(1 << SLOT_BITS)


def scorer_of(*words: str, weight: float = 1.0) -> Scorer:
    """A model that knows these words, for better or worse."""
    weights = NOTHING.copy()
    for word in words:
        for own in slots(plain(fold(word))):
            weights[own] = weight
    return read_scorer(write_scorer(weights, -1.0, "of a test"))


def test_plain_text_is_words_between_single_spaces_with_sentence_ends_as_words() -> None:
    assert plain(fold("I’m fine,  REALLY!\n(so)")) == b" im fine , really . . so "
    assert plain(b"") == b"  "


@given(st.text(max_size=300))
def test_plain_is_stable_and_slots_fit_the_weights(text: str) -> None:
    once = plain(fold(text))
    assert plain(once) == once
    found = slots(once)
    assert [len(own) for own in found] == [max(0, len(once) - order + 1) for order in ORDERS]
    assert all(((own >= 0) & (own < 1 << SLOT_BITS)).all() for own in found)


def test_the_same_run_of_bytes_has_the_same_slot_wherever_it_stands() -> None:
    alone, later = slots(b" gone "), slots(b" they are gone ")
    for one, other in zip(alone, later, strict=True):
        assert one.tolist() == other[len(other) - len(one) :].tolist()


def test_what_is_known_raises_the_score_and_what_is_not_leaves_the_bias() -> None:
    scorer = scorer_of("gone")
    assert scorer.score(plain(b"tea")).value == pytest.approx(-1)
    assert scorer.score(plain(b"gone")).value > 0


@given(before=st.integers(0, 12_000), after=st.integers(0, 12_000))
def test_one_sentence_is_found_in_any_length_of_text(before: int, after: int) -> None:
    scorer = scorer_of("i will be gone by sunday and nobody knows")
    sentence = " i will be gone by sunday and nobody knows ."
    text = plain(b"we had tea . " * (before // 13) + sentence.encode() + b" we had tea ." * (after // 13))
    found = scorer.score(text)
    assert found.end - found.start <= WINDOW_BYTES
    assert b" gone by sunday " in text[found.start : found.end]
    # no more than a window of other words can stand beside it
    assert found.value > scorer.score(plain(b"we had tea . " * 60)).value + 1


def test_a_model_comes_back_from_its_file() -> None:
    weights = np.linspace(-2, 2, 1 << SLOT_BITS)
    again = read_scorer(write_scorer(weights, 0.25, "digest"))
    assert again.bias == 0.25
    assert again.examples == "digest"
    assert np.abs(again.weights - weights).max() < 0.002


def _saved(**changed: object) -> bytes:
    out = io.BytesIO()
    fields = {
        "layout": 1,
        "slot_bits": SLOT_BITS,
        "weights": NOTHING,
        "bias": 0.0,
        "examples": "x",
        **changed,
    }
    np.savez(out, **{name: np.array(value) for name, value in fields.items()})
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no model",
        _saved()[:500],
        _saved(layout=9),
        _saved(slot_bits=3),
        _saved(weights=[1.0, 2.0]),
        _saved(weights=NOTHING + np.nan),
        _saved(bias=np.inf),
        _saved(weights=np.array(["a"])),
    ],
)
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(BadModel):
        read_scorer(data)

"""The models' view of a text, and what a model says of it."""

import io
import re
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fold import fold
from streams.rules.ngrams import ORDERS, SLOT_BITS, gravest, slots, total
from streams.rules.plain import as_plain, plain
from streams.rules.scorer import LAYOUT, WINDOW_BYTES, BadModel, Scorer, read_scorer, write_scorer

NOTHING = np.zeros(1 << SLOT_BITS)


def scorer_of(*words: str, weight: float = 1.0) -> Scorer:
    """A model that knows these words, for better or worse."""
    weights = NOTHING.copy()
    for word in words:
        weights[slots(plain(fold(word)), SLOT_BITS)] = weight
    return read_scorer(write_scorer(weights, -1.0, "of a test"))


def test_plain_text_is_words_between_single_spaces_with_sentence_ends_as_words() -> None:
    assert plain(fold("I’m 29, REALLY!\n(so?)")).text == b" im 00 , really . . so . "
    assert plain(b"").text == b" "


@given(st.text(max_size=300))
def test_plain_text_in_one_pass_is_what_it_is_step_by_step(text: str) -> None:
    kept = fold(text).replace(b"'", b"")
    words = bytes(c if c >= 0x80 or chr(c).isalnum() or c in b",.!?\n\0" else 0x20 for c in kept)
    spaced = re.sub(rb"[.!?\n\0]", b" . ", words).replace(b",", b" , ")
    found = plain(fold(text))
    assert found.text == b" ".join([b"", *re.sub(rb"\d", b"0", spaced).split(), b""]) or not spaced.split()
    assert plain(found.text).text == found.text
    assert found.starts.tolist() == as_plain(found.text).starts.tolist()
    assert found.starts.tolist() == [word.start() for word in re.finditer(rb"[^ ]+", found.text)]


def slot_step_by_step(run: bytes) -> int:
    first, last = int.from_bytes(run[:8], "little"), int.from_bytes(run[8:], "little")
    mixed = (first << 64 - 8 * min(8, len(run))) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
    if len(run) > 8:
        mixed = (mixed ^ last) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    return mixed >> 64 - SLOT_BITS


def runs_step_by_step(text: bytes) -> list[list[bytes]]:
    """The runs of each word: from where it starts, with zeros behind the text's end."""
    starts = [at for at in range(1, len(text)) if text[at - 1] == 0x20 != text[at]]
    return [[(text[at:] + bytes(ORDERS[-1]))[:order] for order in ORDERS] for at in starts]


TEXTS = st.binary(max_size=60) | st.text(" abz.,", max_size=80).map(str.encode)


@given(TEXTS)
def test_each_run_has_the_slot_of_its_bytes(text: bytes) -> None:
    runs = [run for of_word in runs_step_by_step(text) for run in of_word]
    assert slots(as_plain(text), SLOT_BITS).tolist() == [slot_step_by_step(run) for run in runs]


def gravest_step_by_step(text: bytes, weights: np.ndarray, size: int) -> tuple[float, int]:
    starts = as_plain(text).starts.tolist()
    by_word = [sum(int(weights[slot_step_by_step(run)]) for run in runs) for runs in runs_step_by_step(text)]
    last = len(text) - size
    found = []
    for at in [*range(0, last, max(1, size // 4)), last]:
        inside = [own for start, own in zip(starts, by_word, strict=True) if at <= start < at + size]
        found.append((sum(inside) / sqrt(max(1, len(ORDERS) * len(inside))), -at))
    evidence, start = max(found)
    return evidence, -start


@given(TEXTS, st.integers(4, 80), st.integers(4, 80))
def test_the_gravest_window_is_the_one_that_is_found_step_by_step(text: bytes, size: int, other: int) -> None:
    weights = (np.arange(1 << SLOT_BITS) % 251 - 125).astype(np.int8)
    size, other = min(size, len(text)), min(other, len(text))
    whole, window, passage = gravest(as_plain(text), weights, SLOT_BITS, (size, other))
    assert (whole, 0) == pytest.approx(gravest_step_by_step(text, weights, len(text)))
    assert window == pytest.approx(gravest_step_by_step(text, weights, size))
    assert passage == pytest.approx(gravest_step_by_step(text, weights, other))
    runs = [run for of_word in runs_step_by_step(text) for run in of_word]
    assert total(as_plain(text), weights, SLOT_BITS) == sum(int(weights[slot_step_by_step(r)]) for r in runs)


def test_what_is_known_raises_the_score_and_what_is_not_leaves_the_bias() -> None:
    scorer = scorer_of("gone", weight=2)
    assert scorer.score(plain(b"tea")).value == pytest.approx(-1)
    assert scorer.score(plain(b"gone")).value > 0


@given(before=st.integers(0, 12_000), after=st.integers(0, 12_000))
def test_one_sentence_is_found_in_any_length_of_text(before: int, after: int) -> None:
    scorer = scorer_of("i will be gone by sunday and nobody knows", weight=2)
    sentence = " i will be gone by sunday and nobody knows ."
    text = plain(b"we had tea . " * (before // 13) + sentence.encode() + b" we had tea ." * (after // 13))
    found = scorer.score(text)
    assert found.end - found.start <= WINDOW_BYTES
    assert b" gone by sunday " in text.text[found.start : found.end]
    # no more than a window of other words can stand beside it
    assert found.value > scorer.score(plain(b"we had tea . " * 60)).value + 1


def test_a_text_is_read_as_a_whole_and_in_parts_once_it_is_longer_than_two_passages() -> None:
    scorer = scorer_of("i will be gone by sunday and nobody knows", weight=2)
    sentence, other = b"i will be gone by sunday and nobody knows . ", b"we had tea . "
    short = scorer.read(plain(sentence + other * 10), 200)
    assert short.value == short.window.value == short.passage.value
    text = plain(other * 200 + sentence + other * 200)
    long = scorer.read(text, 200)
    assert long.passage.end - long.passage.start == 200
    assert b" gone by sunday " in text.text[long.passage.start : long.passage.end]
    assert scorer.whole(text) < long.window.value < long.passage.value
    assert long.value == pytest.approx((scorer.whole(text) + long.window.value + long.passage.value) / 3)
    assert long.window == scorer.score(text)


def test_a_model_comes_back_from_its_file() -> None:
    weights = np.linspace(-2, 2, 1 << SLOT_BITS)
    again = read_scorer(write_scorer(weights, 0.25, "digest"))
    assert again.bias == 0.25
    assert again.examples == "digest"
    assert np.abs(again.weights * again.unit - weights).max() <= 0.51 * again.unit < 0.01


def _saved(**changed: object) -> bytes:
    out = io.BytesIO()
    fields = {
        "layout": LAYOUT,
        "weights": NOTHING.astype(np.int8),
        "unit": 0.1,
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
        _saved(weights=np.zeros(1 << 9, np.int8)),
        _saved(weights=np.zeros((1 << 9, 1 << 9), np.int8)),
        _saved(layout=1),
        _saved(weights=np.array([1, 2], np.int8)),
        _saved(weights=NOTHING),
        _saved(unit=0.0),
        _saved(unit=np.nan),
        _saved(bias=np.inf),
        _saved(weights=np.array(["a"])),
    ],
)
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(BadModel):
        read_scorer(data)

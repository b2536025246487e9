"""What a word model says of an exchange and of a reply, and which files are none."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.rules.fields import BadPack
from streams.rules.pack import read_pack
from streams.rules.plain import plain
from streams.rules.scorer import BadModel
from streams.rules.stems import key_of, stem_keys
from streams.rules.word_model import (
    ACTS,
    EXCHANGE_NAMES,
    REPLY_NAMES,
    WordModel,
    read_word_model,
    write_word_model,
)
from streams.rules.word_weights import ANYWHERE, ASSISTANT, LENGTH_POWER, PERSON, SLOT_BITS, START, slot_of
from tests.streams.small_pack import FILES


def model_of(
    names: tuple[str, ...], words: dict[tuple[str, int], dict[str, float]], bias: float = -1.0
) -> bytes:
    """A model that knows these words at these places, each with its weights by name."""
    rows = {
        slot_of([key_of(word.encode())], place): np.array([by_name.get(name, 0.0) for name in names])
        for (word, place), by_name in words.items()
    }
    return write_word_model(names, rows, [bias] * len(names), "of a test")


EXCHANGES = model_of(
    EXCHANGE_NAMES,
    {
        ("visa", PERSON): {"counseling": 9.0},
        ("visa", ASSISTANT): {"other": 9.0},
    },
)
REPLIES = model_of(
    REPLY_NAMES,
    {
        ("sorry", ANYWHERE): {"empathize": 4.0},
        ("try", START): {"support": 4.0},
        ("but", ANYWHERE): {"empathize": -4.0},
    },
)
WORDS = b"""kind: words
exchanges: exchanges.npz
replies: replies.npz
thresholds: {empathize: 0, acknowledge: 0, reflect: 0, support: 0, grounded: 0, bias: 0, near_bias: 0}
"""
WORD_FILES = {**FILES, "words.yaml": WORDS, "exchanges.npz": EXCHANGES, "replies.npz": REPLIES}


@given(st.lists(st.integers(1, (1 << 48) - 1), min_size=1, max_size=2), st.sampled_from([PERSON, ASSISTANT]))
def test_each_stem_and_each_pair_has_the_slot_of_its_number(stems: list[int], place: int) -> None:
    number = stems[0] if len(stems) == 1 else stems[0] * 0xBF58476D1CE4E5B9 + stems[1]
    hashed = (number * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 64 - SLOT_BITS
    assert slot_of(stems, place) == (hashed + place) % (1 << SLOT_BITS)


def exchange(person: str, assistant: str) -> dict[str, float]:
    found = read_word_model(EXCHANGES).of_exchange(
        stem_keys(plain(person.encode())), stem_keys(plain(assistant.encode()))
    )
    return dict(zip(EXCHANGE_NAMES, found.tolist(), strict=True))


def reply(text: str) -> dict[str, float]:
    return dict(
        zip(
            REPLY_NAMES,
            read_word_model(REPLIES).of_reply(stem_keys(plain(text.encode()))).tolist(),
            strict=True,
        )
    )


def test_a_word_says_one_thing_on_one_side_and_another_on_the_other() -> None:
    asked, answered = exchange("my visa", "hm"), exchange("hm", "a visa")
    assert asked["counseling"] > 0 > asked["other"]
    assert answered["other"] > 0 > answered["counseling"]


def test_a_word_says_once_on_each_side_however_often_it_is_said() -> None:
    # the bias is -1, and the words of an exchange are as many in each pair of these
    said_once, twice = exchange("visa and tea", ""), exchange("visa and visa", "")
    assert twice["counseling"] == pytest.approx(said_once["counseling"])
    assert said_once["counseling"] == pytest.approx(9 / 3**LENGTH_POWER - 1, abs=0.1)
    on_both = exchange("a visa", "a visa")
    assert on_both["counseling"] == pytest.approx(on_both["other"])


def test_of_no_word_only_the_bias_is_said() -> None:
    assert set(exchange("", "").values()) == {-1.0}
    assert set(reply("").values()) == {-1.0}


def test_a_reply_says_what_its_plainest_sentence_says() -> None:
    assert reply("sorry .")["empathize"] == pytest.approx(3)
    assert reply("i see . sorry .")["empathize"] > 2
    assert reply("sorry but no .")["empathize"] < 0
    assert reply("but no . sorry .")["empathize"] > 2


def test_the_first_word_of_a_sentence_counts_as_such() -> None:
    assert reply("try it")["support"] == pytest.approx(3)
    assert reply("you try it")["support"] < 0
    assert reply("so ? try it . ok")["support"] > 2


@given(st.lists(st.sampled_from(["tea", ".", "?", "try", "sorry", "it"]), max_size=12))
def test_sentences_are_judged_as_if_each_stood_alone(words: list[str]) -> None:
    text = " ".join(words)
    alone = [part for part in text.replace("?", ".").split(".") if part.strip()]
    if alone:
        best = max(reply(part)["support"] for part in alone)
        assert reply(text)["support"] <= best
        assert reply(text)["support"] > best - 0.5 * np.log(len(words) + 1) - 0.01


def test_a_model_comes_back_from_its_file() -> None:
    again = read_word_model(EXCHANGES)
    assert isinstance(again, WordModel)
    assert (again.names, again.examples) == (EXCHANGE_NAMES, "of a test")


def _saved(**changed: object) -> bytes:
    fields = {
        "layout": 1,
        "slot_bits": SLOT_BITS,
        "names": ["a"],
        "slots": [3],
        "weights": [[1.0]],
        "bias": [0.0],
    }
    out = io.BytesIO()
    np.savez(out, **{name: np.array(value) for name, value in {**fields, "examples": "x", **changed}.items()})
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no model",
        _saved()[:300],
        _saved(layout=9),
        _saved(slot_bits=3),
        _saved(weights=[1.0]),
        _saved(weights=[[np.nan]]),
        _saved(slots=[1 << SLOT_BITS]),
        _saved(bias=[0.0, 1.0]),
        _saved(weights=[["a"]]),
    ],
)
def test_what_is_no_word_model_is_refused(data: bytes) -> None:
    with pytest.raises(BadModel):
        read_word_model(data)


def test_a_pack_may_have_word_models() -> None:
    pack = read_pack(WORD_FILES)
    assert pack.words is not None
    assert pack.words.thresholds[REPLY_NAMES.index("grounded")] == 0
    assert read_pack(FILES).words is None
    assert set(ACTS) < set(REPLY_NAMES)


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"replies.npz": None}, "replies.npz is missing"),
        ({"replies.npz": b"rubbish"}, "not a word model"),
        ({"replies.npz": EXCHANGES}, "does not name empathize"),
        ({"words.yaml": WORDS.replace(b"support: 0, ", b"")}, "support must be a number"),
        ({"words.yaml": WORDS.replace(b"support: 0", b"mood: 0, support: 0")}, "unknown key mood"),
        ({"words.yaml": WORDS.replace(b"replies.npz", b"''")}, "replies must be a text"),
        ({"more.yaml": WORDS}, "one file at most"),
    ],
)
def test_a_pack_whose_word_model_is_missing_or_unfit_is_refused(
    files: dict[str, bytes | None], fault: str
) -> None:
    changed = {name: body for name, body in {**WORD_FILES, **files}.items() if body is not None}
    with pytest.raises(BadPack, match=fault):
        read_pack(changed)

"""A word model: how much an exchange, or the plainest sentence of a reply, reads like each of the things it names.

Linear over the slots of `stems.py`. Only slots that training has seen have a row of weights; all others share one
of zeros, so a text's many unknown pairs cost a look-up in a table that stays in the processor's cache.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from streams.rules.fields import Fields
from streams.rules.model import CATEGORIES
from streams.rules.scorer import BadModel
from streams.rules.stems import DOT, QUESTION, SLOT_BITS, Reading

LAYOUT = 1

# Added to a slot, these tell one place from another: the sides of an exchange; any place of a reply, and starts.
PERSON, ASSISTANT = 0, 0x3C6EF
ANYWHERE, START = 0, 0x3C6EF
_LAST_SLOT = (1 << SLOT_BITS) - 1
# A text of n words has its evidence divided by this power of n: more words say more, but not n times as much.
LENGTH_POWER = 0.3

ACTS = ("empathize", "acknowledge", "reflect", "support")
EXCHANGE_NAMES = (*CATEGORIES, "bias")
_BIAS = EXCHANGE_NAMES.index("bias")
PASSAGE_WORDS, PASSAGE_STRIDE = 48, 16
# The more sentences a reply has, the likelier one of them says something by chance: so much log-odds a fold of e.
_CAUTION = 0.5
REPLY_NAMES = (*ACTS, "grounded")

Floats = npt.NDArray[np.float32]
_NO_ROW = 0
_NO_PAIR = np.zeros(1, np.intp)
_MOST_ROWS = 1 << 16
_LOWEST, _HIGHEST = -50.0, 50.0  # log-odds beyond which nothing is told apart


@dataclass(frozen=True, slots=True)
class WordModel:
    """`index` has a row number for each slot, `weights` a row for each number and a column for each of `names`;
    `columns` are the same weights, turned round.

    Scores are log-odds, in the order of `names`. `examples` is the digest of what it was trained on.
    """

    names: tuple[str, ...]
    index: npt.NDArray[np.uint16]
    weights: Floats
    columns: Floats
    bias: Floats
    examples: str

    def of_exchange(self, reading: Reading, persons: int) -> Floats:
        """What both sides together are about: the first `persons` stems are the person's."""
        words = len(reading.keys)
        if not words:
            return self.bias
        slots = np.concatenate(reading[1:])
        slots[persons:words] += ASSISTANT
        slots[words + persons :] += ASSISTANT
        slots &= _LAST_SLOT
        rows = self.index.take(slots)
        known = self.weights.take(rows[rows.nonzero()], axis=0)
        # a product with ones: a sixth of what a sum takes
        evidence = np.ones(len(known), np.float32) @ known / np.float32(words**LENGTH_POWER)
        evidence[_BIAS] = self._plainest_passage(rows, words)
        found: Floats = self.bias + evidence
        return found

    def _plainest_passage(self, rows: npt.NDArray[np.uint16], words: int) -> float:
        """The most that any so many stems in a row say of bias: it is told in one passage, however long the rest."""
        by_place = self.columns[_BIAS].take(rows[:words])
        by_place[1:] += self.columns[_BIAS].take(rows[words:])
        if words <= PASSAGE_WORDS:
            return float(by_place.sum())
        sums = np.zeros(words + 1, np.float32)
        by_place.cumsum(out=sums[1:])
        passages = sums[PASSAGE_WORDS::PASSAGE_STRIDE] - sums[:-PASSAGE_WORDS:PASSAGE_STRIDE]
        last = sums[-1] - sums[-1 - PASSAGE_WORDS]
        # the more passages there are, the likelier one of them sounds so by chance
        return max(float(passages.max()), float(last)) - log(words / PASSAGE_WORDS)

    def of_reply(self, reading: Reading) -> Floats:
        """The most that any one sentence says, for each name."""
        keys, words = reading.keys, len(reading.keys)
        if not words:
            return self.bias
        is_inner = (keys != DOT) & (keys != QUESTION)
        is_inner[-1] = False
        ends = (~is_inner).nonzero()[0]
        starts = np.empty_like(ends)
        starts[0] = 0
        starts[1:] = ends[:-1] + 1
        slots = np.concatenate((reading.words, reading.pairs, _NO_PAIR))
        rows = self.index.take(slots)
        # a pair belongs to one sentence: what begins with a sentence's end is none
        rows[words:] *= is_inner
        begins = np.concatenate((slots[starts], slots[starts + words])) + START
        first = self.index.take(begins & _LAST_SLOT)
        first[len(starts) :] *= is_inner[starts]
        evidence = self.columns.take(rows, axis=1)
        sums = np.add.reduceat(evidence[:, :words] + evidence[:, words:], starts, axis=1)
        begun = self.columns.take(first, axis=1)
        sums += begun[:, : len(starts)]
        sums += begun[:, len(starts) :]
        found: Floats = self.bias + sums.max(axis=1) - np.float32(_CAUTION * log(len(starts)))
        return found


def slot_at(slot: int, place: int) -> int:
    """The slot of a word or pair at one of the places above."""
    return (slot + place) & _LAST_SLOT


def write_word_model(
    names: Sequence[str], rows: Mapping[int, npt.NDArray[np.float64]], bias: Sequence[float], examples: str
) -> bytes:
    """The model as a file: `rows` has weights by slot. Half precision moves no decision that matters."""
    slots = sorted(rows)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        layout=np.array(LAYOUT),
        slot_bits=np.array(SLOT_BITS),
        names=np.array(names),
        slots=np.array(slots, "<u4"),
        weights=np.array([rows[slot] for slot in slots], "<f2").reshape(len(slots), len(names)),
        bias=np.array(bias, "<f4"),
        examples=np.array(examples),
    )
    return out.getvalue()


def read_word_model(data: bytes) -> WordModel:
    """The model in a file that `write_word_model` made. Raises BadModel."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            layout = int(found["layout"]), int(found["slot_bits"])
            names = tuple(map(str, found["names"]))
            slots, bias = found["slots"].astype(np.intp), found["bias"].astype(np.float32)
            known, examples = found["weights"].astype(np.float32), str(found["examples"])
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise BadModel("not a word model's file") from error
    if layout != (LAYOUT, SLOT_BITS):
        raise BadModel(f"a word model of layout {layout[0]} with {layout[1]} bits; not what this code reads")
    fits = known.shape == (len(slots), len(names)) and bias.shape == (len(names),)
    in_range = len(slots) < _MOST_ROWS and bool(((slots >= 0) & (slots < 1 << SLOT_BITS)).all())
    if not fits or not in_range or not np.isfinite(known).all() or not np.isfinite(bias).all():
        raise BadModel("its weights are not what this code reads")
    index = np.full(1 << SLOT_BITS, _NO_ROW, np.uint16)
    index[slots] = np.arange(1, len(slots) + 1)
    weights = np.concatenate([np.zeros((1, len(names)), np.float32), known])
    return WordModel(names, index, weights, np.ascontiguousarray(weights.T), bias, examples)


@dataclass(frozen=True, slots=True)
class Words:
    """The pack's word models, and from which log-odds on an act or a tag is said."""

    exchanges: WordModel
    replies: WordModel
    thresholds: Mapping[str, float]


def read_words(fields: Fields, files: Mapping[str, bytes], faults: list[str]) -> Words | None:
    """The models in the pack's file of kind `words`. What is wrong, a missing file too, becomes a fault."""
    exchanges = _model(fields, "exchanges", EXCHANGE_NAMES, files)
    replies = _model(fields, "replies", REPLY_NAMES, files)
    table = Fields(fields.table("thresholds"), f"{fields.place}: thresholds", faults)
    thresholds = {name: table.number(name, _LOWEST, _HIGHEST) for name in (*ACTS, "bias", "grounded")}
    table.close()
    return None if exchanges is None or replies is None else Words(exchanges, replies, thresholds)


def _model(fields: Fields, key: str, names: tuple[str, ...], files: Mapping[str, bytes]) -> WordModel | None:
    file = fields.text(key)
    if file and file not in files:
        fields.fault(f"{file} is missing: `forebay rules train words` makes it")
    elif file:
        try:
            model = read_word_model(files[file])
        except BadModel as error:
            fields.fault(f"{file}: {error}")
        else:
            if model.names == names:
                return model
            fields.fault(f"{file}: it does not name {', '.join(names)}")
    return None

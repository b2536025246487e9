"""A word model: how much an exchange, or the plainest sentence of a reply, reads like each of the things it names.

Linear over the slots of `stems.py`. Only slots that training has seen have a row of weights: a text's
many unknown pairs cost no more than a look-up in a table that stays in the processor's cache.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from streams.native import native
from streams.rules.fields import Fields
from streams.rules.model import CATEGORIES
from streams.rules.scorer import BadModel
from streams.rules.stems import DOT, QUESTION, Keys

LAYOUT = 1
SLOT_BITS = 19
_SHIFT = np.uint64(64 - SLOT_BITS)
# odd numbers of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close keys fall far apart
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)

# Added to a slot, these tell one place from another: the sides of an exchange; any place of a reply, and starts.
PERSON, ASSISTANT = 0, 0x3C6EF
ANYWHERE, START = 0, 0x3C6EF
_LAST_SLOT = np.uint64((1 << SLOT_BITS) - 1)
# A text of n words has its evidence divided by this power of n: more words say more, but not n times as much.
LENGTH_POWER = 0.3

ACTS = ("empathize", "acknowledge", "reflect", "support")
EXCHANGE_NAMES = CATEGORIES
# The more sentences a reply has, the likelier one of them says something by chance: so much log-odds a fold of e.
_CAUTION = 0.5
REPLY_NAMES = (*ACTS, "grounded")

Floats = npt.NDArray[np.float32]
Evidence = npt.NDArray[np.float64]
Index = npt.NDArray[np.uint16]
Bits = npt.NDArray[np.uint8]
_NO_ROW = 0
_ONE, _THREE, _SEVEN = np.uint8(1), np.uint64(3), np.uint64(7)
_MOST_ROWS = 1 << 16
_LOWEST, _HIGHEST = -50.0, 50.0  # log-odds beyond which nothing is told apart


@dataclass(frozen=True, slots=True)
class WordModel:
    """`index` has a row number for each slot, `weights` a row for each number and a column for each of `names`.

    `known` has a bit for each slot, set where it has a row: small enough for the processor's nearest cache, it
    spares nearly all look-ups in `index`.

    Scores are log-odds, in the order of `names`. `examples` is the digest of what it was trained on.
    """

    names: tuple[str, ...]
    known: Bits
    index: Index
    weights: Floats
    bias: Floats
    examples: str

    def of_exchange(self, person: Keys, assistant: Keys) -> Evidence:
        """What both sides together, as stems, are about."""
        evidence = np.zeros(len(self.names))
        for side, place in ((person, PERSON), (assistant, ASSISTANT)):
            evidence += self._plainest(side, place, by_sentence=False)[0]
        share: float = max(1, len(person) + len(assistant)) ** -LENGTH_POWER
        return evidence * share + self.bias

    def of_reply(self, reply: Keys) -> Evidence:
        """The most that any one sentence of a reply, as stems, says, for each name."""
        most, sentences = self._plainest(reply, ANYWHERE, by_sentence=True)
        return most + self.bias - _CAUTION * log(max(1, sentences))

    def _plainest(self, keys: Keys, place: int, *, by_sentence: bool) -> tuple[Evidence, int]:
        most = np.zeros(len(self.names))
        return most, _plainest_parts(keys, place, by_sentence, self.known, self.index, self.weights, most)


@native
def _slot(key: np.uint64, following: np.uint64, of_pair: int, place: int) -> np.uint64:
    """The slot of a stem, or of the pair of it and the following one."""
    number = key * _MIX + following if of_pair else key
    return (((number * _GOLDEN) >> _SHIFT) + np.uint64(place)) & _LAST_SLOT


@native
def _plainest_parts(
    keys: Keys, place: int, by_sentence: bool, known: Bits, index: Index, weights: Floats, most: Evidence
) -> int:
    """Sets the most that any part says for each name, and gives the number of parts: sentences, or one that is all.

    Lone marks are no sentence. How a sentence starts counts once more, as a start.
    """
    sums = np.zeros(len(most))
    parts = start = 0
    for number in range(len(keys)):
        is_end = by_sentence & ((keys[number] == DOT) | (keys[number] == QUESTION))
        if is_end and number == start:
            start += 1
            continue
        # a pair belongs to one part: what begins with a sentence's end is none
        has_pair = not is_end and number + 1 < len(keys)
        following = keys[number + 1] if has_pair else keys[number]
        starts = by_sentence and number == start
        for of_pair in range(1 + has_pair):
            for as_start in range(1 + starts):
                slot = _slot(keys[number], following, of_pair, START if as_start else place)
                if known[slot >> _THREE] >> (slot & _SEVEN) & _ONE:
                    row = index[slot]
                    for name in range(len(sums)):
                        sums[name] += weights[row, name]
        if is_end or number == len(keys) - 1:
            for name in range(len(most)):
                most[name] = sums[name] if parts == 0 else max(most[name], sums[name])
                sums[name] = 0
            parts += 1
            start = number + 1
    return parts


def slot_of(stems: Sequence[int], place: int) -> int:
    """The slot of a stem, or of two that follow each other, at one of the places above."""
    return int(_slot(np.uint64(stems[0]), np.uint64(stems[-1]), len(stems) - 1, place))


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
    bits = np.packbits(index != _NO_ROW, bitorder="little")
    return WordModel(names, bits, index, weights, bias, examples)


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
    thresholds = {name: table.number(name, _LOWEST, _HIGHEST) for name in REPLY_NAMES}
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

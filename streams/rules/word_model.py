"""A word model: how much an exchange, or the plainest sentence of a reply, reads like each of the things it names.

Linear over the slots of `stems.py`. Only slots that training has seen have a row of weights. All tables together
are small enough for the processor's second cache, and a row of weights is a few numbers that hold four weights each.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from streams.native import native, ones
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
BIAS = "bias"
EXCHANGE_NAMES = (*CATEGORIES, BIAS)
# The more sentences a reply has, the likelier one of them says something by chance: so much log-odds a fold of e.
_CAUTION = 0.5
REPLY_NAMES = (*ACTS, "grounded")

Evidence = npt.NDArray[np.float64]
Table = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.uint32]
Units = npt.NDArray[np.int64]

# The table has a number for so many slots: the low bits say which of them have a row, the high ones how many
# rows all slots before them have.
_SLOTS_OF_NUMBER = 32
_FIVE, _LOW_BITS, _HALF = np.uint64(5), np.uint64(_SLOTS_OF_NUMBER - 1), np.uint64(_SLOTS_OF_NUMBER)
# A weight is a byte: units above or below this one. Each has two bytes of a number, so that as many rows as fit
# below can be added before they are taken apart.
_NO_WEIGHT = 128
_MOST_WEIGHT = 127
_WEIGHTS_OF_LANE = 4
_WEIGHT_BITS, _WEIGHT_MASK = 16, np.uint64(0xFFFF)
_ADDED_AT_ONCE = 256
_ONE = np.uint64(1)
_LEAST_WEIGHT = 1e-9  # where no row has one


@dataclass(frozen=True, slots=True)
class WordModel:
    """`table` tells which slots have a row, and `lanes` has the rows: four weights in a number, in `units` by name.

    Scores are log-odds, in the order of `names`. `examples` is the digest of what it was trained on.
    """

    names: tuple[str, ...]
    table: Table
    lanes: Table
    units: Evidence
    bias: Evidence
    examples: str

    def of_exchange(self, person: Keys, assistant: Keys) -> Evidence:
        """What both sides together, as stems, are about."""
        return _of_exchange(person, assistant, self.table, self.lanes, self.units, self.bias)

    def of_reply(self, reply: Keys) -> Evidence:
        """The most that any one sentence of a reply, as stems, says, for each name."""
        return _of_reply(reply, self.table, self.lanes, self.units, self.bias)


@native
def _slot(key: np.uint64, place: int) -> np.uint64:
    return (((key * _GOLDEN) >> _SHIFT) + np.uint64(place)) & _LAST_SLOT


@native
def _pair(key: np.uint64, following: np.uint64) -> np.uint64:
    """A stem and the following one as one number."""
    return key * _MIX + following


@native
def _note(key: np.uint64, place: int, table: Table, rows: Rows, count: np.uint64) -> np.uint64:
    """Writes the row of a stem, or of a pair, and gives how many are written then: the same again where it has none."""
    slot = _slot(key, place)
    found, bit = table[slot >> _FIVE], slot & _LOW_BITS
    rows[count] = (found >> _HALF) + np.uint64(ones(found & ((_ONE << bit) - _ONE)))
    has_row: np.uint64 = (found >> bit) & _ONE
    return count + has_row


@native
def _plainest_parts(
    keys: Keys, place: int, by_sentence: bool, table: Table, lanes: Table, most: Units
) -> int:
    """Sets the most units that any part says for each name, and gives the number of parts.

    Lone marks are no sentence. How a sentence starts counts once more, as a start.
    """
    sums = np.empty_like(most)
    rows = np.empty(4 * len(keys) + 4, np.uint32)  # each stem and each pair, anywhere and as a start
    parts, start, count = 0, 0, np.uint64(0)
    for number in range(len(keys)):
        key = keys[number]
        is_end = by_sentence & ((key == DOT) | (key == QUESTION))
        if is_end and number == start:
            start += 1
            continue
        count = _note(key, place, table, rows, count)
        # a pair belongs to one part: what begins with a sentence's end is none
        has_pair = not is_end and number + 1 < len(keys)
        if has_pair:
            count = _note(_pair(key, keys[number + 1]), place, table, rows, count)
        if by_sentence and number == start:
            count = _note(key, START, table, rows, count)
            if has_pair:
                count = _note(_pair(key, keys[number + 1]), START, table, rows, count)
        if is_end or number == len(keys) - 1:
            _weigh(rows, int(count), lanes, parts == 0, sums, most)
            count = np.uint64(0)
            parts += 1
            start = number + 1
    return parts


@native
def _weigh(rows: Rows, count: int, lanes: Table, is_first: bool, sums: Units, most: Units) -> None:
    """Adds up rows, and keeps what is more than the most so far (all of it where it is the first)."""
    sums[:] = 0
    for first in range(0, count, _ADDED_AT_ONCE):
        last = min(_ADDED_AT_ONCE, count - first)
        for lane in range(lanes.shape[1]):
            total = np.uint64(0)
            for number in range(last):
                total += lanes[rows[first + number], lane]
            for weight in range(_WEIGHTS_OF_LANE):
                held = (total >> np.uint64(weight * _WEIGHT_BITS)) & _WEIGHT_MASK
                sums[lane * _WEIGHTS_OF_LANE + weight] += np.int64(held)
    for name in range(len(most)):
        said = sums[name] - _NO_WEIGHT * count
        most[name] = said if is_first else max(most[name], said)


@native
def _of_exchange(
    person: Keys, assistant: Keys, table: Table, lanes: Table, units: Evidence, bias: Evidence
) -> Evidence:
    own = np.zeros(lanes.shape[1] * _WEIGHTS_OF_LANE, np.int64)
    other = np.zeros_like(own)
    _plainest_parts(person, PERSON, False, table, lanes, own)
    _plainest_parts(assistant, ASSISTANT, False, table, lanes, other)
    share = float(max(1, len(person) + len(assistant))) ** -LENGTH_POWER
    found = np.empty_like(units)
    for name in range(len(units)):
        found[name] = (own[name] + other[name]) * units[name] * share + bias[name]
    return found


@native
def _of_reply(reply: Keys, table: Table, lanes: Table, units: Evidence, bias: Evidence) -> Evidence:
    most = np.zeros(lanes.shape[1] * _WEIGHTS_OF_LANE, np.int64)
    sentences = _plainest_parts(reply, ANYWHERE, True, table, lanes, most)
    caution = _CAUTION * log(max(1, sentences))
    found = np.empty_like(units)
    for name in range(len(units)):
        found[name] = most[name] * units[name] + bias[name] - caution
    return found


def slot_of(stems: Sequence[int], place: int) -> int:
    """The slot of a stem, or of two that follow each other, at one of the places above."""
    numbers = [np.uint64(stem) for stem in stems]
    return int(_slot(np.uint64(_pair(*numbers)) if len(numbers) > 1 else numbers[0], place))


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
            slots, bias = found["slots"].astype(np.intp), found["bias"].astype(np.float64)
            weights, examples = found["weights"].astype(np.float64), str(found["examples"])
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise BadModel("not a word model's file") from error
    if layout != (LAYOUT, SLOT_BITS):
        raise BadModel(f"a word model of layout {layout[0]} with {layout[1]} bits; not what this code reads")
    fits = weights.shape == (len(slots), len(names)) and bias.shape == (len(names),)
    in_range = bool(((slots >= 0) & (slots < 1 << SLOT_BITS)).all() and (np.diff(slots) > 0).all())
    if not fits or not in_range or not np.isfinite(weights).all() or not np.isfinite(bias).all():
        raise BadModel("its weights are not what this code reads")
    units = np.maximum(np.abs(weights).max(axis=0, initial=0), _LEAST_WEIGHT) / _MOST_WEIGHT
    return WordModel(names, _table(slots), _lanes(np.rint(weights / units)), units, bias, examples)


def _table(slots: npt.NDArray[np.intp]) -> Table:
    """The table of slots that have a row; they are in order."""
    has_row = np.zeros(1 << SLOT_BITS, np.uint64)
    has_row[slots] = 1
    of_number = has_row.reshape(-1, _SLOTS_OF_NUMBER)
    before = np.cumsum(of_number.sum(axis=1)) - of_number.sum(axis=1)
    low: Table = (of_number << np.arange(_SLOTS_OF_NUMBER, dtype=np.uint64)).sum(axis=1)
    return np.asarray(low | before.astype(np.uint64) << _HALF)


def _lanes(units: npt.NDArray[np.float64]) -> Table:
    """Rows of units, -127 to 127, as numbers that hold four each; one row more, for `_note` may name it."""
    rows, names = units.shape
    lanes = -(-names // _WEIGHTS_OF_LANE)
    padded = np.full((rows + 1, lanes * _WEIGHTS_OF_LANE), _NO_WEIGHT, np.uint64)
    padded[:rows, :names] = (units + _NO_WEIGHT).astype(np.uint64)
    shifts = np.arange(_WEIGHTS_OF_LANE, dtype=np.uint64) * np.uint64(_WEIGHT_BITS)
    packed: Table = (padded.reshape(rows + 1, lanes, _WEIGHTS_OF_LANE) << shifts).sum(axis=2)
    return packed

"""What the words of a text weigh for each name, added up in machine code: of an exchange, or of a reply's sentences.

A word or a pair has a slot, and only slots that training has seen have a row of weights. All tables together are small
enough for the processor's second cache, and a row is a few numbers that hold four weights each.
"""

from collections.abc import Sequence
from math import log

import numpy as np
import numpy.typing as npt

from streams.native import native, ones
from streams.rules.stems import DOT, QUESTION, Keys

SLOT_BITS = 19
_SHIFT = np.uint64(64 - SLOT_BITS)
# odd numbers of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close keys fall far apart
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)

# Added to a slot, these tell one place from another: the sides of an exchange; any place of a reply, and starts.
PERSON, ASSISTANT = 0, 0x3C6EF
ANYWHERE, START = 0, 0x3C6EF
_LAST_SLOT = np.uint64((1 << SLOT_BITS) - 1)
# An exchange of n words has its evidence divided by this power of n, and each side says a word or a pair once, however
# often: else what long texts are full of ("people", "their") outweighs all that they are about.
LENGTH_POWER = 0.5
# The more sentences a reply has, the likelier one of them says something by chance: so much log-odds a fold of e.
_CAUTION = 0.5

Evidence = npt.NDArray[np.float64]
Table = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.uint32]
Units = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]

# The table has a number for so many slots: the low bits say which of them have a row, the high ones how many
# rows all slots before them have.
SLOTS_OF_NUMBER = 32
_FIVE, _LOW_BITS, HALF = np.uint64(5), np.uint64(SLOTS_OF_NUMBER - 1), np.uint64(SLOTS_OF_NUMBER)
# A weight is a byte: units above or below this one. Each has two bytes of a number, so that as many rows as fit
# below can be added before they are taken apart.
NO_WEIGHT = 128
MOST_WEIGHT = 127
WEIGHTS_OF_LANE = 4
WEIGHT_BITS, _WEIGHT_MASK = 16, np.uint64(0xFFFF)
_ADDED_AT_ONCE = 256
_ONE = np.uint64(1)


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
    rows[count] = (found >> HALF) + np.uint64(ones(found & ((_ONE << bit) - _ONE)))
    has_row: np.uint64 = (found >> bit) & _ONE
    return count + has_row


@native
def _side(keys: Keys, place: int, table: Table, lanes: Table, units: Units) -> None:
    """Sets the units that one side of an exchange says for each name; a stem, or a pair, says them once."""
    rows = np.empty(2 * len(keys) + 2, np.uint32)
    is_said = np.zeros(lanes.shape[0], np.uint8)
    count = np.uint64(0)
    for number in range(len(keys)):
        behind = _note(keys[number], place, table, rows, count)
        count = _once(rows, count, behind, is_said)
        if number + 1 < len(keys):
            behind = _note(_pair(keys[number], keys[number + 1]), place, table, rows, count)
            count = _once(rows, count, behind, is_said)
    _weigh(rows, int(count), lanes, True, np.empty_like(units), units)


@native
def _once(rows: Rows, count: np.uint64, behind: np.uint64, is_said: Flags) -> np.uint64:
    """How many rows are written when the one that may have been added (`behind` is more then) is left out if known."""
    row = rows[count]
    is_new: np.uint64 = (behind - count) & (_ONE - np.uint64(is_said[row]))
    is_said[row] |= np.uint8(is_new)
    written: np.uint64 = count + is_new
    return written


@native
def _plainest_sentence(keys: Keys, table: Table, lanes: Table, most: Units) -> int:
    """Sets the most units that any sentence says for each name, and gives the number of sentences.

    Lone marks are no sentence. How a sentence starts counts once more, as a start.
    """
    sums = np.empty_like(most)
    rows = np.empty(4 * len(keys) + 4, np.uint32)  # each stem and each pair, anywhere and as a start
    sentences, start, count = 0, 0, np.uint64(0)
    for number in range(len(keys)):
        key = keys[number]
        is_end = (key == DOT) | (key == QUESTION)
        if is_end and number == start:
            start += 1
            continue
        count = _note(key, ANYWHERE, table, rows, count)
        # a pair belongs to one sentence: what begins with its end is none
        has_pair = not is_end and number + 1 < len(keys)
        if has_pair:
            count = _note(_pair(key, keys[number + 1]), ANYWHERE, table, rows, count)
        if number == start:
            count = _note(key, START, table, rows, count)
            if has_pair:
                count = _note(_pair(key, keys[number + 1]), START, table, rows, count)
        if is_end or number == len(keys) - 1:
            _weigh(rows, int(count), lanes, sentences == 0, sums, most)
            count = np.uint64(0)
            sentences += 1
            start = number + 1
    return sentences


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
            for weight in range(WEIGHTS_OF_LANE):
                held = (total >> np.uint64(weight * WEIGHT_BITS)) & _WEIGHT_MASK
                sums[lane * WEIGHTS_OF_LANE + weight] += np.int64(held)
    for name in range(len(most)):
        said = sums[name] - NO_WEIGHT * count
        most[name] = said if is_first else max(most[name], said)


@native
def of_exchange(
    person: Keys, assistant: Keys, table: Table, lanes: Table, units: Evidence, bias: Evidence
) -> Evidence:
    own = np.zeros(lanes.shape[1] * WEIGHTS_OF_LANE, np.int64)
    other = np.zeros_like(own)
    _side(person, PERSON, table, lanes, own)
    _side(assistant, ASSISTANT, table, lanes, other)
    share = float(max(1, len(person) + len(assistant))) ** -LENGTH_POWER
    found = np.empty_like(units)
    for name in range(len(units)):
        found[name] = (own[name] + other[name]) * units[name] * share + bias[name]
    return found


@native
def of_reply(reply: Keys, table: Table, lanes: Table, units: Evidence, bias: Evidence) -> Evidence:
    most = np.zeros(lanes.shape[1] * WEIGHTS_OF_LANE, np.int64)
    sentences = _plainest_sentence(reply, table, lanes, most)
    caution = _CAUTION * log(max(1, sentences))
    found = np.empty_like(units)
    for name in range(len(units)):
        found[name] = most[name] * units[name] + bias[name] - caution
    return found


def slot_of(stems: Sequence[int], place: int) -> int:
    """The slot of a stem, or of two that follow each other, at one of the places above."""
    numbers = [np.uint64(stem) for stem in stems]
    return int(_slot(np.uint64(_pair(*numbers)) if len(numbers) > 1 else numbers[0], place))

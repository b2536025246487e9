"""The view of a text that the gates' models look at, and what they find in it: for each of its plain words a slot for the
first 4, 6, 8 and 12 bytes from there on, which reach into the next words.

Models of this kind see stems, words and short phrases alike, need no dictionary, and bear typing errors. Runs that
start within a word tell next to nothing more, and are three times as many.
"""

from math import sqrt

import numpy as np
import numpy.typing as npt

from streams.native import eight_bytes, native
from streams.rules.plain import Places, Plain

# Of the sets tried, among the best in texts of writers whom they were not trained on, and the second cheapest.
ORDERS = (4, 6, 8, 12)
# Slots of a model that has much to learn, and of one that is asked something simpler: a smaller table is read faster.
SLOT_BITS, FEW_SLOT_BITS = 20, 18

# odd numbers of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close runs of bytes fall far apart
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)

_RUNS_OF_WORD = len(ORDERS)
_STRIDES = 4  # windows start so many times within the length of one

# A run is read as its first eight bytes and the four behind them.
_HALF, _READ, _LONGEST = 8, 16, 12
_LAST_FOUR = np.uint64(0xFFFFFFFF)
_BUT_FOUR, _BUT_SIX = np.uint64(32), np.uint64(16)  # bits that shorter ones lack of eight bytes

# Whole numbers: their sums are the same in any order, and the table is small enough for the processor's cache.
Weights = npt.NDArray[np.int8]
Slots = npt.NDArray[np.int64]
Sums = npt.NDArray[np.int64]
Gravest = tuple[float, int]  # evidence, and the byte at which it starts
_FourSlots = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@native
def _last_run(text: bytes, place: int) -> tuple[np.uint64, np.uint64]:
    """The bytes from a place near the end on, and zeros behind them: the first eight and the next four as numbers."""
    first = last = np.uint64(0)
    for at in range(place, min(place + _HALF, len(text))):
        first |= np.uint64(text[at]) << np.uint64(8 * (at - place))
    for at in range(place + _HALF, min(place + _LONGEST, len(text))):
        last |= np.uint64(text[at]) << np.uint64(8 * (at - place - _HALF))
    return first, last


@native
def _slots_of(first: np.uint64, last: np.uint64, shift: np.uint64) -> _FourSlots:
    """The slots (0 to 2^(64 - shift) - 1) of a word's runs, from their first eight bytes and the next four."""
    whole = first * _GOLDEN
    return (
        ((first << _BUT_FOUR) * _GOLDEN) >> shift,
        ((first << _BUT_SIX) * _GOLDEN) >> shift,
        whole >> shift,
        ((whole ^ last) * _MIX) >> shift,
    )


def slots(plain: Plain, bits: int) -> Slots:
    """The slots (0 to 2^bits - 1) of all runs of a text, those of a word one behind the other."""
    return _slots(plain.text, plain.starts, bits)


def total(plain: Plain, weights: Weights, bits: int) -> int:
    """What the runs of a text weigh together; there are 2^bits weights."""
    sums = np.empty(len(plain.starts) + 1, np.int64)
    _running_sums(plain.text, plain.starts, weights, bits, sums)
    return int(sums[-1])


def gravest(
    plain: Plain, weights: Weights, bits: int, sizes: tuple[int, int]
) -> tuple[float, Gravest, Gravest]:
    """The evidence of the whole text, and that of the first of the gravest windows of each size with its start.

    Evidence is the sum of the runs' weights over the root of their number, so that short and long texts compare.
    There are 2^bits weights.
    """
    return _gravest_of(plain.text, plain.starts, weights, bits, *sizes)


@native
def _slots(text: bytes, starts: Places, bits: int) -> Slots:
    found = np.empty((len(starts), len(ORDERS)), np.int64)
    for word in range(len(starts)):
        first, last = _last_run(text, starts[word])
        found[word] = _slots_of(first, last, np.uint64(64 - bits))
    return found.ravel()


@native
def _weight(first: np.uint64, last: np.uint64, weights: Weights, shift: np.uint64) -> np.int64:
    weight = np.int64(0)
    for slot in _slots_of(first, last, shift):
        weight += np.int64(weights[slot])
    return weight


@native
def _running_sums(text: bytes, starts: Places, weights: Weights, bits: int, sums: Sums) -> None:
    """Writes what the runs of all words before each word weigh together, and of all."""
    words, shift = len(starts), np.uint64(64 - bits)
    wholes = words  # for so many sixteen bytes can be read, so nothing is asked
    while wholes > 0 and starts[wholes - 1] + _READ > len(text):
        wholes -= 1
    so_far = np.int64(0)
    for word in range(wholes):
        sums[word] = so_far
        place = starts[word]
        last = eight_bytes(text, place + _HALF) & _LAST_FOUR
        so_far += _weight(eight_bytes(text, place), last, weights, shift)
    for word in range(wholes, words):
        sums[word] = so_far
        first, last = _last_run(text, starts[word])
        so_far += _weight(first, last, weights, shift)
    sums[words] = so_far


@native
def _gravest_of(
    text: bytes, starts: Places, weights: Weights, bits: int, size: int, other: int
) -> tuple[float, Gravest, Gravest]:
    sums = np.empty(len(starts) + 1, np.int64)
    _running_sums(text, starts, weights, bits, sums)
    whole = sums[-1] / sqrt(max(1, len(starts) * _RUNS_OF_WORD))
    window = _gravest(starts, sums, len(text), size)
    return whole, window, _gravest(starts, sums, len(text), other) if other != size else window


@native
def _gravest(starts: Places, sums: Sums, length: int, size: int) -> Gravest:
    last, stride = length - size, max(1, size // _STRIDES)
    gravest, start, at, first, behind = -np.inf, 0, 0, 0, 0
    while True:
        while first < len(starts) and starts[first] < at:
            first += 1
        while behind < len(starts) and starts[behind] < at + size:
            behind += 1
        evidence = (sums[behind] - sums[first]) / sqrt(max(1, (behind - first) * _RUNS_OF_WORD))
        if evidence > gravest:
            gravest, start = evidence, at
        if at == last:
            return gravest, start
        at = min(at + stride, last)

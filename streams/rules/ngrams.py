"""The view of a text that the gates' models look at: its plain words, and a slot for each run of 4, 6 and 8 bytes.

Models of this kind see spelling, endings and short phrases alike, need no dictionary, and bear typing errors.
"""

import numpy as np
import numpy.typing as npt

from streams.native import native

# Of the sets tried, the one that finds most in texts of writers whom it was not trained on, and the second cheapest.
ORDERS = (4, 6, 8)
# Slots of a model that has much to learn, and of one that is asked something simpler: a smaller table is read faster.
SLOT_BITS, FEW_SLOT_BITS = 20, 18

# an odd number of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close runs of bytes fall far apart
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

_LEFT_OUT, _SPACE, _STOP, _COMMA, _OTHER = 0, ord(" "), ord("."), ord(","), 1
# Bytes of plain text that one byte of folded text becomes at most: a sentence end between two words.
_MOST_BYTES = 3


def _plain_byte(byte: int) -> int:
    if byte == ord("'"):
        return _LEFT_OUT
    if byte >= 0x80 or chr(byte).isalnum() or byte == _COMMA:
        return byte
    return _STOP if byte in b".!?;:\n" else _SPACE


_PLAIN = np.array([*map(_plain_byte, range(256))], np.uint8)

# Whole numbers: their sums are the same in any order, and the table is small enough for the processor's cache.
Weights = npt.NDArray[np.int16]
Slots = npt.NDArray[np.int64]
Sums = npt.NDArray[np.int64]


def plain(folded: bytes) -> bytes:
    """Folded text as words between single spaces, sentence ends and commas as words of their own.

    Apostrophes are left out: "dont" is what half of the writers write. Starts and ends with a space.
    """
    out = np.empty(_MOST_BYTES * len(folded) + 2, np.uint8)
    return out[: _write_plain(folded, _PLAIN, out)].tobytes()


@native
def _write_plain(folded: bytes, table: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]) -> int:
    out[0] = _SPACE
    size = 1
    for place in range(len(folded)):
        byte = table[folded[place]]
        if byte == _LEFT_OUT:
            continue
        is_word = byte in (_STOP, _COMMA)
        if (is_word or byte == _SPACE) and out[size - 1] != _SPACE:
            out[size] = _SPACE
            size += 1
        if byte != _SPACE:
            out[size] = byte
            size += 1
        if is_word:
            out[size] = _SPACE
            size += 1
    if out[size - 1] != _SPACE:
        out[size] = _SPACE
        size += 1
    return size


@native
def _runs_before(text: bytes) -> np.uint64:
    """What `_next_runs` begins with: the first seven bytes, one place too high."""
    runs = np.uint64(0)
    for place in range(min(7, len(text))):
        runs |= np.uint64(text[place]) << np.uint64(8 * place + 8)
    return runs


@native
def _next_runs(text: bytes, place: int, runs: np.uint64) -> np.uint64:
    """The eight bytes that start at a place, the first lowest (zeros behind the end), from those one place before."""
    byte = text[place + 7] if place + 7 < len(text) else 0
    return (runs >> np.uint64(8)) | (np.uint64(byte) << np.uint64(56))


@native
def _slot_of(runs: np.uint64, order: int, bits: int) -> np.int64:
    """The slot (0 to 2^bits - 1) of the first `order` of so many bytes."""
    return np.int64(((runs << np.uint64(64 - 8 * order)) * _GOLDEN) >> np.uint64(64 - bits))


@native
def slots(text: bytes, bits: int) -> Slots:
    """The slots (0 to 2^bits - 1) of all runs of a plain text, for each order from the first place to the last where one fits."""
    sizes = [max(0, len(text) - order + 1) for order in ORDERS]
    found = np.empty(sum(sizes), np.int64)
    runs = _runs_before(text)
    for place in range(len(text)):
        runs = _next_runs(text, place, runs)
        first = 0
        for number in range(len(ORDERS)):
            if place < sizes[number]:
                found[first + place] = _slot_of(runs, ORDERS[number], bits)
            first += sizes[number]
    return found


@native
def running_sums(text: bytes, weights: Weights, bits: int) -> Sums:
    """What all runs that start before each place weigh together; there are 2^bits weights."""
    size = len(text)
    sums = np.empty(size + 1, np.int64)
    runs, total = _runs_before(text), 0
    for place in range(size):
        runs = _next_runs(text, place, runs)
        sums[place] = total
        for order in ORDERS:
            if place + order <= size:
                total += weights[_slot_of(runs, order, bits)]
    sums[size] = total
    return sums

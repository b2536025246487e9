"""The view of a text that the gates' models look at: its plain words, and a slot for each run of 4, 6 and 8 bytes.

Models of this kind see spelling, endings and short phrases alike, need no dictionary, and bear typing errors.
"""

import numpy as np
import numpy.typing as npt

from streams.native import eight_bytes, native

# Of the sets tried, the one that finds most in texts of writers whom it was not trained on, and the second cheapest.
ORDERS = (4, 6, 8)
# Slots of a model that has much to learn, and of one that is asked something simpler: a smaller table is read faster.
SLOT_BITS, FEW_SLOT_BITS = 20, 18

# an odd number of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close runs of bytes fall far apart
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

_LONGEST = 8
_BYTE, _HIGHEST_BYTE = np.uint64(8), np.uint64(56)

_LEFT_OUT, _SPACE, _STOP, _COMMA = 0, ord(" "), ord("."), ord(",")
_SPACE_BYTE, _ONE = np.uint8(_SPACE), np.uint64(1)
# what ends a sentence, a line, or a message (`dialect.SEPARATOR`)
_ENDS = b".!?;:\n\0"
# Bytes of plain text that one byte of folded text becomes at most: a sentence end between two words.
_MOST_BYTES = 3


def _plain_byte(byte: int) -> int:
    if byte == ord("'"):
        return _LEFT_OUT
    if byte >= 0x80 or chr(byte).isalnum() or byte == _COMMA:
        return byte
    return _STOP if byte in _ENDS else _SPACE


_PLAIN = np.array([*map(_plain_byte, range(256))], np.uint8)

# Whole numbers: their sums are the same in any order, and the table is small enough for the processor's cache.
Weights = npt.NDArray[np.int8]
Slots = npt.NDArray[np.int64]
Sums = npt.NDArray[np.int64]


def plain(folded: bytes) -> bytes:
    """Folded text as words between single spaces, sentence ends and commas as words of their own.

    Apostrophes are left out: "dont" is what half of the writers write. Starts and ends with a space.
    """
    out = np.empty(_MOST_BYTES * len(folded) + 3, np.uint8)
    return out[: _write_plain(folded, _PLAIN, out)].tobytes()


@native
def _write_plain(folded: bytes, table: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]) -> np.uint64:
    out[0] = last = _SPACE_BYTE
    size = _ONE
    for place in range(len(folded)):
        byte = table[folded[place]]
        if (byte == _STOP) | (byte == _COMMA):
            out[size] = _SPACE_BYTE
            size += np.uint64(last != _SPACE_BYTE)
            out[size], out[size + _ONE] = byte, _SPACE_BYTE
            size += _ONE + _ONE
            last = _SPACE_BYTE
        else:
            out[size] = byte
            is_kept = (byte != _LEFT_OUT) & ((byte != _SPACE_BYTE) | (last != _SPACE_BYTE))
            size += np.uint64(is_kept)
            last = byte if is_kept else last
    out[size] = _SPACE_BYTE
    return size + np.uint64(last != _SPACE_BYTE)


@native
def _next_runs(text: bytes, place: int, runs: np.uint64) -> np.uint64:
    """The eight bytes that start at a place, the first lowest (zeros behind the end), from those one place before."""
    byte = text[place + _LONGEST - 1] if place + _LONGEST <= len(text) else 0
    return (runs >> _BYTE) | (np.uint64(byte) << _HIGHEST_BYTE)


@native
def _slot_of(runs: np.uint64, order: int, bits: int) -> np.uint64:
    """The slot (0 to 2^bits - 1) of the first `order` of eight bytes."""
    return ((runs << np.uint64(64 - 8 * order)) * _GOLDEN) >> np.uint64(64 - bits)


@native
def _runs_before(text: bytes) -> np.uint64:
    """What `_next_runs` begins with: the first seven bytes, one place too high."""
    runs = np.uint64(0)
    for place in range(min(_LONGEST - 1, len(text))):
        runs |= np.uint64(text[place]) << np.uint64(8 * place + 8)
    return runs


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
    runs, total = _runs_before(text), np.int64(0)
    wholes = max(0, size - _LONGEST + 1)  # up to there a run of each order fits, so nothing is asked
    for place in range(wholes):
        runs = eight_bytes(text, place)
        sums[place] = total
        for order in ORDERS:
            total += weights[_slot_of(runs, order, bits)]
    for place in range(wholes, size):
        runs = _next_runs(text, place, runs)
        sums[place] = total
        for order in ORDERS:
            if place + order <= size:
                total += weights[_slot_of(runs, order, bits)]
    sums[size] = total
    return sums

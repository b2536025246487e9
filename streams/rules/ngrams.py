"""The view of a text that the gates' models look at: its plain words, and a slot for each run of 3 to 6 bytes of them.

Models of this kind see spelling, endings and short phrases alike, need no dictionary, and bear typing errors.
"""

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ORDERS = (3, 4, 5, 6)
SLOT_BITS = 18

_LONGEST = 8  # bytes of the number that is read at each place
_NUMBER = np.dtype("<u8")  # fixed byte order: the same slots on every machine
_SHIFT = np.uint64(64 - SLOT_BITS)
_FOLDING = np.uint64(17)
# odd numbers of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close runs of bytes fall far apart
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_MASKS = {order: np.uint64((1 << 8 * order) - 1) for order in ORDERS}

_STOPS, _COMMA, _SPACE = b".!?;:\n", ord(","), ord(" ")


def _plain_byte(byte: int) -> int:
    if byte >= 0x80 or chr(byte).isalnum() or byte == _COMMA:
        return byte
    return ord(".") if byte in _STOPS else _SPACE


_PLAIN = bytes(map(_plain_byte, range(256)))
_SPACES = re.compile(rb" {2,}")

Floats = npt.NDArray[np.float32]


def plain(folded: bytes) -> bytes:
    """Folded text as words between single spaces, sentence ends and commas as words of their own.

    Apostrophes are left out: "dont" is what half of the writers write. Starts and ends with a space.
    """
    text = folded.replace(b"'", b"").translate(_PLAIN).replace(b".", b" . ").replace(b",", b" , ")
    return b" %b " % b" ".join(text.split())


class Reading(NamedTuple):
    """A plain text as the models read it: its size in bytes and its slots, worked out once for all of them."""

    size: int
    slots: list[npt.NDArray[np.intp]]


def read(text: bytes) -> Reading:
    """The reading of a plain text."""
    return Reading(len(text), slots(text))


def slots(text: bytes) -> list[npt.NDArray[np.intp]]:
    """For each order the slot (0 to 2^SLOT_BITS - 1) of the run of so many bytes that starts at each place.

    The places at the end where no such run fits are left out, so the arrays differ in length.
    """
    found = []
    starts: npt.NDArray[np.uint64] = np.ndarray((len(text),), _NUMBER, text + bytes(_LONGEST), 0, (1,))
    for order in ORDERS:
        runs = starts[: max(0, len(text) - order + 1)] & _MASKS[order]
        runs += np.uint64(order)
        mixed = runs * _MIX
        mixed >>= _FOLDING
        runs *= _GOLDEN
        mixed ^= runs
        mixed *= _GOLDEN
        mixed >>= _SHIFT
        found.append(mixed.view(np.intp))
    return found

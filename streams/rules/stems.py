"""The view of a text that the word models look at: its words cut to their stems, and a slot for each and each pair.

A stem is a word's first six letters, which joins "therapist" to "therapy"; digits are all one, so that a year is a
year. Sentence ends and question marks are words of their own.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

STEM_BYTES = 6
SLOT_BITS = 19

Keys = npt.NDArray[np.uint64]
Slots = npt.NDArray[np.intp]

_NUMBER_BYTES = 8
_NUMBER = np.dtype("<u8")  # fixed byte order: the same slots on every machine
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(STEM_BYTES + 1)], np.uint64)
_SPACE = np.uint8(0x20)
_SHIFT = np.uint64(64 - SLOT_BITS)
# odd numbers of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close keys fall far apart
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


def _word_byte(byte: int) -> int:
    letter = chr(byte)
    if letter.isdigit() and byte < 0x80:
        return ord("0")
    if byte >= 0x80 or letter.isalpha() or letter == "?":
        return byte
    return ord(".") if letter in ".!\n" else ord(" ")


_WORD_BYTES = bytes(map(_word_byte, range(256)))


def _spaced(folded: bytes) -> bytes:
    """Folded text as words between spaces; apostrophes are left out, as half of the writers do."""
    return folded.translate(_WORD_BYTES, b"'").replace(b".", b" . ").replace(b"?", b" ? ")


def stem_words(folded: bytes) -> list[bytes]:
    """The stems one by one: what training looks at."""
    return [word[:STEM_BYTES] for word in _spaced(folded).split()]


def key_of(stem: bytes) -> int:
    """A stem as a number, the same as in `stem_keys`."""
    return int.from_bytes(stem, "little")


DOT, QUESTION = np.uint64(key_of(b".")), np.uint64(key_of(b"?"))


def stem_keys(folded: bytes) -> Keys:
    """The stems as numbers, for all words at once."""
    padded = b" %b        " % _spaced(folded)
    is_space = np.frombuffer(padded, np.uint8) == _SPACE
    edges = (is_space[1:] != is_space[:-1]).nonzero()[0]
    starts = edges[::2]
    # a view that starts a number at every byte of the text
    keys: Keys = np.ndarray((len(padded) - _NUMBER_BYTES,), _NUMBER, padded, 1, (1,)).take(starts)
    keys &= _MASKS.take(edges[1::2] - starts, mode="clip")
    return keys


def word_slots(keys: Keys) -> Slots:
    """The slot of each stem."""
    mixed = keys * _GOLDEN
    mixed >>= _SHIFT
    return mixed.view(np.intp)


def pair_slots(keys: Keys) -> Slots:
    """The slot of each stem together with the next one: one fewer than stems."""
    mixed = keys[:-1] * _MIX
    mixed += keys[1:]
    return word_slots(mixed)


class Reading(NamedTuple):
    """A text's stems, the slot of each, and the slot of each pair (one fewer)."""

    keys: Keys
    words: Slots
    pairs: Slots

    def behind(self, place: int) -> "Reading":
        """What stands behind the stem of that number."""
        return Reading(self.keys[place + 1 :], self.words[place + 1 :], self.pairs[place + 1 :])


def read(folded: bytes) -> Reading:
    """The view of folded text that all word models share."""
    keys = stem_keys(folded)
    return Reading(keys, word_slots(keys), pair_slots(keys))

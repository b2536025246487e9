"""The view of a text that the word models look at: its words cut to their stems, and a slot for each and each pair.

A stem is a word's first six letters, which joins "therapist" to "therapy"; digits are all one, so that a year is a
year. Sentence ends and question marks are words of their own.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.native import native

STEM_BYTES = 6
SLOT_BITS = 19

Keys = npt.NDArray[np.uint64]
Slots = npt.NDArray[np.int64]

_LEFT_OUT, _SPACE, _STOP, _QUERY = 0, ord(" "), ord("."), ord("?")
_SHIFT = np.uint64(64 - SLOT_BITS)
# odd numbers of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close keys fall far apart
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


def _word_byte(byte: int) -> int:
    letter = chr(byte)
    if letter == "'":
        return _LEFT_OUT  # as half of the writers do
    if letter.isdigit() and byte < 0x80:
        return ord("0")
    if byte >= 0x80 or letter.isalpha() or byte == _QUERY:
        return byte
    return _STOP if letter in ".!\n" else _SPACE


_WORD_BYTES = np.array([*map(_word_byte, range(256))], np.uint8)


def stem_words(folded: bytes) -> list[bytes]:
    """The stems one by one: what training looks at."""
    return [key.to_bytes(STEM_BYTES, "little").rstrip(b"\0") for key in stem_keys(folded).tolist()]


def key_of(stem: bytes) -> int:
    """A stem as a number, its first byte the lowest."""
    return int.from_bytes(stem, "little")


DOT, QUESTION = np.uint64(key_of(b".")), np.uint64(key_of(b"?"))


class Reading(NamedTuple):
    """A text's stems as numbers, the slot of each, and the slot of each with the next one (one fewer)."""

    keys: Keys
    words: Slots
    pairs: Slots


def read(folded: bytes) -> Reading:
    """The view of folded text that all word models share."""
    keys = stem_keys(folded)
    return Reading(keys, word_slots(keys), pair_slots(keys))


def stem_keys(folded: bytes) -> Keys:
    """The stems as numbers."""
    keys = np.empty(len(folded), np.uint64)  # a byte makes one word at most
    return keys[: _write_keys(folded, _WORD_BYTES, keys)]


@native
def _write_keys(folded: bytes, table: npt.NDArray[np.uint8], keys: Keys) -> int:
    size, key, letters = 0, np.uint64(0), 0
    for place in range(len(folded) + 1):
        byte = table[folded[place]] if place < len(folded) else _SPACE
        if byte == _LEFT_OUT:
            continue
        is_mark = byte in (_STOP, _QUERY)
        if letters and (is_mark or byte == _SPACE):
            keys[size] = key
            size += 1
            key, letters = np.uint64(0), 0
        if is_mark:
            keys[size] = byte
            size += 1
        elif byte != _SPACE:
            if letters < STEM_BYTES:
                key |= np.uint64(byte) << np.uint64(8 * letters)
            letters += 1
    return size


@native
def word_slots(keys: Keys) -> Slots:
    """The slot of each stem."""
    slots = np.empty(len(keys), np.int64)
    for place in range(len(keys)):
        slots[place] = (keys[place] * _GOLDEN) >> _SHIFT
    return slots


@native
def pair_slots(keys: Keys) -> Slots:
    """The slot of each stem together with the next one: one fewer than stems."""
    slots = np.empty(max(0, len(keys) - 1), np.int64)
    for place in range(len(slots)):
        slots[place] = ((keys[place] * _MIX + keys[place + 1]) * _GOLDEN) >> _SHIFT
    return slots

"""The view of a text that the word models look at: its words cut to their stems, each as a number.

A stem is a word's first six letters, which joins "therapist" to "therapy"; digits are all one, so that a year is a
year. Sentence ends and question marks are words of their own.
"""

import numpy as np
import numpy.typing as npt

from streams.native import native

STEM_BYTES = 6
Keys = npt.NDArray[np.uint64]

_LEFT_OUT, _SPACE, _STOP, _QUERY = 0, ord(" "), ord("."), ord("?")
_NONE, _ONE, _BYTE, _STEM_BITS = np.uint64(0), np.uint64(1), np.uint64(8), np.uint64(8 * STEM_BYTES)


def _word_byte(byte: int) -> int:
    letter = chr(byte)
    if letter == "'":
        return _LEFT_OUT  # as half of the writers do
    if letter.isdigit() and byte < 0x80:
        return ord("0")
    if byte >= 0x80 or letter.isalpha() or byte == _QUERY:
        return byte
    return _STOP if letter in ".!\n\0" else _SPACE


_WORD_BYTES = np.array([*map(_word_byte, range(256))], np.uint8)


def stem_words(folded: bytes) -> list[bytes]:
    """The stems one by one: what training looks at."""
    return [key.to_bytes(STEM_BYTES, "little").rstrip(b"\0") for key in stem_keys(folded).tolist()]


def key_of(stem: bytes) -> int:
    """A stem as a number, its first byte the lowest."""
    return int.from_bytes(stem, "little")


DOT, QUESTION = np.uint64(key_of(b".")), np.uint64(key_of(b"?"))


def stem_keys(folded: bytes) -> Keys:
    """The stems of folded text as numbers: what all word models share."""
    keys = np.empty(len(folded) + 1, np.uint64)  # a byte makes one word at most
    return keys[: _write_keys(folded, _WORD_BYTES, keys)]


@native
def _write_keys(folded: bytes, table: npt.NDArray[np.uint8], keys: Keys) -> np.uint64:
    size, key, shift = _NONE, _NONE, _NONE
    for place in range(len(folded)):
        byte = table[folded[place]]
        is_mark = (byte == _STOP) | (byte == _QUERY)
        if is_mark | (byte == _SPACE):
            keys[size] = key
            size += np.uint64(key != _NONE)
            key, shift = _NONE, _NONE
            if is_mark:
                keys[size] = byte
                size += _ONE
        elif byte != _LEFT_OUT:
            if shift < _STEM_BITS:
                key |= np.uint64(byte) << shift
            shift += _BYTE
    keys[size] = key
    return size + np.uint64(key != _NONE)

"""Tells which words of a text stand in which list, for all words at once."""

from collections.abc import Iterable
from itertools import count

import numpy as np
import numpy.typing as npt

from streams.native import native

_Keys = npt.NDArray[np.uint64]
_Lists = npt.NDArray[np.uint8]

# A word's key is its first eight bytes, read as one number, plus its length: of longer words two could fall
# together, but no two that people write.
_KEY_BYTES = 8

_SPACE = ord(" ")
_GOLDEN = 0x9E3779B97F4A7C15

# With 2^15 slots for a few hundred words, a factor that gives each its own is found after about twenty.
_SLOT_BITS = 15
_SHIFT = np.uint64(64 - _SLOT_BITS)


def _key(word: bytes) -> int:
    return int.from_bytes(word[:_KEY_BYTES], "little") + len(word)


class WordLists:
    """Lists that share no word; each word has a slot of its own, found by one multiplication."""

    __slots__ = ("_factor", "_keys", "_lists")

    def __init__(self, *lists: Iterable[bytes]) -> None:
        numbers = {_key(word): number for number, words in enumerate(lists, 1) for word in words}
        keys = np.array([*numbers], np.uint64)
        for odd in count(1, 2):
            self._factor = np.uint64(_GOLDEN * odd & 0xFFFFFFFFFFFFFFFF)
            slots = keys * self._factor >> _SHIFT
            if len(np.unique(slots)) == len(keys):
                break
        # no word has the key 0
        self._keys = np.zeros(1 << _SLOT_BITS, np.uint64)
        self._keys[slots] = keys
        self._lists = np.zeros(1 << _SLOT_BITS, np.uint8)
        self._lists[slots] = [*numbers.values()]

    def of_each(self, text: bytes) -> bytes:
        """For each word of the text the number of its list, counted from 1; 0 where it is in none.

        Words are what stands between spaces (0x20).
        """
        found = np.empty(len(text) // 2 + 1, np.uint8)
        return found[: _look_up(text, self._factor, self._keys, self._lists, found)].tobytes()


@native
def _look_up(text: bytes, factor: np.uint64, keys: _Keys, lists: _Lists, found: _Lists) -> int:
    words, key, length = 0, np.uint64(0), 0
    for place in range(len(text) + 1):
        byte = text[place] if place < len(text) else _SPACE
        if byte != _SPACE:
            if length < _KEY_BYTES:
                key |= np.uint64(byte) << np.uint64(8 * length)
            length += 1
        elif length:
            key += np.uint64(length)
            slot = (key * factor) >> _SHIFT
            found[words] = lists[slot] if keys[slot] == key else 0
            words, key, length = words + 1, np.uint64(0), 0
    return words

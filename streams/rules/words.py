"""Tells which words of a text stand in which list, for all words at once."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from streams.native import native

_Keys = npt.NDArray[np.uint64]
_Lists = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]

# A word's key is its first eight bytes, read as one number, into which each further one is mixed, plus its length.
_KEY_BYTES = 8

# What stands between words becomes a space: all of ASCII but letters and the apostrophe.
_SPACE = ord(" ")
_TO_SPACE = bytes(c if c >= 0x80 or chr(c).isalpha() or c == ord("'") else _SPACE for c in range(256))
_SPACED = np.frombuffer(_TO_SPACE, np.uint8)
_NONE, _ONE, _THREE, _BYTE = np.uint64(0), np.uint64(1), np.uint64(3), np.uint64(8)
_KEY_BITS = np.uint64(8 * _KEY_BYTES)

# odd numbers of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close keys fall far apart
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_MASK = (1 << 64) - 1

# So many slots for each word of the lists: next to none has to look in a second one.
_ROOM = 4
_FREE = np.uint64(0)  # no word's key

_LETTERS = np.frombuffer(
    bytes(c if c < 0x80 and chr(c).isalpha() else _SPACE for c in range(256)).lower(), np.uint8
)
_LAST_CAPITAL = ord("Z")


def words_of(folded: bytes) -> list[bytes]:
    """The words of folded text: runs of letters, apostrophes and whatever lies beyond ASCII."""
    return folded.translate(_TO_SPACE).split()


def _key(word: bytes) -> int:
    key = int.from_bytes(word[:_KEY_BYTES], "little")
    for byte in word[_KEY_BYTES:]:
        key = key * int(_MIX) + byte & _MASK
    return key + len(word) & _MASK


class WordLists:
    """Lists that share no word, numbered from 1. A word is found by one multiplication."""

    __slots__ = ("_keys", "_lists", "_shift")

    def __init__(self, *lists: Iterable[bytes]) -> None:
        numbers = {_key(word): number for number, words in enumerate(lists, 1) for word in words}
        bits = max(1, _ROOM * len(numbers) - 1).bit_length()
        self._shift = np.uint64(64 - bits)
        self._keys = np.zeros(1 << bits, np.uint64)
        self._lists = np.zeros(1 << bits, np.uint8)
        _put(
            np.array([*numbers], np.uint64),
            np.array([*numbers.values()], np.uint8),
            self._shift,
            self._keys,
            self._lists,
        )

    def of_each(self, folded: bytes) -> bytes:
        """For each of `words_of` the number of its list; 0 where it is in none."""
        count, lists, _, _ = self._find(folded, _SPACED)
        return lists[:count].tobytes()

    def ends(self, cased: bytes) -> tuple[list[int], list[int]]:
        """Where words of the first list end, and where those with a capital do that are of it or of no list.

        Words are here runs of ASCII letters, at least two of them; `cased` is folded but for the case.
        """
        count, lists, starts, ends = self._find(cased, _LETTERS)
        listed, capital = np.empty(count, np.int64), np.empty(count, np.int64)
        of_list, with_capital = _names(cased, lists, starts, ends, listed, capital)
        return listed[:of_list].tolist(), capital[:with_capital].tolist()

    def _find(self, text: bytes, letters: _Lists) -> tuple[int, _Lists, _Places, _Places]:
        """How many words, and of each its list, start and end; `letters` has by byte the one it is read as, or a space."""
        most = len(text) // 2 + 1
        lists, starts, ends = np.empty(most, np.uint8), np.empty(most, np.int64), np.empty(most, np.int64)
        count = _look_up(text, letters, self._shift, self._keys, self._lists, lists, starts, ends)
        return int(count), lists, starts, ends


@native
def _put(words: _Keys, numbers: _Lists, shift: np.uint64, keys: _Keys, lists: _Lists) -> None:
    for place in range(len(words)):
        slot = (words[place] * _GOLDEN) >> shift
        while keys[slot] != _FREE:
            slot = (slot + _ONE) % np.uint64(len(keys))
        keys[slot], lists[slot] = words[place], numbers[place]


@native
def _look_up(
    text: bytes,
    letters: _Lists,
    shift: np.uint64,
    keys: _Keys,
    lists: _Lists,
    found: _Lists,
    starts: _Places,
    ends: _Places,
) -> np.uint64:
    words, key, bits = _NONE, _NONE, _NONE
    for place in range(len(text) + 1):
        byte = letters[text[place]] if place < len(text) else _SPACE
        if byte != _SPACE:
            key = key | np.uint64(byte) << bits if bits < _KEY_BITS else key * _MIX + np.uint64(byte)
            bits += _BYTE
        elif bits:
            length = bits >> _THREE
            key += length
            slot = (key * _GOLDEN) >> shift
            while keys[slot] != _FREE and keys[slot] != key:
                slot = (slot + _ONE) % np.uint64(len(keys))
            found[words], starts[words], ends[words] = lists[slot], place - np.int64(length), place
            words += _ONE
            key = bits = _NONE
    return words


@native
def _names(
    text: bytes, lists: _Lists, starts: _Places, ends: _Places, listed: _Places, capital: _Places
) -> tuple[int, int]:
    of_list = with_capital = 0
    for word in range(len(listed)):
        if lists[word] <= 1 and ends[word] - starts[word] > 1:
            listed[of_list] = capital[with_capital] = ends[word]
            of_list += lists[word]
            with_capital += text[starts[word]] <= _LAST_CAPITAL
    return of_list, with_capital

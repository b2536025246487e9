"""Tells which words of a text stand in which list, for all words at once."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from streams.native import eight_bytes, native

_Keys = npt.NDArray[np.uint64]
_Lists = npt.NDArray[np.uint8]
_Letters = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]

# What stands between words becomes a space: all of ASCII but letters and the apostrophe.
_SPACE = ord(" ")
_TO_SPACE = bytes(c if c >= 0x80 or chr(c).isalpha() or c == ord("'") else _SPACE for c in range(256))
_SPACED = np.array([byte != _SPACE for byte in _TO_SPACE], np.uint8)
_NONE, _ONE, _THREE, _SEVEN, _EIGHT = np.uint64(0), np.uint64(1), np.uint64(3), np.uint64(7), np.uint64(8)
_BITS = np.uint64(64)
_BIT = np.uint8(1)

# odd numbers of splitmix64 (Steele, Lea, Flood 2014): multiplied by, close keys fall far apart
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_MASK = (1 << 64) - 1

# So many slots for each word of the lists: next to none has to look in a second one.
_ROOM = 4
# And so many bits for each slot, set where words are: a table that stays in the processor's nearest caches and
# turns nearly all other words away.
_BITS_OF_SLOT = 4
_MORE_BITS = np.uint64(_BITS_OF_SLOT.bit_length() - 1)
_FREE = np.uint64(0)  # no word's key

_LETTERS = np.array([c < 0x80 and chr(c).isalpha() for c in range(256)], np.uint8)
_LAST_CAPITAL = ord("Z")
# Or-ed to eight ASCII letters it makes them small.
_SMALL, _AS_IS = np.uint64(0x2020202020202020), np.uint64(0)
# Eight bytes are read at once, from where a word starts and to where it ends: so many spaces stand around a text.
_AROUND = 8
_PAD = b" " * _AROUND


def words_of(folded: bytes) -> list[bytes]:
    """The words of folded text: runs of letters, apostrophes and whatever lies beyond ASCII."""
    return folded.translate(_TO_SPACE).split()


def _key(word: bytes) -> int:
    """A word's last eight bytes (its first ones the lowest) mixed with its first eight where it has more, plus its length.

    Of longer words than sixteen bytes the middle is not looked at.
    """
    first = int.from_bytes(word[:_AROUND], "little") if len(word) > _AROUND else 0
    last = int.from_bytes(word[-_AROUND:].rjust(_AROUND, b"\0"), "little")
    return (first * int(_MIX) + last + len(word)) & _MASK


class WordLists:
    """Lists that share no word, numbered from 1. A word is found by one multiplication."""

    __slots__ = ("_keys", "_known", "_lists", "_shift")

    def __init__(self, *lists: Iterable[bytes]) -> None:
        numbers = {_key(word): number for number, words in enumerate(lists, 1) for word in words}
        bits = max(1, _ROOM * len(numbers) - 1).bit_length()
        self._shift = np.uint64(64 - bits)
        # the first slot stays free: what is known not to be there is looked for in it
        self._keys = np.zeros(1 + (1 << bits), np.uint64)
        self._lists = np.zeros(1 + (1 << bits), np.uint8)
        self._known = np.zeros(max(1, (_BITS_OF_SLOT << bits) >> 3), np.uint8)
        _put(
            np.array([*numbers], np.uint64),
            np.array([*numbers.values()], np.uint8),
            self._shift,
            self._known,
            self._keys,
            self._lists,
        )

    def of_each(self, folded: bytes) -> bytes:
        """For each of `words_of` the number of its list; 0 where it is in none."""
        return self._find(folded, _SPACED, _AS_IS)[0].tobytes()

    def ends(self, cased: bytes) -> tuple[list[int], list[int]]:
        """Where words of the first list end, and where those with a capital do that are of it or of no list.

        Words are here runs of ASCII letters, at least two of them; `cased` is folded but for the case.
        """
        lists, cuts = self._find(cased, _LETTERS, _SMALL)
        listed, capital = np.empty(len(lists), np.int64), np.empty(len(lists), np.int64)
        of_list, with_capital = _names(cased, lists, cuts, listed, capital)
        return listed[:of_list].tolist(), capital[:with_capital].tolist()

    def _find(self, text: bytes, letters: _Letters, small: np.uint64) -> tuple[_Lists, _Places]:
        """Of each word its list, and where words start and end, in turn.

        Words are made of the bytes that `letters` has a one for; `small` is or-ed to eight of them at once. The
        places are those of the text with `_AROUND` bytes before it.
        """
        text = b"".join((_PAD, text, _PAD))
        cuts = np.empty(len(text) + 2, np.int64)
        lists = np.empty(int(_cut(text, letters, cuts)) // 2, np.uint8)
        _look_up(text, cuts, small, self._shift, self._known, self._keys, self._lists, lists)
        return lists, cuts


@native
def _put(words: _Keys, numbers: _Lists, shift: np.uint64, known: _Lists, keys: _Keys, lists: _Lists) -> None:
    for place in range(len(words)):
        mixed = words[place] * _GOLDEN
        bit = mixed >> (shift - _MORE_BITS)
        known[bit >> _THREE] |= _BIT << np.uint8(bit & _SEVEN)
        slot = (mixed >> shift) + _ONE
        while keys[slot] != _FREE:
            slot = _next(slot, keys)
        keys[slot], lists[slot] = words[place], numbers[place]


@native
def _next(slot: np.uint64, keys: _Keys) -> np.uint64:
    return slot + _ONE if slot + _ONE < np.uint64(len(keys)) else _ONE


@native
def _cut(text: bytes, letters: _Letters, cuts: _Places) -> np.uint64:
    """Writes where words start and end, in turn, and gives how many of these places there are."""
    count, before = _NONE, np.uint8(0)
    for place in range(len(text)):
        is_letter = letters[text[place]]
        cuts[count] = place
        count += np.uint64(is_letter ^ before)
        before = is_letter
    cuts[count] = len(text)
    return count + np.uint64(before)


@native
def _look_up(
    text: bytes,
    cuts: _Places,
    small: np.uint64,
    shift: np.uint64,
    known: _Lists,
    keys: _Keys,
    lists: _Lists,
    found: _Lists,
) -> None:
    for word in range(len(found)):
        start, end = np.uint64(cuts[2 * word]), np.uint64(cuts[2 * word + 1])
        length = end - start
        bits = min(length, _EIGHT) << _THREE
        last = ((eight_bytes(text, end - _EIGHT) | small) >> (_BITS - bits)) << (_BITS - bits)
        first = eight_bytes(text, start) | small if length > _EIGHT else _NONE
        key = first * _MIX + last + length
        mixed = key * _GOLDEN
        bit = mixed >> (shift - _MORE_BITS)
        is_known = np.uint64(known[bit >> _THREE] >> np.uint8(bit & _SEVEN) & _BIT)
        slot = is_known * ((mixed >> shift) + _ONE)
        while keys[slot] != _FREE and keys[slot] != key:
            slot = _next(slot, keys)
        found[word] = lists[slot]


@native
def _names(
    text: bytes, lists: _Lists, cuts: _Places, listed: _Places, capital: _Places
) -> tuple[np.uint64, np.uint64]:
    of_list = with_capital = np.uint64(0)
    for word in range(len(listed)):
        start, end = cuts[2 * word], cuts[2 * word + 1]
        may_be = (lists[word] <= 1) & (end - start > 1)
        listed[of_list] = capital[with_capital] = end - _AROUND
        of_list += np.uint64(may_be & (lists[word] == 1))
        with_capital += np.uint64(may_be & (text[start - _AROUND] <= _LAST_CAPITAL))
    return of_list, with_capital

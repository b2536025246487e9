"""Tells which words of a text stand in which list, for all words at once."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from streams.native import eight_bytes, native
from streams.rules.plain import WORDS, Plain

_Keys = npt.NDArray[np.uint64]
_Lists = npt.NDArray[np.uint8]
_Letters = npt.NDArray[np.uint8]
_Bits = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]

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
_READ = 8
_PAD = b" " * _READ


def words_of(folded: bytes) -> list[bytes]:
    """The words of folded text that begin with a letter (of any script): no figures, no stops."""
    return [word for word in WORDS.findall(folded) if word.lstrip(b"'")[0] > _LAST_CAPITAL]


def _key(word: bytes) -> int:
    """A word's last eight bytes (its first ones the lowest) mixed with its first eight where it has more, plus its length.

    Of longer words than sixteen bytes the middle is not looked at.
    """
    first = int.from_bytes(word[:_READ], "little") if len(word) > _READ else 0
    last = int.from_bytes(word[-_READ:].rjust(_READ, b"\0"), "little")
    return (first * int(_MIX) + last + len(word)) & _MASK


class WordLists:
    """Lists that share no word, numbered from 1. A word is found by one multiplication."""

    __slots__ = ("_first", "_keys", "_known", "_lists", "_shift")

    def __init__(self, *lists: Iterable[bytes]) -> None:
        numbers = {_key(word): number for number, words in enumerate(lists, 1) for word in words}
        bits = max(1, _ROOM * len(numbers) - 1).bit_length()
        self._shift = np.uint64(64 - bits)
        # the first slot stays free: what is known not to be there is looked for in it
        self._keys = np.zeros(1 + (1 << bits), np.uint64)
        self._lists = np.zeros(1 + (1 << bits), np.uint8)
        keys, own = np.array([*numbers], np.uint64), np.array([*numbers.values()], np.uint8)
        _put(keys, own, self._shift, self._keys, self._lists)
        self._known, self._first = self._bits(keys), self._bits(keys[own == 1])

    def _bits(self, keys: _Keys) -> _Bits:
        """A bit for each place of a word, set where one of these may be."""
        found = np.zeros(max(1, (_BITS_OF_SLOT << (64 - int(self._shift))) >> 3), np.uint8)
        _set(keys, self._shift, found)
        return found

    def of_each(self, words: Plain) -> bytes:
        """For each of `words_of` (of the text that these are the plain words of) the number of its list, or 0.

        The lists' words have no apostrophes.
        """
        found = np.empty(len(words.starts), np.uint8)
        size = _look_up(words.text, words.starts, self._shift, self._known, self._keys, self._lists, found)
        return found[:size].tobytes()

    def ends(self, cased: bytes) -> tuple[list[int], list[int]]:
        """Where words of the first list end, and where those with a capital do that are of it or of no list.

        Words are here runs of ASCII letters, at least two of them; `cased` is folded but for the case.
        """
        text = b"".join((_PAD, cased, _PAD))
        cuts = np.empty(len(text) + 2, np.int64)
        words = int(_cut(text, _LETTERS, cuts)) // 2
        listed, capital = np.empty(words, np.int64), np.empty(words, np.int64)
        of_list, with_capital = _names(
            text, cuts, self._shift, self._first, self._keys, self._lists, listed, capital
        )
        return listed[:of_list].tolist(), capital[:with_capital].tolist()


@native
def _put(words: _Keys, numbers: _Lists, shift: np.uint64, keys: _Keys, lists: _Lists) -> None:
    for place in range(len(words)):
        slot = ((words[place] * _GOLDEN) >> shift) + _ONE
        while keys[slot] != _FREE:
            slot = _next(slot, keys)
        keys[slot], lists[slot] = words[place], numbers[place]


@native
def _set(words: _Keys, shift: np.uint64, bits: _Bits) -> None:
    for word in words:
        bit = (word * _GOLDEN) >> (shift - _MORE_BITS)
        bits[bit >> _THREE] |= _BIT << np.uint8(bit & _SEVEN)


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
def _key_at(text: bytes, start: np.uint64, end: np.uint64, small: np.uint64) -> np.uint64:
    """The key of the word there; `small` is or-ed to eight of its bytes at once. Eight bytes stand before its end."""
    length = end - start
    cut = _BITS - (min(length, _EIGHT) << _THREE)
    last = ((eight_bytes(text, end - _EIGHT) | small) >> cut) << cut
    first = eight_bytes(text, start) | small if length > _EIGHT else _NONE
    return first * _MIX + last + length


@native
def _key_near_start(text: bytes, start: np.uint64, end: np.uint64) -> np.uint64:
    """The key of a word of fewer than eight bytes, wherever it stands."""
    last = _NONE
    for place in range(start, end):
        last |= np.uint64(text[place]) << ((place + _EIGHT - end) << _THREE)
    return last + end - start


@native
def _may_hold(bits: _Bits, mixed: np.uint64, shift: np.uint64) -> np.uint64:
    bit = mixed >> (shift - _MORE_BITS)
    return np.uint64(bits[bit >> _THREE] >> np.uint8(bit & _SEVEN) & _BIT)


@native
def _slot_of(key: np.uint64, slot: np.uint64, keys: _Keys) -> np.uint64:
    while keys[slot] != _FREE and keys[slot] != key:
        slot = _next(slot, keys)
    return slot


@native
def _look_up(
    text: bytes, starts: _Places, shift: np.uint64, known: _Bits, keys: _Keys, lists: _Lists, found: _Lists
) -> np.uint64:
    size = np.uint64(0)
    for word in range(len(starts)):
        start = np.uint64(starts[word])
        # plain text ends with a space
        behind = np.uint64(starts[word + 1] if word + 1 < len(starts) else len(text))
        end = behind - _ONE
        key = _key_at(text, start, end, _AS_IS) if end >= _EIGHT else _key_near_start(text, start, end)
        mixed = key * _GOLDEN
        slot = _may_hold(known, mixed, shift) * ((mixed >> shift) + _ONE)
        found[size] = lists[_slot_of(key, slot, keys)]
        size += np.uint64(text[start] > _LAST_CAPITAL)
    return size


@native
def _names(
    text: bytes,
    cuts: _Places,
    shift: np.uint64,
    first: _Bits,
    keys: _Keys,
    lists: _Lists,
    listed: _Places,
    capital: _Places,
) -> tuple[np.uint64, np.uint64]:
    of_list = with_capital = np.uint64(0)
    for word in range(len(listed)):
        start, end = np.uint64(cuts[2 * word]), np.uint64(cuts[2 * word + 1])
        key = _key_at(text, start, end, _SMALL)
        mixed = key * _GOLDEN
        has_capital = text[start] <= _LAST_CAPITAL
        # nine words in ten are neither
        if (has_capital | (_may_hold(first, mixed, shift) > 0)) and end - start > _ONE:
            of = lists[_slot_of(key, (mixed >> shift) + _ONE, keys)]
            listed[of_list] = capital[with_capital] = np.int64(end) - _READ
            of_list += np.uint64(of == 1)
            with_capital += np.uint64(has_capital & (of <= 1))
    return of_list, with_capital

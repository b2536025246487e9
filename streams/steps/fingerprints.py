"""Gives a conversation its content hash, which copies share, and the bands by which near copies are found."""

from functools import cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import xxhash

from streams.native import eight_bytes, native
from streams.records import Conversation, Fingerprints, Role
from streams.rules.model import Pack
from streams.wording import letters_of_each

# Letters of one shingle: about three words. Read as two overlapping 64-bit numbers.
_SHINGLE = 12
_SECOND = _SHINGLE - 8

# About twelve words. A shorter side has too few shingles for an estimate: it must be the same to the letter.
_LEAST_LETTERS = 48

# Of more shingles only those that start with e or u are taken (bytes of 5 modulo 16, about one in seven):
# the text itself chooses, so both copies choose the same, and the rest need not be hashed.
_MANY_SHINGLES = 1024
_LOW_BITS, _SAMPLED = 15, 5

# Minima of either side in a band. It agrees with probability J(user)³ · J(assistant)³, so another answer to
# the same question is no near copy, nor is the same answer to another question. And because a filter knows
# each band of every record, chance must stay small for all of them together: on counselling answers two
# unrelated records agree with 1e-14.
_ROWS = 3

_GOLDEN = 0x9E3779B97F4A7C15
_MIX = 0xBF58476D1CE4E5B9
_MASK = (1 << 64) - 1
_FIRST_FACTOR, _SECOND_FACTOR = np.uint64(_GOLDEN), np.uint64(_MIX)
_SHIFT, _HALF = np.uint64(29), np.uint64(32)
_MINIMUM = np.dtype("<u4")  # fixed byte order: the same bands on every machine
_LARGEST = np.uint32((1 << 32) - 1)

Numbers = npt.NDArray[np.uint32]

# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_USER, _ASSISTANT = Role.USER, Role.ASSISTANT


@cache
def _multipliers(count: int) -> Numbers:
    """`count` odd numbers from splitmix64 (Steele, Lea, Flood 2014): each is one permutation."""
    found = []
    for index in range(1, count + 1):
        z = index * _GOLDEN & _MASK
        z = (z ^ z >> 30) * _MIX & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        found.append((z ^ z >> 31) & 0xFFFFFFFF | 1)
    return np.array(found, np.uint32)


@native
def _minima_of(letters: bytes, factors: Numbers, minima: Numbers, side: int) -> None:
    """MinHash (Broder 1997) of a side's shingles, of which it has some: the least hash under each permutation."""
    size = len(letters) - _SHINGLE + 1
    places = np.empty(size, np.int64)
    taken = 0
    for place in range(size):
        places[taken] = place
        taken += letters[place] & _LOW_BITS == _SAMPLED
    # a text that repeats one word over and over may have none of the sampled letters
    takes_all = size <= _MANY_SHINGLES or taken == 0
    hashes = np.empty(size if takes_all else taken, np.uint32)
    for number in range(len(hashes)):
        hashes[number] = _hash_at(letters, number if takes_all else places[number])
    for row in range(len(factors)):
        least = _LARGEST
        for own in hashes:
            least = min(least, np.uint32(own * factors[row]))
        minima[row, side] = least


@native
def _hash_at(letters: bytes, place: int) -> np.uint32:
    """32 well mixed bits for the shingle that starts there: its first eight letters and its last as numbers."""
    first, last = eight_bytes(letters, place), eight_bytes(letters, place + _SECOND)
    mixed = (first * _FIRST_FACTOR ^ last) * _SECOND_FACTOR
    mixed ^= mixed >> _SHIFT
    return np.uint32((mixed * _FIRST_FACTOR) >> _HALF)


def _minima(user: bytes, assistant: bytes, count: int) -> Numbers:
    """The minima of both sides under `count` permutations: a column a side."""
    minima = np.empty((count, 2), _MINIMUM)
    for column, side in enumerate((user, assistant)):
        if len(side) < _LEAST_LETTERS:
            minima[:, column] = xxhash.xxh32_intdigest(side)
        else:
            _minima_of(side, _multipliers(count), minima, column)
    return minima


def _bands(user: bytes, assistant: bytes, count: int) -> tuple[str, ...]:
    if count == 0 or len(user) + len(assistant) < _LEAST_LETTERS:
        return ()
    minima = _minima(user, assistant, count * _ROWS).tobytes()
    size = 2 * _ROWS * _MINIMUM.itemsize
    # the seed ties a band to its place
    return tuple(
        [xxhash.xxh3_64_hexdigest(minima[band * size : (band + 1) * size], band) for band in range(count)]
    )


def fingerprints(conversation: Conversation, pack: Pack, folded: bytes | None = None) -> Fingerprints:
    """The content hash of roles and letters, turn by turn, and the pack's number of near-copy bands.

    Case, accents, spacing and punctuation make no other content; another turn, order or role does. Texts of
    fewer than about twelve words have no bands. The reasoning is no part of either. `folded` is the fold of the
    messages joined by NUL, where the scan has made it.
    """
    whole: list[bytes] = []
    asked: list[bytes] = []
    answered: list[bytes] = []
    messages = conversation.messages
    letters = letters_of_each([m.content for m in messages], folded)
    for message, own in zip(messages, letters, strict=True):
        role = message.role
        # the length keeps two turns from reading like one
        whole += b"%s %d " % (role.encode(), len(own)), own
        if role is _USER:
            asked.append(own)
        elif role is _ASSISTANT:
            answered.append(own)
    bands = _bands(b"\0".join(asked), b"\0".join(answered), pack.policy.near_bands)
    return Fingerprints(sha256(b"".join(whole)).hexdigest()[:32], bands)

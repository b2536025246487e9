"""Gives a conversation its content hash, which copies share, and the bands by which near copies are found."""

from functools import cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import xxhash

from streams.records import Conversation, Fingerprints, Role
from streams.rules.model import Pack
from streams.wording import letters_of_each

# Letters of one shingle: about three words. Read as two overlapping 64-bit numbers, all at once by numpy.
_SHINGLE = 12
_SECOND = _SHINGLE - 8

# About twelve words. A shorter side has too few shingles for an estimate: it must be the same to the letter.
_LEAST_LETTERS = 48

# Of more shingles only those that start with e or u are taken (bytes of 5 modulo 16, about one in seven):
# the text itself chooses, so both copies choose the same, and the rest need not be hashed.
_MANY_SHINGLES = 1024
_LOW_BITS = np.uint8(15)
_SAMPLED = np.uint8(5)

# Minima of either side in a band. It agrees with probability J(user)³ · J(assistant)³, so another answer to
# the same question is no near copy, nor is the same answer to another question. And because a filter knows
# each band of every record, chance must stay small for all of them together: on counselling answers two
# unrelated records agree with 1e-14.
_ROWS = 3

# Shingles that are multiplied at once: the product fits the second-level cache.
_BLOCK = 8192

_GOLDEN = 0x9E3779B97F4A7C15
_MIX = 0xBF58476D1CE4E5B9
_MASK = (1 << 64) - 1
_FIRST_FACTOR, _SECOND_FACTOR = np.uint64(_GOLDEN), np.uint64(_MIX)
_SHIFT, _HALF = np.uint64(29), np.uint64(32)
# fixed byte order: the same bands on every machine
_NUMBER = np.dtype("<u8")
_MINIMUM = np.dtype("<u4")
_LARGEST = (1 << 32) - 1

# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_USER, _ASSISTANT = Role.USER, Role.ASSISTANT


@cache
def _multipliers(count: int) -> npt.NDArray[np.uint32]:
    """A column of `count` odd numbers from splitmix64 (Steele, Lea, Flood 2014): each is one permutation."""
    found = []
    for index in range(1, count + 1):
        z = index * _GOLDEN & _MASK
        z = (z ^ z >> 30) * _MIX & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        found.append((z ^ z >> 31) & 0xFFFFFFFF | 1)
    return np.array(found, np.uint32)[:, None]


def _take(taken: npt.NDArray[np.bool_]) -> int:
    """Number of a side's shingles that are taken: the sampled ones, or all where they are few."""
    found = int(np.count_nonzero(taken))
    # a text that repeats one word over and over may have none of the sampled letters
    if len(taken) <= _MANY_SHINGLES or found == 0:
        taken[:] = True
        return len(taken)
    return found


def _hashes(joined: bytes, starts: npt.NDArray[np.intp]) -> npt.NDArray[np.uint32]:
    """32 well mixed bits for the shingle at each start."""
    # views that start a 64-bit number at every byte
    size = (len(joined) - _SHINGLE + 1,)
    shingles = np.ndarray(size, _NUMBER, joined, 0, (1,)).take(starts)
    shingles *= _FIRST_FACTOR
    shingles ^= np.ndarray(size, _NUMBER, joined, _SECOND, (1,)).take(starts)
    shingles *= _SECOND_FACTOR
    shingles ^= shingles >> _SHIFT
    shingles *= _FIRST_FACTOR
    return (shingles >> _HALF).astype(np.uint32)


def _least(
    hashes: npt.NDArray[np.uint32], asked: int, factors: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint32]:
    """The least of the first `asked` hashes and of the others under each permutation: two columns."""
    if 0 < asked < len(hashes) <= _BLOCK:
        return np.minimum.reduceat(hashes * factors, (0, asked), axis=1)
    # block by block: a product of all at once would take a hundred times the memory of a long text
    least = np.full((len(factors), 2), _LARGEST, np.uint32)
    for column, own in zip(least.T, (hashes[:asked], hashes[asked:]), strict=True):
        for at in range(0, len(own), _BLOCK):
            np.minimum(column, np.minimum.reduce(own[at : at + _BLOCK] * factors, axis=1), out=column)
    return least


def _minima(user: bytes, assistant: bytes, count: int) -> npt.NDArray[np.uint32]:
    """MinHash (Broder 1997) of both sides' letter shingles under `count` permutations: a column a side."""
    joined = user + assistant
    taken = np.frombuffer(joined, np.uint8, len(joined) - _SHINGLE + 1) & _LOW_BITS == _SAMPLED
    # no shingle reaches from one side into the other
    within = max(0, len(user) - _SHINGLE + 1)
    taken[within : len(user)] = False
    asked = _take(taken[:within])
    _take(taken[len(user) :])
    least = _least(_hashes(joined, taken.nonzero()[0]), asked, _multipliers(count))
    for column, side in enumerate((user, assistant)):
        if len(side) < _LEAST_LETTERS:
            least[:, column] = xxhash.xxh32_intdigest(side)
    return least


def _bands(user: bytes, assistant: bytes, count: int) -> tuple[str, ...]:
    if count == 0 or len(user) + len(assistant) < _LEAST_LETTERS:
        return ()
    minima = _minima(user, assistant, count * _ROWS).astype(_MINIMUM, copy=False).tobytes()
    size = 2 * _ROWS * _MINIMUM.itemsize
    # the seed ties a band to its place
    return tuple(
        [xxhash.xxh3_64_hexdigest(minima[band * size : (band + 1) * size], band) for band in range(count)]
    )


def fingerprints(conversation: Conversation, pack: Pack) -> Fingerprints:
    """The content hash of roles and letters, turn by turn, and the pack's number of near-copy bands.

    Case, accents, spacing and punctuation make no other content; another turn, order or role does. Texts of
    fewer than about twelve words have no bands. The reasoning is no part of either.
    """
    whole: list[bytes] = []
    asked: list[bytes] = []
    answered: list[bytes] = []
    messages = conversation.messages
    for message, own in zip(messages, letters_of_each([m.content for m in messages]), strict=True):
        role = message.role
        # the length keeps two turns from reading like one
        whole += b"%s %d " % (role.encode(), len(own)), own
        if role is _USER:
            asked.append(own)
        elif role is _ASSISTANT:
            answered.append(own)
    bands = _bands(b"\0".join(asked), b"\0".join(answered), pack.policy.near_bands)
    return Fingerprints(sha256(b"".join(whole)).hexdigest()[:32], bands)

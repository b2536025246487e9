"""Gives a conversation its content hash, which copies share, and the bands by which near copies are found."""

from functools import cache
from hashlib import sha256
from struct import Struct

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

# Of more shingles only those that start with e, m or u are taken (bytes of 5 modulo 8, about one in six):
# the text itself chooses, so both copies choose the same, and the rest need not be hashed.
_MANY_SHINGLES = 1024
_SAMPLED = 5

# Minima of either side in a band. It agrees with probability J(user)³ · J(assistant)³, so another answer to
# the same question is no near copy, nor is the same answer to another question. And because a filter knows
# each band of every record, chance must stay small for all of them together: on counselling answers two
# unrelated records agree with 1e-14.
_ROWS = 3

# Shingles that are multiplied at once: the product fits the second-level cache.
_BLOCK = 8192

_BAND = Struct(f"<{1 + 2 * _ROWS}I")
_GOLDEN = 0x9E3779B97F4A7C15
_MIX = 0xBF58476D1CE4E5B9
_MASK = (1 << 64) - 1


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


def _minima(side: bytes, count: int) -> list[int]:
    """MinHash (Broder 1997) of the side's letter shingles under `count` permutations, 32 bits each."""
    if len(side) < _LEAST_LETTERS:
        return [xxhash.xxh32_intdigest(side)] * count
    # views that start a 64-bit number at every byte; fixed byte order: the same bands on every machine
    size = len(side) - _SHINGLE + 1
    first = np.ndarray((size,), "<u8", side, 0, (1,))
    second = np.ndarray((size,), "<u8", side, _SECOND, (1,))
    if size > _MANY_SHINGLES:
        starts = np.flatnonzero(np.frombuffer(side, np.uint8, size) & 7 == _SAMPLED)
        # a text that repeats one word over and over may have none of them
        if len(starts):
            first, second = first[starts], second[starts]
    shingles = first * np.uint64(_GOLDEN)
    shingles ^= second
    shingles *= np.uint64(_MIX)
    shingles ^= shingles >> np.uint64(29)
    shingles *= np.uint64(_GOLDEN)
    hashes = (shingles >> np.uint64(32)).astype(np.uint32)
    factors = _multipliers(count)
    # block by block: a product of all at once would take a hundred times the memory of a long text
    blocks = [
        np.minimum.reduce(hashes[at : at + _BLOCK] * factors, axis=1) for at in range(0, len(hashes), _BLOCK)
    ]
    least: list[int] = (blocks[0] if len(blocks) == 1 else np.minimum.reduce(blocks)).tolist()
    return least


def _bands(user: bytes, assistant: bytes, count: int) -> tuple[str, ...]:
    if count == 0 or len(user) + len(assistant) < _LEAST_LETTERS:
        return ()
    asked, answered = _minima(user, count * _ROWS), _minima(assistant, count * _ROWS)
    return tuple(
        xxhash.xxh3_64_hexdigest(
            _BAND.pack(
                band, *asked[band * _ROWS : (band + 1) * _ROWS], *answered[band * _ROWS : (band + 1) * _ROWS]
            )
        )
        for band in range(count)
    )


def fingerprints(conversation: Conversation, pack: Pack) -> Fingerprints:
    """The content hash of roles and letters, turn by turn, and the pack's number of near-copy bands.

    Case, accents, spacing and punctuation make no other content; another turn, order or role does. Texts of
    fewer than about twelve words have no bands. The reasoning is no part of either.
    """
    whole = sha256()
    sides: dict[Role, list[bytes]] = {Role.USER: [], Role.ASSISTANT: []}
    messages = conversation.messages
    for message, own in zip(messages, letters_of_each([m.content for m in messages]), strict=True):
        # the length keeps two turns from reading like one
        whole.update(b"%s %d " % (message.role.value.encode(), len(own)))
        whole.update(own)
        if message.role in sides:
            sides[message.role].append(own)
    bands = _bands(b"\0".join(sides[Role.USER]), b"\0".join(sides[Role.ASSISTANT]), pack.policy.near_bands)
    return Fingerprints(whole.hexdigest()[:32], bands)

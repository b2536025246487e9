"""The view of a text that the word models look at: its plain words cut to their stems, each as a number.

A stem is a word's first six letters, which joins "therapist" to "therapy". Question marks are stems of their own, commas are left out.
"""

import numpy as np
import numpy.typing as npt

from streams.native import eight_bytes, native
from streams.rules.plain import Places, Plain, plain

STEM_BYTES = 6
Keys = npt.NDArray[np.uint64]

_COMMA = np.uint64(ord(","))
_ONE, _THREE, _STEM_BITS = np.uint64(1), np.uint64(3), np.uint64(8 * STEM_BYTES)
_READ = 8


def stem_words(folded: bytes) -> list[bytes]:
    """The stems of folded text one by one: what training looks at."""
    return [key.to_bytes(STEM_BYTES, "little").rstrip(b"\0") for key in stem_keys(plain(folded)).tolist()]


def key_of(stem: bytes) -> int:
    """A stem as a number, its first byte the lowest."""
    return int.from_bytes(stem, "little")


DOT, QUESTION = np.uint64(key_of(b".")), np.uint64(key_of(b"?"))


def stem_keys(words: Plain) -> Keys:
    """The stems of a text as numbers: what all word models share."""
    keys = np.empty(len(words.starts) + 1, np.uint64)
    return keys[: _write_keys(words.text, words.starts, words.questions, keys)]


@native
def _write_keys(text: bytes, starts: Places, questions: Places, keys: Keys) -> np.uint64:
    count, asked = np.uint64(0), 0
    for word in range(len(starts)):
        start = starts[word]
        # plain text ends with a space
        behind = starts[word + 1] if word + 1 < len(starts) else len(text)
        if start + _READ <= len(text):
            key = eight_bytes(text, start)
        else:
            key = np.uint64(0)
            for place in range(start, len(text)):
                key |= np.uint64(text[place]) << np.uint64(8 * (place - start))
        bits = min(np.uint64(behind - start - 1) << _THREE, _STEM_BITS)
        key &= (_ONE << bits) - _ONE
        if asked < len(questions) and questions[asked] == word:
            key = QUESTION
            asked += 1
        keys[count] = key
        count += np.uint64(key != _COMMA)
    return count

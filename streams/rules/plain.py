"""The words of a text as every model reads them."""

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.native import native

Places = npt.NDArray[np.int64]

_SPACE, _DIGIT, _STOP, _COMMA = ord(" "), ord("0"), ord("."), ord(",")
# Lower than any byte that is kept, so that one comparison tells them: one byte in twenty-five is of these.
_LEFT_OUT, _IS_STOP, _IS_QUERY, _IS_COMMA, _KEPT = range(5)
_SPACE_BYTE, _STOP_BYTE, _COMMA_BYTE, _ONE = np.uint8(_SPACE), np.uint8(_STOP), np.uint8(_COMMA), np.uint64(1)
# what ends a sentence, a line, or a message (`dialect.SEPARATOR`)
_ENDS = b".!\n\0"
# Bytes of plain text that one byte of folded text becomes at most: a sentence end between two words.
_MOST_BYTES = 3


def _plain_byte(byte: int) -> int:
    if byte < 0x80 and chr(byte).isdigit():
        return _DIGIT
    if byte >= 0x80 or chr(byte).isalpha():
        return byte
    if byte in _ENDS:
        return _IS_STOP
    return {ord("'"): _LEFT_OUT, ord("?"): _IS_QUERY, _COMMA: _IS_COMMA}.get(byte, _SPACE)


# The words of `plain`, stops among them, as they stand in folded text.
WORDS = re.compile(rb"[a-z0-9'\x80-\xff]*[a-z0-9\x80-\xff][a-z0-9'\x80-\xff]*|[.!?\n\0,]")

_PLAIN = np.array([*map(_plain_byte, range(256))], np.uint8)


_NO_PLACES = np.empty(0, np.int64)


class Plain(NamedTuple):
    """Words between single spaces, where each starts, and the numbers of those that were question marks.

    Sentence ends (each a dot) and commas are words of their own. All digits are one, so that a year is a year.
    Apostrophes are left out: "dont" is what half of the writers write.
    """

    text: bytes
    starts: Places
    questions: Places


def plain(folded: bytes) -> Plain:
    """The words of folded text. It starts and ends with a space."""
    out = np.empty(_MOST_BYTES * len(folded) + 3, np.uint8)
    starts = np.empty(_MOST_BYTES * len(folded) // 2 + 2, np.int64)
    questions = np.empty(len(folded), np.int64)
    size, words, asked = _write_plain(folded, _PLAIN, out, starts, questions)
    # copies, for a view would keep the whole array
    return Plain(out[:size].tobytes(), starts[:words].copy(), questions[:asked].copy())


def as_plain(text: bytes) -> Plain:
    """What is plain text already: a part of one. A part of a word that it begins with is none.

    Which dots were question marks is not known.
    """
    return Plain(text, _word_starts(text), _NO_PLACES)


@native
def _write_plain(
    folded: bytes,
    table: npt.NDArray[np.uint8],
    out: npt.NDArray[np.uint8],
    starts: Places,
    questions: Places,
) -> tuple[np.uint64, np.uint64, np.uint64]:
    out[0] = _SPACE_BYTE
    size, words, asked, is_behind_space = _ONE, np.uint64(0), np.uint64(0), True
    for place in range(len(folded)):
        byte = table[folded[place]]
        if byte >= _KEPT:
            is_space = byte == _SPACE_BYTE
            out[size] = byte
            starts[words] = size
            words += np.uint64(is_behind_space & (not is_space))
            size += np.uint64(not (is_behind_space & is_space))
            is_behind_space = is_space
        elif byte != _LEFT_OUT:
            out[size] = _SPACE_BYTE
            size += np.uint64(not is_behind_space)
            starts[words], questions[asked] = size, words
            asked += np.uint64(byte == _IS_QUERY)
            words += _ONE
            out[size] = _COMMA_BYTE if byte == _IS_COMMA else _STOP_BYTE
            out[size + _ONE] = _SPACE_BYTE
            size += _ONE + _ONE
            is_behind_space = True
    out[size] = _SPACE_BYTE
    return size + np.uint64(not is_behind_space), words, asked


@native
def _word_starts(text: bytes) -> Places:
    starts = np.empty(len(text) + 1, np.int64)
    count, before = np.uint64(0), False
    for place in range(len(text)):
        is_space = text[place] == _SPACE
        starts[count] = place
        count += np.uint64(before & (not is_space))
        before = is_space
    return starts[:count]

"""Reduces a text to the letters that make it what it says, so that its copies look alike."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streams.fold import fold
from streams.native import native

_Kept = npt.NDArray[np.uint64]

_KEPT_ASCII = b"abcdefghijklmnopqrstuvwxyz0123456789"
# by byte: 1 where it is kept; what lies beyond ASCII is looked at again
_KEPT = np.array([code >= 128 or code in _KEPT_ASCII for code in range(256)], np.uint64)
_KEPT_AND_NUL = np.array([code == 0 or kept for code, kept in enumerate(_KEPT)], np.uint64)


def letters(text: str) -> bytes:
    """The folded text without spaces, punctuation and control characters, in UTF-8.

    Two texts that differ in case, accents, spacing or punctuation alone give the same bytes. A text that is
    punctuation through and through ("?!") gives its fold, so that it does not look like an empty one.
    """
    return folded_letters(fold(text))


def folded_letters(folded: bytes) -> bytes:
    """`letters` of a text of which somebody has the fold."""
    kept = _only(folded, _KEPT)
    if not kept.isascii():
        kept = _beyond_ascii(kept)
    return kept or folded


def letters_of_each(texts: Sequence[str], folded: bytes | None = None) -> list[bytes]:
    """`letters` of every text, in one pass where that is possible.

    `folded` is the fold of the texts joined by NUL, where somebody has it.
    """
    if folded is None:
        folded = fold("\0".join(texts))
    kept = _only(folded, _KEPT_AND_NUL)
    pieces = kept.split(b"\0")
    # a text of its own NUL, of other scripts, or of punctuation alone takes the long way
    if len(pieces) != len(texts) or not kept.isascii() or b"" in pieces:
        return [letters(text) for text in texts]
    return pieces


def _only(folded: bytes, kept: _Kept) -> bytes:
    out = np.empty(len(folded) + 1, np.uint8)
    return out[: _write(folded, kept, out)].tobytes()


@native
def _write(folded: bytes, kept: _Kept, out: npt.NDArray[np.uint8]) -> np.uint64:
    size = np.uint64(0)
    for place in range(len(folded)):
        out[size] = folded[place]
        size += kept[folded[place]]
    return size


def _beyond_ascii(kept: bytes) -> bytes:
    # marks stay: in many scripts they are the vowels; symbols stay: an emoji can be all that is said
    characters = (
        c
        for c in kept.decode("utf-8", "surrogatepass")
        if c < "\x80" or unicodedata.category(c)[0] not in "PZC"
    )
    return "".join(characters).encode("utf-8", "surrogatepass")

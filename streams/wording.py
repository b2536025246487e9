"""Reduces a text to the letters that make it what it says, so that its copies look alike."""

import unicodedata
from collections.abc import Sequence

from streams.fold import fold

_KEPT_ASCII = b"abcdefghijklmnopqrstuvwxyz0123456789"
_DROPPED_ASCII = bytes(code for code in range(128) if code not in _KEPT_ASCII)
_DROPPED_BUT_NUL = _DROPPED_ASCII.replace(b"\0", b"")


def letters(text: str) -> bytes:
    """The folded text without spaces, punctuation and control characters, in UTF-8.

    Two texts that differ in case, accents, spacing or punctuation alone give the same bytes. A text that is
    punctuation through and through ("?!") gives its fold, so that it does not look like an empty one.
    """
    folded = fold(text)
    kept = folded.translate(None, _DROPPED_ASCII)
    if not kept.isascii():
        kept = _beyond_ascii(kept)
    return kept or folded


def letters_of_each(texts: Sequence[str]) -> list[bytes]:
    """`letters` of every text, in one pass where that is possible."""
    folded = fold("\0".join(texts))
    kept = folded.translate(None, _DROPPED_BUT_NUL)
    pieces = kept.split(b"\0")
    # a text of its own NUL, of other scripts, or of punctuation alone takes the long way
    if len(pieces) != len(texts) or not kept.isascii() or b"" in pieces:
        return [letters(text) for text in texts]
    return pieces


def _beyond_ascii(kept: bytes) -> bytes:
    # marks stay: in many scripts they are the vowels; symbols stay: an emoji can be all that is said
    characters = (
        c
        for c in kept.decode("utf-8", "surrogatepass")
        if c < "\x80" or unicodedata.category(c)[0] not in "PZC"
    )
    return "".join(characters).encode("utf-8", "surrogatepass")

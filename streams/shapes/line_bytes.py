"""What the bytes of a JSON line rule out, found in one pass over them: most lines need none of the dearer looks."""

from typing import NamedTuple

import numpy as np

from streams.native import native

_LESS, _AND, _DELETE, _BACKSLASH = ord("<"), ord("&"), 0x7F, ord("\\")
_OBJECT, _LIST = ord("{"), ord("[")
_NEWLINE, _QUOTE, _SLASH = ord("n"), ord('"'), ord("/")
_ASCII = 0x80


class LineBytes(NamedTuple):
    """How many brackets open anything (those in texts count too); whether the line holds a sign of markup or of
    deletion, and an escape that is none of a newline, quote or slash; whether it is ASCII through and through."""

    brackets: int
    has_sign: bool
    has_rare_escape: bool
    is_ascii: bool


def look_at(line: bytes) -> LineBytes:
    """What the line, a whole JSON document, holds."""
    return LineBytes(*_look(line))


@native
def _look(line: bytes) -> tuple[int, bool, bool, bool]:
    brackets = 0
    signs = rares = highest = np.uint8(0)
    # the last byte closes the document
    for place in range(len(line) - 1):
        byte, next_byte = np.uint8(line[place]), np.uint8(line[place + 1])
        brackets += (byte == _OBJECT) | (byte == _LIST)
        signs |= np.uint8((byte == _LESS) | (byte == _AND) | (byte == _DELETE))
        highest |= byte
        is_rare = (next_byte != _NEWLINE) & (next_byte != _QUOTE) & (next_byte != _SLASH)
        rares |= np.uint8((byte == _BACKSLASH) & is_rare)
    return brackets, bool(signs), bool(rares), bool(highest < _ASCII)

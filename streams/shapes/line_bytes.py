"""What the bytes of a JSON line rule out, found in one pass over them: most lines need none of the dearer looks."""

from typing import NamedTuple

import numpy as np

from streams.native import native

_LESS, _AND, _DELETE, _BACKSLASH = ord("<"), ord("&"), 0x7F, ord("\\")
_OBJECT, _LIST = ord("{"), ord("[")
_NEWLINE, _QUOTE, _SLASH = ord("n"), ord('"'), ord("/")
# Bytes that begin a character beyond ASCII. Letters of Western Europe begin with none of these leads; the dashes,
# quotes, bullets and dots of word processors are those of E2 80 90 to E2 80 A7.
_C2, _E1, _E2, _EF, _F3 = 0xC2, 0xE1, 0xE2, 0xEF, 0xF3
_SIGNS, _FIRST_SIGN, _LAST_SIGN = 0x80, 0x90, 0xA7


class LineBytes(NamedTuple):
    """How many brackets open anything (those in texts count too); whether the line holds a sign of markup or of
    deletion, an escape that is none of a newline, quote or slash, and a character beyond ASCII that is none of the
    common letters, dashes and quotes."""

    brackets: int
    has_sign: bool
    has_rare_escape: bool
    has_rare_character: bool


def look_at(line: bytes) -> LineBytes:
    """What the line, a whole JSON document, holds."""
    return LineBytes(*_look(line))


@native
def _look(line: bytes) -> tuple[int, bool, bool, bool]:
    brackets = 0
    signs = rares = beyond = np.uint8(0)
    # the last bytes of a document with any text in it close what holds that
    for place in range(len(line) - 2):
        byte, next_byte, third = np.uint8(line[place]), np.uint8(line[place + 1]), np.uint8(line[place + 2])
        brackets += (byte == _OBJECT) | (byte == _LIST)
        signs |= np.uint8((byte == _LESS) | (byte == _AND) | (byte == _DELETE))
        is_rare = (next_byte != _NEWLINE) & (next_byte != _QUOTE) & (next_byte != _SLASH)
        rares |= np.uint8((byte == _BACKSLASH) & is_rare)
        is_lead = (byte == _C2) | (byte == _E1) | (byte == _EF) | (byte == _F3)
        is_sign = (next_byte == _SIGNS) & (third >= _FIRST_SIGN) & (third <= _LAST_SIGN)
        beyond |= np.uint8(is_lead | ((byte == _E2) & (not is_sign)))
    return brackets, bool(signs), bool(rares), bool(beyond)

"""Folds text to the plain bytes that rules and fingerprints look at, and maps offsets back exactly.

Each character folds by itself, whatever stands beside it. So the fold of a text is the joined folds of its
characters, and an offset in it belongs to exactly one character of the text.
"""

import codecs
import re
import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate

# Marks that change a letter's looks and not the word. Vowel signs and the like of other scripts stay.
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")

# Beside Unicode's format characters (Cf): fillers and variation selectors, which show nothing either.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

_SAME: dict[str, str] = {
    "'": "‘’‚‛ʹʻʼʽˈ′‵`´＇ꞌ",
    '"': "“”„‟″‶«»＂",
    "-": "‐‑‒–—―−⁃﹘﹣－",
    "\n": "\u0085\u2028\u2029",
    # Letters of other scripts that are drawn like a Latin one (a part of Unicode's confusables table)
    "a": "аɑα", "b": "вьβ", "c": "сϲⅽ", "d": "ԁđð", "e": "еєəε", "f": "ƒ", "g": "ɡɢ", "h": "һнħ",
    "i": "іıɩɪιӏ", "j": "јϳ", "k": "кκ", "l": "ⅼłǀ", "m": "м", "n": "пηɴ", "o": "оοσөøօ", "p": "рρ",
    "q": "ԛ", "r": "гʀ", "s": "ѕꜱ", "t": "тτŧ", "u": "υսʋ", "v": "ѵν", "w": "ԝωш", "x": "хχ", "y": "уүγ",
    "z": "ʐᴢ", "ae": "æ", "oe": "œ", "th": "þ",
}  # fmt: skip
_LOOK_ALIKE = {other: plain for plain, others in _SAME.items() for other in others}


def _plain(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKD", text))


def _fold_character(character: str) -> str:
    if character in _LOOK_ALIKE:
        return _LOOK_ALIKE[character]
    category = unicodedata.category(character)
    if category == "Cf" or _INVISIBLE.match(character):
        return ""
    if category == "Zs":
        return " "
    letters = _plain(_plain(character).casefold())
    # NFC: what was taken apart in scripts whose marks stay (Hangul, kana) is put together again
    return unicodedata.normalize("NFC", "".join(_LOOK_ALIKE.get(letter, letter) for letter in letters))


def _capital(character: str, folded: str) -> str:
    """The fold with the case of its character where it is a plain letter, so that only case is left to lower."""
    is_capital = character.isupper() and "a" <= folded[:1] <= "z"
    return folded[:1].upper() + folded[1:] if is_capital else folded


class _Memo(dict[str, bytes]):
    """Folds by character, but for the case, worked out when first seen: one entry for each character at most."""

    def __missing__(self, character: str) -> bytes:
        # surrogatepass: half a pair has no UTF-8, yet must neither fail nor shift what follows
        folded = _capital(character, _fold_character(character)) if character > "\x7f" else character
        found = self[character] = folded.encode("utf-8", "surrogatepass")
        return found


_memo = _Memo()

# The bulk of what English text holds beyond ASCII: a search that finds nothing costs next to nothing.
_FREQUENT = tuple((c, _memo[c].decode()) for c in "’“”—–…\u00a0‘é")
# So many different ones are replaced one by one, and from so many bytes a character on, text is dense.
_FEW = 8
_DENSE = 1.125
_HANDLER = "forebay.fold"


def _fold_run(run: UnicodeError) -> tuple[bytes, int]:
    assert isinstance(run, UnicodeEncodeError)
    return b"".join(map(_memo.__getitem__, run.object[run.start : run.end])), run.end


# Python's ASCII encoder finds the runs beyond ASCII in C and asks only for these.
codecs.register_error(_HANDLER, _fold_run)


def _fold_latin(text: str) -> str:
    """The text without the first few of its characters beyond ASCII that become ASCII, wherever they stand."""
    for character, plain in _FREQUENT:
        text = text.replace(character, plain)
    for _ in range(_FEW):
        if text.isascii():
            break
        try:
            text.encode("ascii")
        except UnicodeEncodeError as beyond:
            character = text[beyond.start]
        folded = _memo[character]
        if not folded.isascii():
            break
        text = text.replace(character, folded.decode())
    return text


def fold_but_case(text: str) -> bytes:
    """The fold of a text with its capitals kept; `.lower()` of it is `fold(text)`, byte for byte."""
    if not text.isascii():
        text = _fold_latin(text)
        if not text.isascii() and len(text.encode("utf-8", "surrogatepass")) > len(text) * _DENSE:
            return b"".join(map(_memo.__getitem__, text))
    return text.encode("ascii", _HANDLER)


def fold(text: str) -> bytes:
    """The text without case, accents, look-alikes, compatibility forms and invisible characters, in UTF-8.

    Apostrophes, quotes, dashes and spaces become those of ASCII. Never fails, whatever the characters.
    """
    # lower() of bytes touches ASCII alone; what lies beyond is folded by then
    return fold_but_case(text).lower()


class Offsets:
    """Where the bytes of `fold(text)` stand in `text`; worked out once, then each range is two look-ups."""

    __slots__ = ("_ends",)

    def __init__(self, text: str) -> None:
        self._ends: list[int] | None = None
        if not text.isascii():
            self._ends = list(accumulate(len(_memo[character]) for character in text))

    def range(self, start: int, end: int) -> tuple[int, int]:
        """Code points (end exclusive) that the non-empty byte range of the fold came from.

        A character is inside when any of its folded bytes is; invisible ones count only between two that are.
        """
        if self._ends is None:
            return start, end
        return bisect_right(self._ends, start), bisect_left(self._ends, end) + 1

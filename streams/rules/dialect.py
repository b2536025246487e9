r"""The language that patterns are written in, and how one becomes an expression for Hyperscan and for `re`.

A pattern is a regular expression over folded text (lower case, ASCII apostrophes), with these differences:
a space stands for one to three spaces or light punctuation marks; `\w+` is a word, `\d+` a number of sane length; `.` and `[^…]` never leave a line;
`<name>` is a fragment of the pack; the whole is bounded by words unless its rule says `bounded: false`.
A pattern that keeps case reads capitals too: a letter in it stands for both of its cases, a class only for what it lists.
What only one of the two engines understands (look-around, back-references, named groups) is refused.
"""

import re
from collections.abc import Mapping

# Between two messages of a scan: no pattern can cross it.
SEPARATOR = b"\x00"

# Bounded on purpose: an endless repeat makes the engine follow a pattern through the whole text (2.5 × the cost).
# What the engine searches for first is the choice with the fewest words, however common these are. Where a rule is dear,
# a rarer choice with fewer (`let(?:ting)?` for two words, or the rule once for each half of them) costs a tenth.
_SPACE = r"[\s,*-]{1,3}"
_BOUNDED = {r"\w+": r"\w{1,16}", r"\d+": r"\d{1,6}", " ": f"(?:{_SPACE})"}
_FRAGMENT = re.compile(r"<([a-z][a-z0-9_]*)>")
_TOKEN = re.compile(
    r"\\w\+|\\d\+|\\x[0-9a-f]{2}|\\[bBdDsSwW.?*+()\[\]{}|/<>^$'\\-]"  # escapes
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # a class
    r"|\(\?:|\(\?|<|>|[A-Z]| |\.|[^\x00-\x7f]|.",
    re.DOTALL,
)
MAX_DEPTH = 8


class BadPattern(ValueError):
    """A pattern that the dialect refuses; the message says why and is about the pattern alone."""


def _element(element: str, keeps_case: bool) -> str:
    if element in _BOUNDED:
        return _BOUNDED[element]
    if element == ".":
        return r"[^\x00\n]"
    if element.startswith("[^"):
        return r"[^\x00\n" + element[2:]
    if element == "(?":
        raise BadPattern("only plain groups and (?:…): no look-around, flags or names")
    if element == "(":
        return "(?:"
    if element in {"^", "$"}:
        raise BadPattern("no anchors: a pattern is found anywhere")
    if element.isalpha() and (element.isupper() or not element.isascii()):
        raise BadPattern("text is folded before it is read: write lower case and plain letters")
    if keeps_case and len(element) == 1 and element.isalpha():
        return f"[{element}{element.upper()}]"
    if element == "\\" or not element.isascii():
        raise BadPattern("an escape or a letter that the dialect does not have")
    return element


def expand(pattern: str, fragments: Mapping[str, str], depth: int = 0) -> str:
    """The pattern with its `<fragments>` put in. Raises BadPattern for an unknown or circular one."""
    if depth > MAX_DEPTH:
        raise BadPattern("fragments nest too deep or in a circle")

    def put_in(name: re.Match[str]) -> str:
        if name[1] not in fragments:
            raise BadPattern(f"unknown fragment <{name[1]}>")
        return f"(?:{expand(fragments[name[1]], fragments, depth + 1)})"

    return _FRAGMENT.sub(put_in, pattern)


def translate(
    pattern: str, fragments: Mapping[str, str], *, is_bounded: bool = True, keeps_case: bool = False
) -> bytes:
    """The expression for both engines, not yet proven. Raises BadPattern where the dialect does not allow it."""
    if not pattern.strip():
        raise BadPattern("empty")
    body = "".join(_element(match[0], keeps_case) for match in _TOKEN.finditer(expand(pattern, fragments)))
    return (rf"\b(?:{body})\b" if is_bounded else body).encode("ascii")


def prove(expression: bytes) -> None:
    """Raises BadPattern where `re` refuses the expression, or where it finds it in the empty text. Takes milliseconds."""
    try:
        is_empty = re.compile(expression).match(b"") is not None
    except re.error as error:
        raise BadPattern(str(error)) from None
    if is_empty:
        raise BadPattern("matches the empty text")

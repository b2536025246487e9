"""Makes text plain: markup, entities, odd spaces, invisible and control characters, each settled one way."""

import re
import unicodedata
from typing import Any

from streams.shapes.line_bytes import LineBytes
from streams.shapes.markup import without_markup

# Directional marks and interlinear marks show nothing and split words that a rule looks for: they go too.
_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2061-\u206f\ufff9-\ufffb]"
)
_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_HARD_SPACE = re.compile("[\xa0\u202f]")
_INVISIBLE = re.compile("[\xad\u180e\u200b-\u200d\u2060\ufeff]+")
# Tag characters spell a flag after U+1F3F4; elsewhere they hide text.
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007f]+)|[\U000e0000-\U000e007f]+")
# Scripts whose letters need joiners: Arabic to Malayalam, Sinhala to Myanmar, Khmer, Mongolian, Tai Tham to
# Batak, Javanese to Meetei Mayek, Arabic forms, the Brahmic scripts beyond the first plane.
_JOINED_SCRIPT = re.compile(
    "[\u0600-\u109f\u1780-\u18af\u1a00-\u1bff\ua8e0-\ua8ff\ua980-\uaaff\uabc0-\uabff"
    "\ufb50-\ufdff\ufe70-\ufefc\U00011000-\U00011fff]"
)
_PICTURE = re.compile("[\u00a9\u00ae\u20e3\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff]")

# What `may_be_unclean` looks for after each escape or lead byte; the classes above, as JSON and UTF-8.
_HARMLESS_ESCAPES = {b"n", b'"', b"/"}
_ODD = re.compile(f"[<&\x7f]|{'|'.join(p.pattern for p in (_CONTROL, _LINE_BREAK, _HARD_SPACE, _INVISIBLE))}")
_ODD_AFTER_E2 = {
    chr(code).encode()[1:] for code in range(0x2000, 0x2070) if _ODD.search(chr(code)) is not None
}  # fmt: skip
# a lead byte is looked for first: it is seldom there, and one byte is found ten times as fast as three
_RARE = (
    (b"\xe1", ("\u180e".encode(),)),
    (b"\xef", tuple(odd.encode() for odd in "\ufeff\ufff9\ufffa\ufffb")),
    (b"\xf3", (b"\xf3\xa0",)),
)


def may_be_unclean(line: bytes, looked: LineBytes) -> bool:
    """False only if `plain_text` would change no string of this valid JSON line. Reads bytes, so it is cheap."""
    if looked.has_sign or (looked.has_rare_escape and _has_odd_escape(line)):
        return True
    if not looked.has_rare_character:
        return False
    if b"\xc2" in line:
        return True
    for lead, odds in _RARE:
        if lead in line and any(odd in line for odd in odds):
            return True
    return b"\xe2" in line and not _ODD_AFTER_E2.isdisjoint({part[:2] for part in line.split(b"\xe2")[1:]})


def _has_odd_escape(line: bytes) -> bool:
    escapes = {part[:1] for part in line.split(b"\\")[1:]} - _HARMLESS_ESCAPES
    if escapes and escapes != {b"u"}:
        return True
    codes = {int(digits, 16) for digits in {part[:4] for part in line.split(b"\\u")[1:]}}
    return 0xDB40 in codes or any(_ODD.match(chr(code)) is not None for code in codes)


def make_plain(document: dict[str, Any] | list[Any]) -> None:
    """Makes every string value in the document plain, in place. Field names stay as they are."""
    containers: list[dict[str, Any] | list[Any]] = [document]
    while containers:
        container = containers.pop()
        if isinstance(container, dict):
            for name, value in container.items():
                if type(value) is str:
                    container[name] = plain_text(value)
                elif type(value) is dict or type(value) is list:
                    containers.append(value)
        else:
            for place, value in enumerate(container):
                if type(value) is str:
                    container[place] = plain_text(value)
                elif type(value) is dict or type(value) is list:
                    containers.append(value)


def plain_text(text: str) -> str:
    """The text as a person reads it: no markup, no entity, no invisible or control character.

    NBSP is a space. Zero-width characters and soft hyphens go between letters and are spaces elsewhere;
    joiners that a script or an emoji needs stay. Line breaks of every kind are newlines.
    """
    if "<" in text or "&" in text:
        text = without_markup(text)
    text = text.replace("\xa0", " ")
    # isprintable is the cheapest look at every character; what it flags needlessly only costs time
    if text.isprintable() or text.replace("\n", "").isprintable():
        return text
    text = _HARD_SPACE.sub(" ", _LINE_BREAK.sub("\n", _CONTROL.sub("", text)))
    if text.isascii():
        return text
    text = _TAGS.sub(r"\1", text)
    return _INVISIBLE.sub(_settle_invisible, text)


def _settle_invisible(run: re.Match[str]) -> str:
    start, end = run.span()
    before, after = run.string[max(start - 1, 0) : start], run.string[end : end + 1]
    characters = run.group()
    if "\u200d" in characters and _PICTURE.match(before) and _PICTURE.match(after):
        return "\u200d"
    if _JOINED_SCRIPT.match(before):
        for character in characters:
            if character in "\u180e\u200c\u200d":
                return character
    return "" if _is_letter(before) and _is_letter(after) else " "


def _is_letter(character: str) -> bool:
    """True for letters and for the marks that sit on them."""
    return character.isalpha() or (bool(character) and unicodedata.category(character)[0] == "M")

"""Reads the name that begins at a place of a text, as far as it goes, and tells whom it cannot mean."""

import re
from typing import NamedTuple

from streams.rules.lexicon import ENGLISH
from streams.rules.model import Pack
from streams.rules.names import NameWords
from streams.steps.scan import Scan


class Name(NamedTuple):
    start: int
    end: int


_WORD = rb"(?:[A-Z]'(?=[A-Z]))?[A-Z][a-z]+(?:[A-Z][a-z]+)*(?:(?:-|'(?!(?:s|ll|d|ve|re|m|t)\b))[A-Z]?[a-z]+)*(?![\w@])"
_FIRST = re.compile(
    rb"(?:(?:Van|Von|De|Di|Da|Del|La|Le|El|Al) (?:der |den |la |las |los )?(?=[A-Z]))?" + _WORD
)
_SHOUTED = re.compile(rb"[A-Z]{3,}(?:-[A-Z]{2,})*(?!\w)")
_LOWER = re.compile(rb"[a-z]{2,}(?:-[a-z]+)*(?![\w@])")
_NEXT = re.compile(
    rb" (?:[A-HJ-Z]\.? )?(?:(?:van der|van den|van|von|de la|de los|de|del|da|dos|di|bin|ibn|al|el|la|le) )?("
    + _WORD
    + b")"
)
_NEXT_SHOUTED = re.compile(rb" ([A-Z]{2,}(?:-[A-Z]{2,})*)(?!\w)")
_NEXT_LOWER = re.compile(rb" ([a-z]+)(?![\w'])")
_INITIAL = re.compile(rb" [A-HJ-Z](?:\.(?! [a-z])|(?=[,;:)!?\n\x00]|\Z))")
_MOST_NEXT = 3
_WORD_BEFORE = re.compile(rb"([A-Za-z']+)[.]?[ *\"'(]{1,2}\Z")
_MID_SENTENCE = re.compile(rb"[A-Za-z0-9,;] \Z")
_JOINED_BEFORE = re.compile(rb"[\w@#/=]\Z|\w[._-]\Z")
_JOINED_AFTER = re.compile(rb"[@_\w]|\.[a-z]")
_THING_AFTER = re.compile(rb"(?:'s)? ([A-Za-z]+)")

# A given name behind one of these is that of a saint, ruler, place or storm.
_NOT_PRIVATE = frozenset(
    b"st saint san santa sao prophet king queen prince princess pope president senator hurricane lake mount fort port"
    b" cape tropical".split()
)
_PETS = frozenset(b"dog cat puppy pup kitten rabbit bunny hamster horse pony parrot dogs cats".split())
_TERMS = frozenset(
    b"syndrome disease disorder palsy scale inventory questionnaire criteria theory parade".split()
)


def can_be_name(folded: bytes, words: NameWords) -> bool:
    return folded not in words.never and folded not in ENGLISH and len(folded) > 1


class NameReader:
    """Reads the name that begins at a place of the text, within its message."""

    __slots__ = ("high", "low", "text", "words")

    def __init__(self, scan: Scan, pack: Pack, message: int) -> None:
        self.text = scan.cased
        self.low, self.high = scan.bounds(message)
        self.words = pack.names

    def before(self, at: int) -> bytes:
        found = _WORD_BEFORE.search(self.text, max(self.low, at - 24), at)
        return found[1].lower() if found else b""

    def is_mid_sentence(self, at: int) -> bool:
        return _MID_SENTENCE.search(self.text, max(self.low, at - 2), at) is not None

    def read(self, at: int) -> tuple[Name, bytes] | None:
        """The longest name that begins here, with its first word folded; None where no word does."""
        if _JOINED_BEFORE.search(self.text, max(self.low, at - 2), at):
            return None
        for first, following in ((_FIRST, _NEXT), (_SHOUTED, _NEXT_SHOUTED), (_LOWER, _NEXT_LOWER)):
            found = first.match(self.text, at, self.high)
            if found is None:
                continue
            end = found.end()
            folded = found[0].lower().split(b" ")[-1]
            if following is _NEXT_LOWER and folded not in self.words.given:
                return Name(at, end), folded
            for _ in range(_MOST_NEXT):
                more = following.match(self.text, end, self.high)
                if more is None or not self._goes_on(more[1], following is _NEXT):
                    break
                end = more.end()
            if following is _NEXT and (initial := _INITIAL.match(self.text, end, self.high)):
                end = initial.end()
            if _JOINED_AFTER.match(self.text, end, self.high):
                return None
            return Name(at, end), folded
        return None

    def _goes_on(self, word: bytes, has_capital: bool) -> bool:
        folded = word.lower()
        if not can_be_name(folded, self.words) or folded in self.words.things:
            return False
        if has_capital:
            return True
        return folded in self.words.family and folded not in self.words.seldom | self.words.either

    def is_private(self, name: Name) -> bool:
        """Whether no known person, saint, place, term or thing is meant."""
        said = b" ".join(self.text[name.start : name.end].lower().replace(b".", b"").split())
        pieces = said.split(b" ")
        before = self.before(name.start)
        if (
            before in _NOT_PRIVATE
            or before in _PETS
            or said in self.words.public
            or b" ".join(pieces[:2]) in self.words.public
        ):
            return False
        if said + self.text[name.end : name.end + 2].lower() in self.words.public:
            return False
        following = _THING_AFTER.match(self.text, name.end, self.high)
        if following is not None:
            after = following[1]
            if after.lower() in self.words.things and (after[:1].isupper() or after in _TERMS):
                return False
            if said + b" " + after.lower() in self.words.public:
                return False
        return before + b" " + pieces[0] not in self.words.public

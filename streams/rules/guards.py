"""Asks the guards of a rule whether the words around a match make it harmless."""

from collections.abc import Iterator
from typing import NamedTuple

from streams.rules.model import Guard, Kind, Rule, Where
from streams.steps.scan import Hit, Scan

_ENDS = (b".", b"!", b"?", b"\n")


class Match(NamedTuple):
    """A hit with its start, in offsets of the scan's folded text."""

    hit: Hit
    start: int
    end: int


def _sentence_start(text: bytes, low: int, at: int) -> int:
    return max(low, *(text.rfind(end, low, at) + 1 for end in _ENDS))


def _sentence_end(text: bytes, at: int, high: int) -> int:
    return min(high, *(found for end in _ENDS if (found := text.find(end, at, high)) >= 0), high)


def applies(guard: Guard, scan: Scan, match: Match) -> bool:
    """Whether the guard's context stands around the match."""
    first, last = scan.bounds(match.hit.message)
    low, high = max(first, match.start - guard.characters), min(last, match.end + guard.characters)
    if not guard.crosses_sentences:
        low, high = _sentence_start(scan.text, low, match.start), _sentence_end(scan.text, match.end, high)
    if guard.where in {Where.TOUCHING, Where.BEFORE}:
        found = guard.expression.search(scan.text, low, match.start)
    elif guard.where is Where.AFTER:
        found = guard.expression.search(scan.text, match.end, high)
    else:
        found = guard.expression.search(scan.text, low, high)
    if found is None:
        return False
    return guard.unless is None or guard.unless.search(scan.text, low, high) is None


def standing(scan: Scan, kind: Kind, only: Rule | None = None) -> Iterator[Match]:
    """The matches of a kind (of one rule) that no guard of their rule explains away, in order of their ends."""
    for hit in scan.of(kind):
        if only is not None and hit.rule is not only:
            continue
        match = Match(hit, scan.start(hit), hit.end)
        if not any(applies(guard, scan, match) for guard in hit.rule.guards):
            yield match

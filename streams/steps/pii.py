"""Finds personal data: the scan proposes messages and rules, `re` gives the exact place, validators decide."""

import re
from collections.abc import Iterator

from streams.records import Conversation, PiiFacts, PiiSpan
from streams.rules.checks import CHECKS, digits, stands_alone
from streams.rules.guards import Match, applies
from streams.rules.model import Kind, Pack, Rule
from streams.steps.names import PERSON_NAME, name_matches
from streams.steps.scan import Hit, Scan

# A rule of this type finds no data but the announcement of some, which makes a person look when none was found.
REVIEW = "review"
_NEAR = 40
# Bytes on either side of a hit that are searched: more than any piece of personal data of the type is long.
_REACH = 160
_REACH_OF_URL = 700
# Pairs of digits that go on are a row of numbers, as in a lottery, and no phone's.
_PAIRS_GO_ON = re.compile(rb"(?:\d\d ){5,}\d\d(?!\d)")
# In these a refused match may hold a true one; a part of a refused number is no number.
_OF_WORDS = frozenset({"street_address", "date_of_birth", "email"})
# What follows these needs not be asked: their patterns end where they end.
_HAS_OWN_ENDS = frozenset({REVIEW, "url", "date_of_birth"})


def pii_matches(scan: Scan, pack: Pack) -> list[Match]:
    """Every validated match, overlaps and announcements included, in order of place."""
    found = [
        match
        for rule, message, start, stop in _reaches(scan)
        for match in _validated(rule, message, start, stop, scan, pack)
    ]
    found += name_matches(scan, pack)
    return sorted(found, key=lambda match: (match.start, -match.end))


def _reaches(scan: Scan) -> list[tuple[Rule, int, int, int]]:
    """For each rule and message the stretches around its hits, those that overlap as one: each is searched once."""
    stretches: dict[tuple[str, int], list[tuple[Rule, int, int, int]]] = {}
    for rule, message, end in scan.of(Kind.PII):
        if rule.name == PERSON_NAME:
            continue
        low, high = scan.bounds(message)
        reach = _REACH_OF_URL if rule.name == "url" else _REACH
        start, stop = max(low, end - reach), min(high, end + reach)
        so_far = stretches.setdefault((rule.id, message), [])
        if so_far and start <= so_far[-1][3]:
            so_far[-1] = (rule, message, so_far[-1][2], stop)
        else:
            so_far.append((rule, message, start, stop))
    return [stretch for together in stretches.values() for stretch in together]


def _validated(rule: Rule, message: int, start: int, stop: int, scan: Scan, pack: Pack) -> Iterator[Match]:
    """The matches of the stretch that pass. Hyperscan reports an end for each length: `re` finds the longest."""
    text = scan.cased if rule.keeps_case else scan.text
    finder, inner = rule.finder(), rule.inner()
    low, high = scan.bounds(message)
    while whole := finder.search(text, start, stop):
        # the data stands last: what announces it comes before
        place = whole if inner is None else [whole, *inner.finditer(text, *whole.span())][-1]
        match = Match(Hit(rule, message, place.end()), *place.span())
        if (
            CHECKS[rule.check](place[0])
            and (
                rule.name in _HAS_OWN_ENDS
                or stands_alone(scan.text, match.start, match.end, low, high, is_ip=rule.name == "ip")
            )
            and not (rule.name == "phone" and _is_no_phone(match, scan, pack, high))
            and not any(applies(guard, scan, match) for guard in rule.guards)
        ):
            yield match
            start = whole.end()
        else:
            # the true one may begin a word later: "5 minutes from 14 Maple Street"
            space = text.find(b" ", whole.start() + 1, whole.end()) if rule.name in _OF_WORDS else -1
            start = space if space > 0 else whole.end()


def _is_no_phone(match: Match, scan: Scan, pack: Pack, high: int) -> bool:
    found = scan.text[match.start : match.end]
    return _is_helpline(found, pack) or _PAIRS_GO_ON.match(scan.text, match.start, high) is not None


def _is_helpline(found: bytes, pack: Pack) -> bool:
    number = digits(found)
    return number in pack.hotlines or number.lstrip("0") in pack.hotlines


def _first_taken(match: Match) -> tuple[int, int, bool]:
    # what has a check digit is not only shaped like a phone number
    return match.start - match.end, match.start, match.hit.rule.name == "phone"


def pii(conversation: Conversation, scan: Scan, pack: Pack) -> PiiFacts:
    """Spans in code points of each message's converted text; they never overlap (the longer one wins).

    `message` is REASONING (-1) for the reasoning. `requires_review` where data is announced in words but none
    was found near by: scrubbing cannot be trusted then. A name near by is not what was announced.
    """
    if not scan.of(Kind.PII):
        return PiiFacts()
    taken: list[Match] = []
    is_taken = bytearray(len(scan.text))
    announced: list[Match] = []
    for match in sorted(pii_matches(scan, pack), key=_first_taken):
        if match.hit.rule.name == REVIEW:
            announced.append(match)
        elif is_taken.find(1, match.start, match.end) < 0:
            taken.append(match)
            is_taken[match.start : match.end] = b"\1" * (match.end - match.start)
    spans = []
    for match in sorted(taken, key=lambda m: m.start):
        start, end = scan.code_points(match.hit.message, match.start, match.end)
        spans.append(PiiSpan(match.hit.message, start, end, match.hit.rule.name))
    in_doubt = any(
        all(
            m.start > match.end + _NEAR or m.end < match.start or m.hit.rule.name == PERSON_NAME
            for m in taken
        )
        for match in announced
    )
    status = "requires_review" if in_doubt else "scrubbed" if spans else "none_detected"
    return PiiFacts(tuple(spans), status)

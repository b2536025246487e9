"""Finds personal data: the scan proposes messages and rules, `re` gives the exact place, validators decide."""

import re

from streams.records import Conversation, PiiFacts, PiiSpan
from streams.rules.checks import CHECKS, digits, stands_alone
from streams.rules.guards import Match, applies
from streams.rules.model import Kind, Pack
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
# What follows decides as well: a longer word or path would be another one.
_HAS_OWN_ENDS = frozenset({REVIEW, "url", "date_of_birth"})


def pii_matches(scan: Scan, pack: Pack) -> list[Match]:
    """Every validated match, overlaps and announcements included, in order of place."""
    found: dict[tuple[str, int, int], Match] = {}
    has_names = False
    for hit in scan.of(Kind.PII):
        rule = hit.rule
        if rule.name == PERSON_NAME:
            has_names = True
            continue
        low, high = scan.bounds(hit.message)
        reach = _REACH_OF_URL if rule.name == "url" else _REACH
        text = scan.cased if rule.keeps_case else scan.text
        inner = rule.inner()
        # Hyperscan reports an end for each length that fits: `re` finds the longest of them
        for whole in rule.finder().finditer(text, max(low, hit.end - reach), min(high, hit.end + reach)):
            place = whole
            if inner is not None:
                # the data stands last: what announces it comes before
                place = [whole, *inner.finditer(text, whole.start(), whole.end())][-1]
            key = (rule.id, place.start(), place.end())
            if key in found or not CHECKS[rule.check](place[0]):
                continue
            match = Match(Hit(rule, hit.message, place.end()), place.start(), place.end())
            if rule.name not in _HAS_OWN_ENDS and not stands_alone(
                scan.text, match.start, match.end, low, high, is_ip=rule.name == "ip"
            ):
                continue
            if rule.name == "phone" and (
                _is_helpline(place[0], pack) or _PAIRS_GO_ON.match(scan.text, match.start, high)
            ):
                continue
            if not any(applies(guard, scan, match) for guard in rule.guards):
                found[key] = match
    names = name_matches(scan, pack) if has_names else []
    return sorted([*found.values(), *names], key=lambda match: (match.start, -match.end))


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
    announced: list[Match] = []
    for match in sorted(pii_matches(scan, pack), key=_first_taken):
        if match.hit.rule.name == REVIEW:
            announced.append(match)
        elif all(match.end <= other.start or other.end <= match.start for other in taken):
            taken.append(match)
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

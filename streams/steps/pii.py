"""Finds personal data: the scan proposes messages and rules, `re` gives the exact place, validators decide."""

from streams.records import Conversation, PiiFacts, PiiSpan
from streams.rules.checks import CHECKS, digits, stands_alone
from streams.rules.guards import Match, applies
from streams.rules.model import Kind, Pack
from streams.steps.scan import Hit, Scan

# A rule of this type finds no data but the announcement of some, which makes a person look when none was found.
REVIEW = "review"
_NEAR = 40
# Bytes on either side of a hit that are searched: more than any piece of personal data is long.
_REACH = 160


def pii_matches(scan: Scan, pack: Pack) -> list[Match]:
    """Every validated match, overlaps and announcements included, in order of place."""
    found: dict[tuple[str, int, int], Match] = {}
    for hit in scan.of(Kind.PII):
        low, high = scan.bounds(hit.message)
        # Hyperscan reports an end for each length that fits: `re` finds the longest of them
        for place in hit.rule.finder().finditer(
            scan.text, max(low, hit.end - _REACH), min(high, hit.end + _REACH)
        ):
            key = (hit.rule.id, place.start(), place.end())
            if key in found or not CHECKS[hit.rule.check](place[0]):
                continue
            match = Match(Hit(hit.rule, hit.message, place.end()), place.start(), place.end())
            if hit.rule.name != REVIEW and not stands_alone(scan.text, match.start, match.end, low, high):
                continue
            if hit.rule.name == "phone" and digits(place[0]) in pack.hotlines:
                continue
            if not any(applies(guard, scan, match) for guard in hit.rule.guards):
                found[key] = match
    return sorted(found.values(), key=lambda match: (match.start, -match.end))


def pii(conversation: Conversation, scan: Scan, pack: Pack) -> PiiFacts:
    """Spans in code points of each message's converted text; they never overlap (the longer one wins).

    `message` is REASONING (-1) for the reasoning. `requires_review` where data is announced in words but none
    was found near by: scrubbing cannot be trusted then.
    """
    if not scan.of(Kind.PII):
        return PiiFacts()
    taken: list[Match] = []
    announced: list[Match] = []
    for match in sorted(pii_matches(scan, pack), key=lambda m: (m.start - m.end, m.start)):
        if match.hit.rule.name == REVIEW:
            announced.append(match)
        elif all(match.end <= other.start or other.end <= match.start for other in taken):
            taken.append(match)
    spans = []
    for match in sorted(taken, key=lambda m: m.start):
        start, end = scan.code_points(match.hit.message, match.start, match.end)
        spans.append(PiiSpan(match.hit.message, start, end, match.hit.rule.name))
    in_doubt = any(
        all(m.start > match.end + _NEAR or m.end < match.start for m in taken) for match in announced
    )
    status = "requires_review" if in_doubt else "scrubbed" if spans else "none_detected"
    return PiiFacts(tuple(spans), status)

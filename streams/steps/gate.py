"""Turns the standing matches of a gate's rules into its finding: how the two gates judge alike."""

from math import prod

from streams.outcomes import Level
from streams.records import Finding, Span
from streams.rules.guards import standing
from streams.rules.model import Kind
from streams.steps.scan import Scan

NOTHING = Finding(None, 0.0)


def finding(scan: Scan, kind: Kind) -> Finding:
    """Level of the gravest rule, the rules by name, their spans in order without repeats.

    The score is 1 - ∏(1 - weight) over distinct rules: each one adds, none takes it past 1.
    """
    if not scan.of(kind):
        return NOTHING
    rules, spans = {}, set()
    for match in standing(scan, kind):
        rules[match.hit.rule.id] = match.hit.rule
        spans.add(scan.span(match.hit.message, match.start, match.end))
    if not rules:
        return NOTHING
    level = Level.ACUTE if any(rule.level is Level.ACUTE for rule in rules.values()) else Level.ELEVATED
    score = 1 - prod(1 - rule.weight for rule in rules.values())
    return Finding(level, round(score, 4), tuple(sorted(rules)), _longest(spans))


def _longest(spans: set[Span]) -> tuple[Span, ...]:
    """Of spans that start at one place only the longest: a rule may end in several ways."""
    by_start: dict[tuple[int, int], Span] = {}
    for span in sorted(spans, key=lambda span: span.end):
        by_start[span.message, span.start] = span
    return tuple(by_start[place] for place in sorted(by_start))

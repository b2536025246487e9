"""Adds up what the rules of one kind say: each rule that stands speaks once, however often it matched."""

from collections.abc import Iterable
from math import prod

from streams.rules.guards import standing
from streams.rules.model import Kind, Rule
from streams.steps.scan import Scan


def speaking(scan: Scan, kind: Kind) -> list[Rule]:
    """The rules of a kind with at least one standing match, in order of their ids."""
    hit = {found.rule.id: found.rule for found in scan.of(kind)}
    return [
        rule
        for _, rule in sorted(hit.items())
        if not rule.guards or any(match.hit.rule is rule for match in standing(scan, kind, rule))
    ]


def weigh(rules: Iterable[Rule]) -> float:
    """1 - ∏(1 - weight): independent cues add up and never pass 1."""
    return round(1 - prod(1 - rule.weight for rule in rules), 4)

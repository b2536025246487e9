"""Says whether an exchange is about unfair treatment of a group, and whether a reply rests on a source."""

from streams.records import Conversation, Tag, TagFacts
from streams.rules.model import Kind, Pack, Rule
from streams.rules.weighing import speaking, weigh
from streams.steps.scan import Scan

NOTHING = TagFacts()


def _tag(rules: list[Rule], floor: float) -> Tag | None:
    score = weigh(rules)
    if not rules or score < floor:
        return None
    groups = sorted({rule.group for rule in rules if rule.group})
    return Tag(score, tuple(rule.id for rule in rules), tuple(groups))


def tags(conversation: Conversation, scan: Scan, pack: Pack) -> TagFacts:
    """Each tag with its score, rules and groups; None where the rules weigh less than the policy's floor."""
    rules = speaking(scan, Kind.TAGS)
    if not rules:
        return NOTHING
    floor = pack.policy.tag_floor
    return TagFacts(
        bias=_tag([rule for rule in rules if rule.name == "bias"], floor),
        grounded=_tag([rule for rule in rules if rule.name == "grounded"], floor),
    )

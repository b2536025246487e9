"""Says whether an exchange is about unfair treatment of a group, and whether a reply rests on a source."""

from math import exp

from streams.records import Conversation, Tag, TagFacts
from streams.rules.model import Kind, Pack, Rule
from streams.rules.weighing import speaking, weigh
from streams.steps.scan import Scan
from streams.steps.word_scores import Scores, exchange_scores, reply_scores

MODEL = "tags.model"


def _tag(name: str, rules: list[Rule], scores: Scores, pack: Pack) -> Tag | None:
    score, names = weigh(rules), [rule.id for rule in rules]
    is_given = bool(rules) and score >= pack.policy.tag_floor
    if scores and pack.words is not None and scores[name] >= pack.words.thresholds[name]:
        is_given = True
        score = max(score, round(1 / (1 + exp(-scores[name])), 4))
        names.append(MODEL)
    if not is_given:
        return None
    return Tag(score, tuple(names), tuple(sorted({rule.group for rule in rules if rule.group})))


def tags(conversation: Conversation, scan: Scan, pack: Pack) -> TagFacts:
    """Each tag with its score, rules and groups.

    It is given where its rules together weigh the policy's floor or more, or where the pack's model hears it.
    """
    rules = speaking(scan, Kind.TAGS)
    bias, grounded = ([rule for rule in rules if rule.name == name] for name in ("bias", "grounded"))
    return TagFacts(
        bias=_tag("bias", bias, exchange_scores(scan, pack), pack),
        grounded=_tag("grounded", grounded, reply_scores(scan, pack), pack),
    )

"""Says whether an exchange is about unfair treatment of a group, and whether a reply rests on a source."""

from math import exp

from streams.records import Conversation, Tag, TagFacts
from streams.rules.model import Kind, Pack, Rule
from streams.rules.weighing import speaking, weigh
from streams.rules.word_model import BIAS, EXCHANGE_NAMES, REPLY_NAMES
from streams.steps.scan import Scan
from streams.steps.word_scores import exchange_scores, reply_scores

MODEL = "tags.model"
_BIAS, _GROUNDED = EXCHANGE_NAMES.index(BIAS), REPLY_NAMES.index("grounded")


def _tag(rules: list[Rule], heard: float | None, pack: Pack) -> Tag | None:
    """The tag by its rules, or by what a model has heard: log-odds above the threshold, where the score is 0.5."""
    if not rules and heard is None:
        return None
    score, names = weigh(rules), [rule.id for rule in rules]
    if heard is not None:
        score = max(score, round(1 / (1 + exp(-heard)), 4))
        names.append(MODEL)
    elif score < pack.policy.tag_floor:
        return None
    return Tag(score, tuple(names), tuple(sorted({rule.group for rule in rules if rule.group})))


def _heard_bias(scan: Scan, pack: Pack) -> float | None:
    scores = exchange_scores(scan, pack)
    if pack.words is None or not scores or scores[_BIAS] < pack.words.bias_threshold:
        return None
    return scores[_BIAS] - pack.words.bias_threshold


def _heard_grounded(scan: Scan, pack: Pack) -> float | None:
    scores = reply_scores(scan, pack)
    if pack.words is None or not scores or scores[_GROUNDED] < pack.words.thresholds[_GROUNDED]:
        return None
    return scores[_GROUNDED] - pack.words.thresholds[_GROUNDED]


def tags(conversation: Conversation, scan: Scan, pack: Pack) -> TagFacts:
    """Each tag with its score, rules and groups.

    It is given where its rules together weigh the policy's floor or more, or where the pack's model hears it.
    """
    rules = speaking(scan, Kind.TAGS)
    bias = [rule for rule in rules if rule.name == "bias"]
    grounded = [rule for rule in rules if rule.name == "grounded"]
    return TagFacts(
        bias=_tag(bias, _heard_bias(scan, pack), pack),
        grounded=_tag(grounded, _heard_grounded(scan, pack), pack),
    )

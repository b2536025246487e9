"""Says whether an exchange is about unfair treatment of a group, and whether a reply rests on a source."""

from math import exp

from streams.records import Conversation, Tag, TagFacts
from streams.rules.model import Kind, Pack, Rule
from streams.rules.weighing import speaking, weigh
from streams.rules.word_model import BIAS, EXCHANGE_NAMES, GROUNDED, NEAR_BIAS, REPLY_NAMES
from streams.steps.scan import Scan, look_for_groups
from streams.steps.word_scores import exchange_scores, reply_scores

MODEL = "tags.model"
_BIAS, _NEAR_BIAS = EXCHANGE_NAMES.index(BIAS), EXCHANGE_NAMES.index(NEAR_BIAS)
_GROUNDED = REPLY_NAMES.index(GROUNDED)


def _stands(rules: list[Rule], heard: float | None, pack: Pack) -> bool:
    return heard is not None or (bool(rules) and weigh(rules) >= pack.policy.tag_floor)


def _tag(rules: list[Rule], heard: float | None) -> Tag:
    """The tag by its rules, and by what a model has heard: log-odds above the threshold, where the score is 0.5."""
    score, names = weigh(rules), [rule.id for rule in rules]
    if heard is not None:
        score = max(score, round(1 / (1 + exp(-heard)), 4))
        names.append(MODEL)
    return Tag(score, tuple(names), tuple(sorted({rule.group for rule in rules if rule.group})))


def _heard_bias(scan: Scan, pack: Pack) -> float | None:
    """How far an exchange lies above the threshold that it passes by less; None where it does not reach both."""
    scores = exchange_scores(scan, pack)
    if pack.words is None or not scores:
        return None
    above = scores[_BIAS] - pack.words.bias_threshold
    above = min(above, scores[_NEAR_BIAS] - pack.words.near_bias_threshold)
    return None if above < 0 else above


def _heard_grounded(scan: Scan, pack: Pack) -> float | None:
    scores = reply_scores(scan, pack)
    if pack.words is None or not scores:
        return None
    above = scores[_GROUNDED] - pack.words.thresholds[_GROUNDED]
    return None if above < 0 else above


def _named(name: str, rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.name == name]


def tags(conversation: Conversation, scan: Scan, pack: Pack) -> TagFacts:
    """Each tag with its score, rules and groups.

    It is given where its rules together weigh the policy's floor or more, or where the pack's model hears it.
    """
    bias = grounded = None
    spoke = speaking(scan, Kind.TAGS)
    rules, heard = _named(GROUNDED, spoke), _heard_grounded(scan, pack)
    if _stands(rules, heard, pack):
        grounded = _tag(rules, heard)
    rules, heard = _named(BIAS, spoke), _heard_bias(scan, pack)
    if _stands(rules, heard, pack):
        # which group it is about is asked only now
        look_for_groups(scan, pack)
        bias = _tag(_named(BIAS, speaking(scan, Kind.TAGS)), heard)
    return TagFacts(bias=bias, grounded=grounded)

"""Says what an exchange is about: by the record's own labels, else by its source, else by what is said in it."""

import re
from math import exp

from streams.fold import fold
from streams.records import Category, CategoryFacts, Conversation, Origin
from streams.rules.model import CATEGORIES, CATEGORY_ORDER, Kind, Pack, Rule
from streams.rules.weighing import speaking, weigh
from streams.steps.scan import Scan
from streams.steps.word_scores import exchange_scores

UNCATEGORIZED = "uncategorized"
# A label was given by a person for this record, a source by its owner for all of its records.
_LABEL_CONFIDENCE = 0.95
_SOURCE_CONFIDENCE = 0.7
_WORDS = re.compile(r"[a-z0-9']+")


def _from_labels(labels: tuple[str, ...], pack: Pack) -> dict[str, float]:
    """Categories of labels: a label (or a part of it between commas) must be a word of the pack's table."""
    found: dict[str, float] = {}
    for label in labels:
        for part in re.split(r"[,;/|]", fold(label).decode("utf-8", "surrogatepass")):
            category = pack.labels.get(" ".join(_WORDS.findall(part)))
            if category is not None:
                found.setdefault(category, _LABEL_CONFIDENCE)
    return found


def _from_source(origin: Origin, pack: Pack) -> dict[str, float]:
    if origin.category is not None:
        return {origin.category: _SOURCE_CONFIDENCE}
    # a source's name is read once: its records share it
    known = pack.known_sources
    if origin.name not in known:
        known[origin.name] = _named_by(origin.name, pack)
    category = known[origin.name]
    return {} if category is None else {category: _SOURCE_CONFIDENCE}


def _named_by(source: str, pack: Pack) -> str | None:
    words = _WORDS.findall(fold(source).decode("utf-8", "surrogatepass"))
    name = f" {' '.join(words)} "
    found = {category for word, category in pack.sources.items() if f" {word} " in name}
    # a source that names two kinds has not decided
    return found.pop() if len(found) == 1 else None


def _from_rules(scan: Scan, pack: Pack) -> dict[str, float]:
    """What the model makes of both sides' words, as shares of 1 from the floor on; where the pack has none, what its rules
    weigh."""
    scores = exchange_scores(scan, pack)
    if scores:
        scores = scores[: len(CATEGORIES)]
        highest = max(scores)
        odds = [exp(score - highest) for score in scores]
        whole = sum(odds)
        least = pack.policy.category_floor * whole
        return {
            name: round(share / whole, 4)
            for name, share in zip(CATEGORIES, odds, strict=True)
            if share >= least
        }
    by_category: dict[str, list[Rule]] = {}
    for rule in speaking(scan, Kind.CATEGORIES):
        by_category.setdefault(rule.name, []).append(rule)
    return {category: weigh(rules) for category, rules in by_category.items()}


def categories(conversation: Conversation, scan: Scan, pack: Pack, origin: Origin) -> CategoryFacts:
    """The categories at or above the pack's floor, the surest first; `uncategorized` where none is.

    What one of the three says of the primary stands; rules only add further categories behind it. Of equally
    sure ones the first in the pack's order (that of the definitions, "first that fits") is primary.
    """
    floor = pack.policy.category_floor
    found: dict[str, Category] = {}
    for origin_of, weights in (
        ("labels", _from_labels(conversation.labels, pack)),
        ("source", _from_source(origin, pack)),
        ("rules", _from_rules(scan, pack)),
    ):
        if origin_of == "source" and found:
            continue
        for name, confidence in sorted(weights.items(), key=lambda row: (-row[1], CATEGORY_ORDER[row[0]])):
            if confidence >= floor:
                found.setdefault(name, Category(name, confidence, origin_of))
    if not found:
        return CategoryFacts((Category(UNCATEGORIZED, 0.0, "rules"),))
    return CategoryFacts(tuple(found.values()))

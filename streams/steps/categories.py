"""Says what an exchange is about: by the record's own labels, else by its source, else by the rules."""

import re

from streams.fold import fold
from streams.records import Category, CategoryFacts, Conversation, Origin
from streams.rules.model import CATEGORY_ORDER, Kind, Pack, Rule
from streams.rules.weighing import speaking, weigh
from streams.steps.scan import Scan

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
    words = _WORDS.findall(fold(origin.name).decode("utf-8", "surrogatepass"))
    name = f" {' '.join(words)} "
    found = {category for word, category in pack.sources.items() if f" {word} " in name}
    # a source that names two kinds has not decided
    return dict.fromkeys(found, _SOURCE_CONFIDENCE) if len(found) == 1 else {}


def _from_rules(scan: Scan, floor: float) -> dict[str, float]:
    by_category: dict[str, list[Rule]] = {}
    for rule in speaking(scan, Kind.CATEGORIES):
        by_category.setdefault(rule.name, []).append(rule)
    weights = {category: weigh(rules) for category, rules in by_category.items()}
    return {category: weight for category, weight in weights.items() if weight >= floor}


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
        ("rules", _from_rules(scan, floor)),
    ):
        if origin_of == "source" and found:
            continue
        for name, confidence in sorted(weights.items(), key=lambda row: (-row[1], CATEGORY_ORDER[row[0]])):
            if confidence >= floor:
                found.setdefault(name, Category(name, confidence, origin_of))
    if not found:
        return CategoryFacts((Category(UNCATEGORIZED, 0.0, "rules"),))
    return CategoryFacts(tuple(found.values()))

"""What the two gates share: a finding of the rules that stand and of the model that reads the same words."""

from collections.abc import Iterator
from math import exp, prod

from streams.outcomes import Level
from streams.records import Finding, Span
from streams.rules.gate_model import GateModel
from streams.rules.guards import standing
from streams.rules.model import Kind, Pack
from streams.rules.plain import WORDS
from streams.steps.scan import Scan
from streams.steps.spoken import ASSISTANT, PERSON, spoken

NOTHING = Finding(None, 0.0)

# Whose words each gate judges, and who has the others.
_SPEAKERS = {Kind.CRISIS: PERSON, Kind.UNSAFE_REPLY: ASSISTANT}
_OTHERS = {Kind.CRISIS: ASSISTANT, Kind.UNSAFE_REPLY: PERSON}
# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_ACUTE, _ELEVATED = Level.ACUTE, Level.ELEVATED

_LARGEST_EXPONENT = 50.0


def finding(scan: Scan, kind: Kind, pack: Pack) -> Finding:
    """Level of the gravest that spoke, the rules by name (the model among them), their spans without repeats.

    The score is 1 - ∏(1 - weight) over distinct rules, or the model's probability where that is more: a fact, and
    there also where nobody spoke (level None).
    """
    names: list[str] = []
    spans: set[Span] = set()
    score, level = 0.0, None
    if scan.of(kind):
        rules = {}
        for match in standing(scan, kind):
            rules[match.hit.rule.id] = match.hit.rule
            spans.add(scan.span(match.hit.message, match.start, match.end))
        if rules:
            names = sorted(rules)
            score = 1 - prod([1 - rule.weight for rule in rules.values()])
            level = _ACUTE if any(rule.level is _ACUTE for rule in rules.values()) else _ELEVATED
    model = pack.models.get(kind)
    if model is not None:
        heard = _hear(scan, kind, model)
        if heard is not None:
            probability, own_level, passage = heard
            score = max(score, probability)
            if own_level is not None:
                names.append(model.rule)
                spans.update(passage)
                level = _ACUTE if _ACUTE in {level, own_level} else _ELEVATED
    if level is None:
        return Finding(None, round(score, 4)) if score else NOTHING
    return Finding(level, round(score, 4), tuple(names), _longest(spans))


def _hear(scan: Scan, kind: Kind, model: GateModel) -> tuple[float, Level | None, list[Span]] | None:
    """The model's probability (0.5 at its threshold), its level where it speaks, and the passage.

    None where there is no word to read.
    """
    places, words = spoken(scan, _SPEAKERS[kind])
    text = words.text
    if not text.strip(b" .,"):
        return None
    is_other_known = model.beside is not None and not scan.conversation.roles_guessed
    margin, found = model.margin(words, spoken(scan, _OTHERS[kind])[1] if is_other_known else None)
    probability = 1 / (1 + exp(min(_LARGEST_EXPONENT, max(-_LARGEST_EXPONENT, -margin))))
    if not model.speaks(words, margin):
        return probability, None, []
    is_acute = model.acute is not None and model.acute.says_yes(words)
    first, behind = text[: found.start].count(b" "), text[: found.end].count(b" ")
    return probability, _ACUTE if is_acute else _ELEVATED, list(_passage(scan, places, first, behind))


def _passage(scan: Scan, places: list[int], first: int, behind: int) -> Iterator[Span]:
    """The words from number `first` to before `behind`, as one span in each message that holds some of them."""
    number = 1  # plain text begins with a space, so its first word has one before it
    for place in places:
        low, high = scan.bounds(place)
        own = [word.span() for word in WORDS.finditer(scan.text, low, high)]
        taken = own[max(0, first - number) : max(0, behind - number)]
        if taken:
            yield scan.span(place, taken[0][0], taken[-1][1])
        number += len(own) + 1  # the end of a message reads as the end of a sentence


def _longest(spans: set[Span]) -> tuple[Span, ...]:
    """Of spans that start at one place only the longest: a rule may end in several ways."""
    by_start: dict[tuple[int, int], Span] = {}
    for span in sorted(spans, key=lambda span: span.end):
        by_start[span.message, span.start] = span
    return tuple(by_start[place] for place in sorted(by_start))

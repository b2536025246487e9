"""Spreads the rules of a pack over the databases that its texts are scanned with.

One database for each side of a conversation, so that no text is looked at for rules that do not read it; some for all
sides at once: personal data by the digits that a text must hold, and names, which keep case; two for conversations
whose roles are guessed, with the gates' rules for the side that they do not read otherwise; one for the groups that a
tag names, which is asked only once the tag stands. A dear rule may name what each match holds (`first`): its own
expression, in a database of its own, then sees only the texts that hold that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.rules.checks import FEWEST_DIGITS, MANY_DIGITS
from streams.rules.model import GATES, Kind, Reads, Rule

# Whether case is kept, how many digits are needed, and whether only what is near names is read.
Key = tuple[bool, int, bool]


@dataclass(frozen=True, slots=True)
class Spread:
    """Which rules (by number) each text is scanned for."""

    sides: Mapping[int, tuple[int, ...]]
    guessed: Mapping[int, tuple[int, ...]]
    groups: tuple[int, ...]
    whole: Mapping[Key, tuple[int, ...]]
    hinted: tuple[int, ...]
    lists_names: tuple[int, ...]
    closer: tuple[int, ...]

    def sets(self) -> list[tuple[int, ...]]:
        """The different sets of rules that are scanned for together, always in the same order."""
        every = (*self.sides.values(), *self.guessed.values(), self.groups, *self.whole.values())
        return list(dict.fromkeys(filter(None, every)))


def _fewest_digits(rule: Rule) -> int | None:
    """How many digits a text must hold to be read for the rule, in steps; None where each side is read alone."""
    if rule.kind is not Kind.PII:
        return None
    fewest = FEWEST_DIGITS.get(rule.check, 0)
    if not (fewest or rule.keeps_case):
        return None
    return MANY_DIGITS if fewest >= MANY_DIGITS else min(fewest, 1)


def spread_of(rules: tuple[Rule, ...]) -> Spread:
    """Each rule where it is looked for; one that two sides read stands with both."""
    hinted = tuple(number for number, rule in enumerate(rules) if rule.hint)
    lists_names = tuple(number for number, rule in enumerate(rules) if rule.lists_names)
    groups = tuple(number for number, rule in enumerate(rules) if rule.group)
    elsewhere = {*hinted, *lists_names, *groups}
    whole: dict[Key, tuple[int, ...]] = {}
    for number, rule in enumerate(rules):
        if number not in elsewhere and (fewest := _fewest_digits(rule)) is not None:
            key = (rule.keeps_case, fewest, rule.near_names)
            whole[key] = (*whole.get(key, ()), number)
    elsewhere |= {number for together in whole.values() for number in together}
    rest = [number for number in range(len(rules)) if number not in elsewhere]
    both = Reads.USER | Reads.ASSISTANT
    return Spread(
        sides={int(side): tuple(n for n in rest if rules[n].reads & side) for side in Reads},
        guessed={
            int(side): tuple(n for n in rest if rules[n].kind in GATES and not rules[n].reads & side)
            for side in Reads
            if side & both
        },
        groups=groups,
        whole=whole,
        hinted=hinted,
        lists_names=lists_names,
        closer=tuple(n for n in rest if rules[n].first and rules[n].kind is not Kind.PII),
    )

"""Runs each rule on its own examples: what it must match and what it must leave alone."""

from collections.abc import Iterator

from streams.records import Conversation, Message, Role
from streams.rules.guards import standing
from streams.rules.model import Kind, Pack, Reads, Rule
from streams.steps.pii import pii_matches
from streams.steps.scan import look_for_groups, scan


def speaks(rule: Rule, text: str, pack: Pack) -> bool:
    """Whether the rule stands (guards and validators asked) on a text said by one whom it reads."""
    role = Role.USER if rule.reads & Reads.USER else Role.ASSISTANT
    found = scan(Conversation((Message(role, text),), "example"), pack)
    if rule.group:
        look_for_groups(found, pack)
    if rule.kind is Kind.PII:
        return any(match.hit.rule.id == rule.id for match in pii_matches(found, pack))
    return any(
        match.hit.rule.id == rule.id and match.hit.rule.ender().search(found.text, match.start, match.end)
        for match in standing(found, rule.kind)
    )


# A rule must see its sentence wherever it stands. The engine takes other ways through longer texts, and was
# once seen to miss there what it found alone.
_BEFORE = "one two three four five. " * 6


def failing(pack: Pack) -> Iterator[str]:
    """A fault for each example that does not behave, named by rule and number (from 1), not by its text."""
    for rule in pack.rules:
        for number, text in enumerate(rule.match, 1):
            if not speaks(rule, text, pack):
                yield f"{rule.id}: match {number} is not matched"
            elif not speaks(rule, _BEFORE + text, pack):
                yield f"{rule.id}: match {number} is not matched behind other sentences"
        for number, text in enumerate(rule.never, 1):
            if speaks(rule, text, pack):
                yield f"{rule.id}: not {number} is matched"

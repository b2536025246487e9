"""A scan finds whatever `re` finds, in short and long texts: a missed match would wave a person through.

Hyperscan 5.4.12 was seen to miss matches of patterns that begin with a choice between a bare one-letter word
and longer ones (`(?:i|we) …`), only where some 30 characters stand before. This test keeps such patterns out.
"""

import importlib.util
import re
from pathlib import Path

from streams.records import Conversation, Message, Role
from streams.rules.checks import FEWEST_DIGITS, digits
from streams.rules.model import Kind, Reads, Rule
from streams.rules.pack import Pack
from streams.steps.scan import look_for_groups, scan

_spec = importlib.util.spec_from_file_location("generated", Path(__file__).with_name("generated.py"))
assert _spec is not None
assert _spec.loader is not None
generated = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generated)


def _found(rule: Rule, text: str, pack: Pack) -> set[int]:
    role = Role.USER if rule.reads & Reads.USER else Role.ASSISTANT
    read = scan(Conversation((Message(role, text),), "generated"), pack)
    if rule.group:
        look_for_groups(read, pack)
    return {hit.end for hit in read.of(rule.kind) if hit.rule is rule}


def test_every_generated_match_is_found_in_the_whole_pack(pack: Pack) -> None:
    missed: dict[str, int] = {}
    count = 0
    for number, rule in enumerate(pack.rules):
        if rule.hint or rule.lists_names:
            continue
        for data, ends in generated.matched_by(rule.expression, 40, seed=number):
            if len(digits(data)) < FEWEST_DIGITS.get(rule.check, 0):
                continue
            if rule.near_names and not pack.name_lists.ends(data)[1]:
                continue  # nothing in it may be a name: the word is "So", "At" or the like
            text = data.decode("ascii")
            found = _found(rule, text, pack)
            count += 1
            # around what is looked for first in personal data, `re` finds the rest (the next test)
            is_enough = rule.speaks_once or (rule.first and rule.kind is Kind.PII)
            if not (found if is_enough else ends <= found):
                missed[rule.id] = missed.get(rule.id, 0) + 1
    assert count > 5_000
    assert missed == {}


def test_what_is_looked_for_first_stands_in_every_match(pack: Pack) -> None:
    signs = [(rule, re.compile(sign)) for rule in pack.rules for sign in (rule.hint, rule.first) if sign]
    assert signs
    for rule, sign in signs:
        for data, _ in generated.matched_by(rule.expression, 200, seed=7):
            for match in rule.finder().finditer(data):
                assert sign.search(data, match.start(), match.end()), rule.id

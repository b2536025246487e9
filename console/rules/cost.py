"""What each rule costs a record where it is looked for alone; together they cost far less than the sum."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from console.bench.corpus import chat_lines
from streams.fold import fold_but_case
from streams.rules.database import compile_alone
from streams.rules.model import Pack, Rule

_RECORDS = 100
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of processor time that one record of about 4.3 kB takes for one rule."""

    rule: str
    microseconds: float


def rule_costs(pack: Pack) -> list[Cost]:
    """The rules of the pack, the dearest first. What is a plain search (`hint`, a list of names) is left out."""
    cased = [
        fold_but_case("\n".join(message["content"] for message in orjson.loads(line)["messages"]))
        for line in chat_lines(_RECORDS, seed=17)
    ]
    folded = [text.lower() for text in cased]
    costs = [
        Cost(rule.id, _measured(rule, cased if rule.keeps_case else folded))
        for rule in pack.rules
        if not rule.hint and not rule.lists_names
    ]
    return sorted(costs, key=lambda cost: -cost.microseconds)


def _measured(rule: Rule, texts: Sequence[bytes]) -> float:
    database = compile_alone(rule)
    took = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for text in texts:
            database.scan(text, match_event_handler=_ignore)
        took.append(time.process_time() - began)
    return min(took) / len(texts) * 1e6


def _ignore(_rule: int, _start: int, _end: int, _flags: int, _context: object) -> None:
    return None

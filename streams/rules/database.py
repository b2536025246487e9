"""Compiles the rules' expressions into the Hyperscan databases of a pack, or takes stored ones."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import hyperscan

from streams.rules.dialect import BadPattern, prove
from streams.rules.model import Kind, Rule
from streams.rules.spread import spread_of

# The layout of stored bytes and the way in which rules are spread over databases: another one, another number.
_LAYOUT = b"5"
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Hint:
    """A rule's hint by rule number: `needle` is how it begins, so that most texts are passed over at once."""

    number: int
    needle: bytes
    finder: re.Pattern[bytes]

    @classmethod
    def of(cls, number: int, hint: bytes) -> "Hint":
        return cls(number, hint_needle(hint), re.compile(hint))


_NO_CHOICE = re.compile(rb"\\.|\[\^?\]?[^\]]*\]|\([^()]*\)")
_BEGINNING = re.compile(rb"(?:[a-z0-9@:](?![?*{]))*")


def hint_needle(hint: bytes) -> bytes:
    """The bytes with which each match of the hint begins; empty where it has no such beginning."""
    rest, outer = b"", hint
    while rest != outer:
        rest, outer = outer, _NO_CHOICE.sub(b"", outer)
    found = _BEGINNING.match(hint)
    return b"" if b"|" in outer or found is None else found[0]


@dataclass(frozen=True, slots=True)
class Whole:
    """A database for all texts of a conversation at once, where they hold `fewest_digits` or more.

    With `near_names`, only for what lies around words that may be names.
    """

    keeps_case: bool
    fewest_digits: int
    near_names: bool
    database: hyperscan.Database


@dataclass(frozen=True, slots=True)
class Databases:
    """What is scanned for: by side of the conversation (`Reads` as a number), beside it where roles are guessed.

    `groups` has the rules that name a tag's group, if there are any. `closer` has a rule's own expression by rule number,
    where the others hold its `first`; `lists_names` has the numbers of the rules of that kind. `every` holds each
    database once, in a fixed order.
    """

    sides: Mapping[int, hyperscan.Database]
    guessed: Mapping[int, hyperscan.Database]
    groups: hyperscan.Database | None
    closer: Mapping[int, hyperscan.Database]
    whole: tuple[Whole, ...]
    hints: tuple[Hint, ...]
    lists_names: tuple[int, ...]
    every: tuple[hyperscan.Database, ...]


def stamp_of(rules: tuple[Rule, ...]) -> bytes:
    """Ties stored bytes to these very expressions, spread over databases in this way."""
    whole = hashlib.sha256(_LAYOUT)
    spread = spread_of(rules)
    for numbers in (*spread.sets(), spread.hinted):
        for number in numbers:
            rule = rules[number]
            whole.update(b"%d %d %b\n%b\n" % (number, rule.speaks_once, rule.expression, rule.first))
            whole.update(b"%b\n%b\n" % (rule.hint, rule.data))
        whole.update(b"\n")
    return whole.digest()


def compile_rules(rules: tuple[Rule, ...], stored: bytes | None) -> Databases:
    """The databases of the rules' expressions, from `stored` where it was made of the very same ones.

    Raises hyperscan.error where the engine refuses one of them.
    """
    spread = spread_of(rules)
    sets = spread.sets()
    every = _loaded(rules, stored, len(sets) + len(spread.closer))
    if every is None:
        every = [_compile(rules, numbers) for numbers in sets]
        every += [_compile(rules, (number,), is_closer=True) for number in spread.closer]
    compiled = dict(zip(sets, every, strict=False))
    return Databases(
        sides={side: compiled[s] for side, s in spread.sides.items() if s},
        guessed={side: compiled[s] for side, s in spread.guessed.items() if s},
        groups=compiled.get(spread.groups),
        closer=dict(zip(spread.closer, every[len(sets) :], strict=True)),
        whole=tuple(Whole(*key, compiled[numbers]) for key, numbers in spread.whole.items()),
        hints=tuple(Hint.of(number, rules[number].hint) for number in spread.hinted),
        lists_names=spread.lists_names,
        every=tuple(every),
    )


def _compile(
    rules: tuple[Rule, ...], numbers: tuple[int, ...], *, is_closer: bool = False
) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    expressions, flags = list[bytes](), list[int]()
    for number in numbers:
        rule = rules[number]
        first = b"" if is_closer else rule.first
        # personal data is looked for around each hit, so it needs no second, closer look
        is_enough = rule.speaks_once or (first and rule.kind is not Kind.PII)
        expressions.append(first or rule.expression)
        flags.append(hyperscan.HS_FLAG_SINGLEMATCH if is_enough else 0)
    database.compile(expressions=expressions, ids=numbers, elements=len(numbers), flags=flags)
    return database


def compile_alone(rule: Rule) -> hyperscan.Database:
    """A database of this rule alone, as it is looked for first."""
    return _compile((rule,), (0,))


def dump(databases: Databases) -> bytes:
    """The databases as bytes, for `compile_rules` behind the rules' stamp. Good for this kind of CPU only."""
    bodies = [hyperscan.dumpb(database) for database in databases.every]
    return b"".join(len(body).to_bytes(_LENGTH_BYTES, "big") + body for body in bodies)


def _loaded(rules: tuple[Rule, ...], stored: bytes | None, count: int) -> list[hyperscan.Database] | None:
    """The stored databases; None where they are of other rules, or another CPU or Hyperscan: a cache is made again."""
    if stored is None or not is_made_of(stored, rules):
        return None
    databases, at = [], len(stamp_of(rules))
    for _ in range(count):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(stored[at:start], "big")
        if start > len(stored) or at > len(stored):
            return None
        try:
            database = hyperscan.loadb(stored[start:at], hyperscan.HS_MODE_BLOCK)
            database.scratch = hyperscan.Scratch(database)
        except hyperscan.error:
            return None
        databases.append(database)
    return databases


def is_made_of(stored: bytes | None, rules: tuple[Rule, ...]) -> bool:
    """Whether the stored databases are of these very expressions, which were then proven when they were made."""
    return stored is not None and stored.startswith(stamp_of(rules))


def unproven(rule: Rule) -> str | None:
    """What is wrong with an expression of the rule for `re`; None where it is right."""
    try:
        for expression in filter(None, (rule.expression, rule.first, rule.hint, rule.data)):
            prove(expression)
    except BadPattern as error:
        return f"{rule.id}: bad pattern: {error}"
    return None


def unfit(rule: Rule) -> str | None:
    """Why Hyperscan alone refuses an expression that `re` takes; None where it does not."""
    try:
        for expression in filter(None, (rule.expression, rule.first)):
            hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK).compile(
                expressions=[expression], ids=[0], elements=1, flags=0
            )
    except hyperscan.error as error:
        return f"{rule.id}: bad pattern: {error}"
    return None

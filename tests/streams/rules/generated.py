"""Makes texts that an expression matches, from the expression itself, with a seeded choice at each branch."""

import random
import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_OF_CATEGORY = {sre.CATEGORY_SPACE: " ", sre.CATEGORY_WORD: "w", sre.CATEGORY_DIGIT: "7"}


def _one_of(members: list[Any], chance: random.Random) -> str:
    if members[0][0] is sre.NEGATE:
        return chance.choice("ax ")
    kind, value = chance.choice(members)
    if kind is sre.RANGE:
        return chr(chance.randint(*value))
    return chr(value) if kind is sre.LITERAL else _OF_CATEGORY[value]


def _text(tree: Any, chance: random.Random) -> str:
    pieces = []
    for kind, value in tree:
        if kind is sre.LITERAL:
            pieces.append(chr(value))
        elif kind is sre.IN:
            pieces.append(_one_of(value, chance))
        elif kind is sre.BRANCH:
            pieces.append(_text(chance.choice(value[1]), chance))
        elif kind is sre.SUBPATTERN:
            pieces.append(_text(value[3], chance))
        elif kind in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
            low, high, inner = value
            pieces.extend(_text(inner, chance) for _ in range(chance.randint(low, min(high, low + 3))))
        elif kind is sre.NOT_LITERAL:
            pieces.append("x")
        elif kind is not sre.AT:
            raise AssertionError(f"the dialect has no {kind}")
    return "".join(pieces)


def matched_by(expression: bytes, count: int, seed: int) -> Iterator[tuple[bytes, set[int]]]:
    """Texts of several lengths with the ends that `re` finds in them: `count` draws, each in three surroundings."""
    chance = random.Random(seed)
    tree = _parser.parse(expression.decode("ascii"))
    finder = re.compile(expression)
    for _ in range(count):
        core = _text(tree, chance).encode("latin-1")
        for before in (b"", b"x" * 30 + b". ", b"well " * 60):
            text = before + core + b" " + b"yes " * chance.choice((0, 20))
            ends = {match.end() for match in finder.finditer(text)}
            if ends:
                yield text, ends

"""Compiles the rules' expressions into the one Hyperscan database of a pack, or takes a stored one."""

import hashlib

import hyperscan

from streams.rules.model import Rule


def stamp_of(rules: tuple[Rule, ...]) -> bytes:
    """Ties stored bytes to these very expressions, in this order."""
    return hashlib.sha256(b"\n".join(rule.hint or rule.expression for rule in rules)).digest()


def compile_rules(rules: tuple[Rule, ...], stored: bytes | None) -> hyperscan.Database:
    """The database of the rules' expressions, from `stored` where it was made of the very same ones.

    Raises hyperscan.error where the engine refuses one of them.
    """
    stamp = stamp_of(rules)
    if stored is not None and stored.startswith(stamp):
        try:
            database = hyperscan.loadb(stored[len(stamp) :], hyperscan.HS_MODE_BLOCK)
            database.scratch = hyperscan.Scratch(database)
        except hyperscan.error:
            pass  # made for another CPU or version of Hyperscan: it is a cache, so it is made again
        else:
            return database
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    expressions = [rule.hint or rule.expression for rule in rules]
    database.compile(expressions=expressions, ids=list(range(len(rules))), elements=len(rules), flags=0)
    return database


def unfit(rule: Rule) -> str | None:
    """Why Hyperscan alone refuses an expression that `re` takes; None where it does not."""
    try:
        hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK).compile(
            expressions=[rule.hint or rule.expression], ids=[0], elements=1, flags=0
        )
    except hyperscan.error as error:
        return f"{rule.id}: bad pattern: {error}"
    return None

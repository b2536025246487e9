"""How well what is said agrees with what is true."""

from collections.abc import Iterable


def f1(pairs: Iterable[tuple[bool, bool]]) -> float:
    """F1 of what was said against what is true."""
    found = list(pairs)
    said_or_true = sum(said + true for said, true in found)
    return 2 * sum(said and true for said, true in found) / said_or_true

"""How sure a measured share is: exact one-sided bounds after Clopper and Pearson (1934)."""

from collections.abc import Callable
from math import exp, lgamma, log

CONFIDENCE = 0.95
_STEPS = 60  # halvings of [0, 1]: far below what a float can tell apart


def lower_bound(hits: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The least true share that would give so many hits or more with probability 1 - confidence."""
    if hits == 0:
        return 0.0
    return _solve(lambda share: 1 - _at_most(hits - 1, of, share), 1 - confidence, is_rising=True)


def upper_bound(hits: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The largest true share that would give so few hits with probability 1 - confidence."""
    if hits >= of:
        return 1.0
    return _solve(lambda share: _at_most(hits, of, share), 1 - confidence, is_rising=False)


def _at_most(hits: int, of: int, share: float) -> float:
    """The probability of so many hits or fewer, each with this share."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 1.0 if hits >= of else 0.0
    return sum(
        exp(
            lgamma(of + 1)
            - lgamma(count + 1)
            - lgamma(of - count + 1)
            + count * log(share)
            + (of - count) * log(1 - share)
        )
        for count in range(hits + 1)
    )


def _solve(probability: Callable[[float], float], target: float, *, is_rising: bool) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if (probability(middle) < target) == is_rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2

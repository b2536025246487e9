"""Exact bounds, beside those of a library of statistics."""

import pytest
from scipy.stats import beta

from console.rules.bounds import lower_bound, upper_bound


@pytest.mark.parametrize("of", [1, 7, 59, 348, 700])
def test_the_bounds_are_those_of_clopper_and_pearson(of: int) -> None:
    for hits in {0, 1, of // 3, of - of // 40, of - 1, of}:
        least = beta.ppf(0.05, hits, of - hits + 1) if hits else 0.0
        most = beta.ppf(0.95, hits + 1, of - hits) if hits < of else 1.0
        assert lower_bound(hits, of) == pytest.approx(least, abs=1e-9)
        assert upper_bound(hits, of) == pytest.approx(most, abs=1e-9)

"""How often the 95 % intervals hold the true value. Seeds are fixed: a failure is a change, not chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from study import stats


def assert_coverage(hits: int, simulations: int, low: float, high: float) -> None:
    """Assert that `hits` is what a true coverage between `low` and `high` gives in all but 1 of 1,000 runs."""
    least = scipy.stats.binom.ppf(0.0005, simulations, low)
    most = scipy.stats.binom.ppf(0.9995, simulations, high)
    assert least <= hits <= most, f"coverage {hits / simulations} is not between {low} and {high}"


@pytest.mark.parametrize(
    ("method", "tails", "low", "high"),
    [
        ("BCa", "normal", 0.92, 0.95),
        ("percentile", "normal", 0.92, 0.95),
        ("BCa", "lognormal", 0.85, 0.92),
        ("percentile", "lognormal", 0.83, 0.91),
    ],
)
def test_coverage_of_the_mean(method: Any, tails: str, low: float, high: float) -> None:
    """24 values, nominal .95: BCa .923 and percentile .927 for normal, .879 and .865 for lognormal values."""
    rng = np.random.default_rng(11)
    truth = 0.0 if tails == "normal" else math.exp(0.5)
    hits = 0
    for _ in range(2000):
        values = rng.normal(size=24) if tails == "normal" else rng.lognormal(size=24)
        interval = stats.mean_interval(values, confidence_level=0.95, n_resamples=499, method=method, rng=rng)
        hits += interval.low <= truth <= interval.high
    assert_coverage(hits, 2000, low, high)


def grouped_normal(rho: float, size: int, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Return x, y and labels: four groups of `size` with correlation `rho` in each and opposed group means."""
    strata = np.repeat(np.arange(4), size)
    x = rng.normal(size=4 * size)
    y = rho * x + math.sqrt(1 - rho**2) * rng.normal(size=4 * size)
    return x + strata, y - 2 * strata, strata


def rank_correlations_of(rho: float, size: int) -> tuple[float, float]:
    """Return the mean rank correlation of samples of `size` from a bivariate normal, and its limit for large ones."""
    limit = 6 / math.pi * math.asin(rho / 2)
    return (6 / math.pi * math.asin(rho) + (size - 2) * limit) / (size + 1), limit


def correlation_hits(method: Any, rho: float, size: int, simulations: int) -> tuple[int, int]:
    """Return how often the interval holds the mean rank correlation of samples of `size`, and its limit."""
    rng = np.random.default_rng(17)
    mean, limit = rank_correlations_of(rho, size)
    hits = [0, 0]
    for _ in range(simulations):
        x, y, strata = grouped_normal(rho, size, rng)
        if method == "Fisher z":
            interval = stats.fisher_interval(x, y, strata=strata, confidence_level=0.95)
        else:
            interval = stats.correlation_interval(
                x, y, strata=strata, confidence_level=0.95, n_resamples=499, method=method, rng=rng
            )
        hits[0] += interval.low <= mean <= interval.high
        hits[1] += interval.low <= limit <= interval.high
    return hits[0], hits[1]


@pytest.mark.parametrize(
    "rho", [pytest.param(0.0, marks=pytest.mark.slow), -0.5, pytest.param(-0.8, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("method", "simulations", "low", "high"),
    [("BCa", 1000, 0.93, 0.98), ("percentile", 1000, 0.95, 0.99), ("Fisher z", 1000, 0.95, 0.98)],
)
def test_coverage_of_the_stratified_correlation(
    method: str, rho: float, simulations: int, low: float, high: float
) -> None:
    """24 rows in four groups, nominal .95, of the mean of the statistic at that size, for rho 0, -.5 and -.8.

    BCa .939, .945, .967; percentile .968, .967, .984; Fisher .968, .972, .976. Of the limit in large groups, from which
    the mean differs by up to .08: BCa .939, .951, .984; percentile .968, .961, .959; Fisher .968, .961, .939.
    """
    hits, hits_of_limit = correlation_hits(method, rho, 6, simulations)
    assert_coverage(hits, simulations, low, high)
    assert_coverage(hits_of_limit, simulations, 0.93, 0.99)


@pytest.mark.parametrize("side", [-1, pytest.param(1, marks=pytest.mark.slow)])
def test_equivalence_of_a_correlation_holds_its_level_at_the_margin(side: int) -> None:
    """24 rows in four groups whose mean rank correlation is the margin, .5 or -.5, nominal .05: .041 and .028.

    At a correlation of 0 the test finds equivalence in .47 of samples; with margins of .3 in none, so few rows tell too
    little.
    """
    rho = scipy.optimize.brentq(lambda value: rank_correlations_of(value, 6)[0] - 0.5, 0.0, 0.99)
    rng = np.random.default_rng(17)

    def share(rho: float, margin: float, simulations: int) -> float:
        sides: tuple[tuple[float, Any], ...] = ((-margin, "greater"), (margin, "less"))
        claimed = 0
        for _ in range(simulations):
            x, y, strata = grouped_normal(rho, 6, rng)
            claimed += all(
                stats.correlation_bound_test(x, y, strata=strata, bound=bound, alternative=side).pvalue <= 0.05
                for bound, side in sides
            )
        return claimed / simulations

    assert_coverage(round(1000 * share(side * rho, 0.5, 1000)), 1000, 0.03, 0.05)
    assert 0.4 < share(0.0, 0.5, 300) < 0.55
    assert share(0.0, 0.3, 200) == 0

"""How often an experiment would reject, found by doing it many times on simulated data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from study.stats.outcomes import Interval, require_confidence_level, require_resamples


@dataclass(frozen=True)
class Power:
    """The share of simulated experiments that reject, with the interval that the number of simulations leaves it.

    `undefined` experiments, whose p-value is NaN, count as not rejecting.
    """

    power: float
    interval: Interval
    n_simulations: int
    undefined: int


def power_of(
    experiment: Callable[[np.random.Generator], float],
    *,
    alpha: float,
    n_simulations: int,
    confidence_level: float,
    rng: np.random.Generator,
) -> Power:
    """Return the power of `experiment` at level `alpha`: how often its p-value is at most `alpha`.

    `experiment` takes a generator, draws data with the effect in question and returns the p-value of the test in
    question; without an effect the result is the test's level. The interval is `proportion_interval`.

    Raises
    ------
    ValueError
        If `alpha` or `confidence_level` is not between 0 and 1, or `n_simulations` is below 1.

    Assumes that the data will be distributed as those simulated.
    """
    require_confidence_level(confidence_level)
    require_resamples(n_simulations, name="n_simulations")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha = {alpha!r} is not allowed: it must lie between 0 and 1")
    pvalues = np.array([experiment(rng) for _ in range(n_simulations)])
    rejected = int(np.count_nonzero(pvalues <= alpha))
    interval = proportion_interval(rejected, n_simulations, confidence_level=confidence_level)
    return Power(rejected / n_simulations, interval, n_simulations, int(np.count_nonzero(np.isnan(pvalues))))


def proportion_interval(count: int, n: int, *, confidence_level: float) -> Interval:
    """Return the interval of a probability that `n` independent trials leave, of which it came true in `count`.

    Raises
    ------
    ValueError
        If `count` is not between 0 and `n`, `n` is below 1 or `confidence_level` is not between 0 and 1.

    Source: Clopper and Pearson (1934), Biometrika 26:404-413, through `scipy.stats.binomtest`.
    """
    from scipy.stats import binomtest

    require_confidence_level(confidence_level)
    low, high = binomtest(count, n).proportion_ci(confidence_level, method="exact")
    return Interval(float(low), float(high), confidence_level, "Clopper-Pearson", "")

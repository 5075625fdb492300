"""Bootstrap confidence intervals of means, and the resampling of whole experimental units, optionally within strata."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.columns import of_one, where_defined
from study.stats.intervals import Method, intervals_from, require_options
from study.stats.outcomes import (
    Interval,
    is_constant,
    matrix,
    undefined_interval,
    undefined_reasons,
)
from study.stats.sums import weighted_sums


def mean_intervals(
    variables: ArrayLike,
    *,
    confidence_level: float,
    n_resamples: int,
    method: Method,
    rng: np.random.Generator,
) -> tuple[Interval, ...]:
    """Return a bootstrap confidence interval of the mean of each of `variables` (k, n), all with the same resampled units.

    Undefined, with a note, if any value is NaN or infinite, if n < 3 or if all values are equal.

    Raises
    ------
    ValueError
        If `variables` is not 2-dimensional, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes independent, identically distributed values. With few of them, or long tails, it covers less than it says.

    Source: as `intervals_from`. From the same generator it is `scipy.stats.bootstrap`'s interval.
    """
    require_options(confidence_level, n_resamples, method)
    table = matrix("variables", variables)
    n = table.shape[1]
    reasons = [
        why or ("constant input" if is_constant(row) else "")
        for why, row in zip(undefined_reasons(table), table, strict=True)
    ]

    def resampled(rows: list[int]) -> tuple[Interval, ...]:
        values, everyone = table[rows], [np.arange(n)]
        distributions = weighted_sums(values, resampled_counts(everyone, n_resamples, rng)) / n
        jackknife = (np.sum(values, axis=1, keepdims=True) - values) / (n - 1) if method == "BCa" else None
        return intervals_from(np.mean(values, axis=1), distributions, jackknife, everyone, confidence_level)

    return where_defined(reasons, lambda why: undefined_interval(confidence_level, why), resampled)


mean_interval = of_one(mean_intervals)


def resampled_counts(
    members: list[NDArray[np.intp]], n_resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return how often each row is among rows drawn with replacement within each stratum, (n, n_resamples).

    From the same generator these are the draws of `resampled_rows`.
    """
    counts = np.empty((sum(stratum.size for stratum in members), n_resamples))
    for stratum in members:
        drawn = rng.integers(stratum.size, size=(n_resamples, stratum.size))
        drawn += stratum.size * np.arange(n_resamples)[:, np.newaxis]
        counts[stratum] = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).T
    return counts


def resampled_rows(members: list[NDArray[np.intp]], n_resamples: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return rows drawn with replacement within each stratum, (n_resamples, n)."""
    rows = np.empty((n_resamples, sum(stratum.size for stratum in members)), dtype=np.intp)
    for stratum in members:
        rows[:, stratum] = rng.choice(stratum, size=(n_resamples, stratum.size))
    return rows

"""Bootstrap confidence intervals that resample whole experimental units, optionally within strata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.columns import of_one, where_defined
from study.stats.intervals import Method, interval_from, intervals_from, require_options
from study.stats.outcomes import (
    FEWEST_OBSERVATIONS,
    Interval,
    is_constant,
    matrix,
    require_same_length,
    undefined_interval,
    undefined_reasons,
)
from study.stats.strata import stratum_members
from study.stats.sums import weighted_sums


def bootstrap_interval(
    data: tuple[NDArray[Any], ...],
    statistic: Callable[..., float],
    *,
    strata: ArrayLike | None,
    confidence_level: float,
    n_resamples: int,
    method: Method,
    rng: np.random.Generator,
) -> Interval:
    """Return a bootstrap confidence interval of `statistic(*data)`.

    Each array of `data` is (n, ...): row i of all of them together is one experimental unit, drawn whole. With
    `strata` (n,) as many rows are drawn from each stratum as it has, and put in its places, so that labels passed in
    `data` stay right. `statistic` returns a float, NaN where it is undefined. Resamples on which it is NaN are counted
    in `note` and left out; at 5 % of them the interval is undefined. "BCa" falls back on "percentile" where its
    corrections are undefined, and `kind` and `note` say so. Undefined, with a note, if n < 3 or the statistic is NaN
    or the same on every resample.

    Raises
    ------
    ValueError
        If `data` is empty, lengths differ, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes independent rows, identically distributed within strata. Resampling a stratum of a few rows understates
    its spread.

    Source: Efron (1987), JASA 82:171-185; acceleration over several samples as in Efron and Tibshirani (1993), An
    Introduction to the Bootstrap, eq. 15.36.
    """
    require_options(confidence_level, n_resamples, method)
    if not data:
        raise ValueError("data = () is not allowed: it must hold at least one array")
    require_same_length(**{f"data[{i}]": array for i, array in enumerate(data)})
    n = data[0].shape[0]
    members = [np.arange(n)] if strata is None else stratum_members(strata, n)
    if n < FEWEST_OBSERVATIONS:
        return undefined_interval(confidence_level, f"fewer than {FEWEST_OBSERVATIONS} observations")

    def on_rows(rows: NDArray[np.intp]) -> float:
        return float(statistic(*(array[rows] for array in data)))

    distribution = np.array([on_rows(rows) for rows in resampled_rows(members, n_resamples, rng)])
    jackknife = _jackknife(on_rows, n) if method == "BCa" else None
    return interval_from(on_rows(np.arange(n)), distribution, jackknife, members, confidence_level)


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

    Source: as `bootstrap_interval`. From the same generator it is `scipy.stats.bootstrap`'s interval.
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


def _jackknife(on_rows: Callable[[NDArray[np.intp]], float], n: int) -> NDArray[np.float64]:
    return np.array([on_rows(np.delete(np.arange(n), i)) for i in range(n)])

"""Correlation of two series whose successive values are alike: a randomisation test and the effective sample size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.correlation import centred_ranks, row_correlations
from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    is_constant,
    require_alternative,
    require_same_length,
    undefined_outcome,
    undefined_reason,
    vector,
)
from study.stats.tails import tail_pvalue


@dataclass(frozen=True)
class EffectiveSampleSize:
    """How many independent pairs would give the rank correlation of two series the variance it has.

    `n_effective` is in [2, n], or NaN when undefined; `n` is the length of the series. `note` is empty, or the reason
    for a NaN.
    """

    n_effective: float
    n: int
    note: str


def circular_shift_test(x: ArrayLike, y: ArrayLike, *, alternative: Alternative) -> TestOutcome:
    """Test rank association of two series against all circular shifts of `y`.

    `x` and `y` are (n,), in order of time, at equal steps. The statistic is Spearman's rho; the reference set is its n
    values over all shifts, the identity included, so the p-value is exact, k / n, and draws on no randomness.
    Undefined, with a note, if any value is NaN or infinite, if n < 3 or if either series is constant.

    Raises
    ------
    ValueError
        If `x` or `y` is not 1-dimensional, their lengths differ, or `alternative` is not allowed.

    Assumes that under the null hypothesis the series are independent and one of them is stationary, and that the seam,
    where a shifted series' end meets its beginning, matters little.

    Limits. p is at least 1 / n (2 / n two-sided), 0.02 of 50 points, so one pair of short series cannot pass a
    correction for many tests; and just there the seam matters most: independent pairs of 50 points with lag-1
    autocorrelation .5, .8, .9 and .95 have the least p in .02, .03, .04 and .05 of samples. A series with a trend is
    not stationary. Two trends that have nothing to do with each other are in step at the identity and out of step after
    any shift, and have nearly the least p whenever they point the way of the alternative: there a small p says that
    both series have a trend, no more, and only replicates can say more. Differencing both series tests another
    question, whether they move together from step to step.

    Source: shifts of one pattern against another as in Lotwick and Silverman (1982), JRSS B 44:406-413; what drifts do
    to them, Harris (2020), bioRxiv 2020.11.29.402719.
    """
    require_alternative(alternative)
    x, y, reason = _series(x, y)
    if reason:
        return undefined_outcome(x.size, alternative, reason)
    x_ranks, y_ranks = _ranks(x), _ranks(y)
    steps = np.arange(x.size)
    null = row_correlations(x_ranks, y_ranks[(steps + steps[:, np.newaxis]) % x.size])
    pvalue = tail_pvalue(float(null[0]), null, alternative=alternative, exact=True)
    return TestOutcome(float(null[0]), pvalue, x.size, alternative, x.size, True, "")


def effective_sample_size(x: ArrayLike, y: ArrayLike) -> EffectiveSampleSize:
    """Return the effective sample size of Spearman's rho of two autocorrelated series.

    1 / n_effective = 1 / n + 2 / n * sum over lags j = 1 .. n // 5 of (n - j) / n * r_x(j) * r_y(j), with r the
    autocorrelation of the ranks, each divided by (n - j) / n against its bias towards 0; the result is kept within
    [2, n]. `x` and `y` are (n,), in order of time, at equal steps. Undefined, with a note, if any value is NaN or
    infinite, if n < 3 or if either series is constant.

    Raises
    ------
    ValueError
        If `x` or `y` is not 1-dimensional, or their lengths differ.

    Assumes stationary series, independent of each other. Autocorrelations of short series come out too small and the
    effective size too large: simulated pairs of 50 points with lag-1 autocorrelation 0, .5, .8 and .9 have 50, 33, 14
    and 8 effective pairs, and are said to have 47, 34, 18 and 13. Of a series with a trend it says that there are few
    independent values, not how many.

    Source: Pyper and Peterman (1998), Can. J. Fish. Aquat. Sci. 55:2127-2140, after Bartlett (1946), Suppl. JRSS
    8:27-41.
    """
    x, y, reason = _series(x, y)
    n = x.size
    if reason:
        return EffectiveSampleSize(float("nan"), n, reason)
    lags = np.arange(1, n // 5 + 1)
    products = _autocorrelation(_ranks(x), lags) * _autocorrelation(_ranks(y), lags)
    inverse = (1 + 2 * float(np.sum((n - lags) / n * products))) / n
    return EffectiveSampleSize(1 / min(max(inverse, 1 / n), 1 / 2), n, "")


def _series(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Return both series and why they have no correlation, or ""."""
    x, y = vector("x", x), vector("y", y)
    require_same_length(x=x, y=y)
    reason = undefined_reason(x, y)
    return x, y, reason or ("constant input" if is_constant(x) or is_constant(y) else "")


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return centred_ranks(values, [np.arange(values.size)])


def _autocorrelation(centred: NDArray[np.float64], lags: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the autocorrelation of a centred series at `lags`, without the bias towards 0 of its shorter overlap."""
    n = centred.size
    sums = np.correlate(centred, centred, mode="full")[n - 1 :]
    return np.asarray(sums[lags] / sums[0] * n / (n - lags), dtype=np.float64)

"""Bootstrap confidence intervals that resample whole experimental units, optionally within strata."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, Final, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.correlation import centred_ranks, row_correlations, stratified_spearman
from study.stats.outcomes import (
    FEWEST_OBSERVATIONS,
    Interval,
    is_constant,
    require_choice,
    require_confidence_level,
    require_resamples,
    require_same_length,
    undefined_interval,
    undefined_reason,
    vector,
)
from study.stats.strata import stratum_members

Method = Literal["BCa", "percentile"]

MOST_UNDEFINED: Final = 0.05


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


def correlation_interval(
    x: ArrayLike,
    y: ArrayLike,
    *,
    strata: ArrayLike,
    confidence_level: float,
    n_resamples: int,
    method: Method,
    rng: np.random.Generator,
) -> Interval:
    """Return a bootstrap confidence interval of `stratified_spearman`, rows resampled within strata.

    The same as `bootstrap_interval` with that statistic, in one array operation. `x`, `y` and `strata` are (n,); pass
    one label for all for a plain rho. Undefined, with a note, where the statistic is.

    Raises
    ------
    ValueError
        If shapes differ, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes independent rows. In strata of two, and sometimes of three, resampled rows tie so often that the interval is
    undefined; `fisher_interval` is not, and in strata of six it is shorter and covers about as well.

    Source: as `bootstrap_interval`.
    """
    require_options(confidence_level, n_resamples, method)
    correlation = stratified_spearman(x, y, strata)
    if math.isnan(correlation.statistic):
        return undefined_interval(confidence_level, correlation.note)
    x, y = vector("x", x), vector("y", y)
    members = stratum_members(strata, x.size)
    rows = resampled_rows(members, n_resamples, rng)
    distribution = row_correlations(centred_ranks(x[rows], members), centred_ranks(y[rows], members))
    jackknife = _correlation_jackknife(x, y, members) if method == "BCa" else None
    return interval_from(correlation.statistic, distribution, jackknife, members, confidence_level)


def mean_interval(
    values: ArrayLike,
    *,
    confidence_level: float,
    n_resamples: int,
    method: Method,
    rng: np.random.Generator,
) -> Interval:
    """Return a bootstrap confidence interval of the mean of `values` (n,), one per experimental unit.

    Undefined, with a note, if any value is NaN or infinite, if n < 3 or if all values are equal.

    Raises
    ------
    ValueError
        If `values` is not 1-dimensional, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes independent, identically distributed values. With few of them, or long tails, it covers less than it says.

    Source: Efron (1987), JASA 82:171-185, through `scipy.stats.bootstrap`.
    """
    from scipy.stats import bootstrap

    require_options(confidence_level, n_resamples, method)
    sample = vector("values", values)
    if reason := undefined_reason(sample):
        return undefined_interval(confidence_level, reason)
    if is_constant(sample):
        return undefined_interval(confidence_level, "constant input")
    with warnings.catch_warnings():
        # A BCa that does not exist comes back as NaN with a warning; the note below says the same.
        warnings.simplefilter("ignore")
        result = bootstrap(
            (sample,), np.mean, n_resamples=n_resamples, confidence_level=confidence_level, method=method, rng=rng
        )
    low, high = float(result.confidence_interval.low), float(result.confidence_interval.high)
    if math.isnan(low) or math.isnan(high):
        distribution = np.asarray(result.bootstrap_distribution, dtype=np.float64)
        return _percentile(distribution, confidence_level, "BCa undefined")
    return Interval(low, high, confidence_level, method, "")


def interval_from(
    estimate: float,
    distribution: NDArray[np.float64],
    jackknife: NDArray[np.float64] | None,
    members: list[NDArray[np.intp]],
    confidence_level: float,
) -> Interval:
    """Return the BCa interval, or the percentile interval where there is no (defined) `jackknife`.

    `distribution` is (n_resamples,), `jackknife` (n,): the statistic without row i. NaN in `distribution` is counted
    and left out, or makes the interval undefined from 5 % on; NaN in `jackknife` leaves the percentile interval.
    """
    from scipy.special import ndtr, ndtri

    defined = distribution[~np.isnan(distribution)]
    left_out = distribution.size - defined.size
    note = f"resamples left out: {left_out} of {distribution.size}" if left_out else ""
    if math.isnan(estimate):
        return undefined_interval(confidence_level, "undefined statistic")
    if left_out and left_out >= MOST_UNDEFINED * distribution.size:
        return undefined_interval(confidence_level, f"undefined resamples: {left_out} of {distribution.size}")
    if is_constant(defined):
        return undefined_interval(confidence_level, "constant over resamples")
    if jackknife is None:
        return _percentile(defined, confidence_level, note)
    below = (np.count_nonzero(defined < estimate) + np.count_nonzero(defined <= estimate)) / (2 * defined.size)
    acceleration = _acceleration(jackknife, members)
    if math.isnan(acceleration) or not 0 < below < 1:
        return _percentile(defined, confidence_level, "; ".join(filter(None, ["BCa undefined", note])))
    bias = float(ndtri(below))
    tail = (1 - confidence_level) / 2
    shifted = bias + ndtri(np.array([tail, 1 - tail]))
    low, high = np.quantile(defined, ndtr(bias + shifted / (1 - acceleration * shifted)))
    return Interval(float(low), float(high), confidence_level, "BCa", note)


def _percentile(distribution: NDArray[np.float64], confidence_level: float, note: str) -> Interval:
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(distribution, [tail, 1 - tail])
    return Interval(float(low), float(high), confidence_level, "percentile", note)


def _acceleration(jackknife: NDArray[np.float64], members: list[NDArray[np.intp]]) -> float:
    """Return a sixth of the skewness of the empirical influence values, strata combined; NaN where there is none."""
    cubes = squares = 0.0
    for rows in members:
        influence = (rows.size - 1) * (np.mean(jackknife[rows]) - jackknife[rows])
        cubes += float(np.sum(influence**3)) / rows.size**3
        squares += float(np.sum(influence**2)) / rows.size**2
    return cubes / (6 * squares**1.5) if squares > 0 else math.nan


def resampled_rows(members: list[NDArray[np.intp]], n_resamples: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return rows drawn with replacement within each stratum, (n_resamples, n)."""
    rows = np.empty((n_resamples, sum(stratum.size for stratum in members)), dtype=np.intp)
    for stratum in members:
        rows[:, stratum] = rng.choice(stratum, size=(n_resamples, stratum.size))
    return rows


def _jackknife(on_rows: Callable[[NDArray[np.intp]], float], n: int) -> NDArray[np.float64]:
    return np.array([on_rows(np.delete(np.arange(n), i)) for i in range(n)])


def _correlation_jackknife(
    x: NDArray[np.float64], y: NDArray[np.float64], members: list[NDArray[np.intp]]
) -> NDArray[np.float64]:
    """Return the within-stratum rank correlation without each row in turn, (n,), one stratum's rows at a time."""
    correlations = np.empty(x.size)
    for stratum in members:
        others = [rows for rows in members if rows is not stratum]
        kept = np.array([np.concatenate([np.delete(stratum, i), *others]) for i in range(stratum.size)])
        ends = np.cumsum([stratum.size - 1, *(rows.size for rows in others)])
        blocks = [block for block in np.split(np.arange(x.size - 1), ends[:-1]) if block.size]
        correlations[stratum] = row_correlations(centred_ranks(x[kept], blocks), centred_ranks(y[kept], blocks))
    return correlations


def require_options(confidence_level: float, n_resamples: int, method: str) -> None:
    """Raise ValueError unless the options of a bootstrap interval are allowed."""
    require_choice("method", method, cast(tuple[str, ...], get_args(Method)))
    require_confidence_level(confidence_level)
    require_resamples(n_resamples)

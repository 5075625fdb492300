"""From a bootstrap distribution to a confidence interval, for one statistic or many at once."""

from __future__ import annotations

import math
from typing import Final, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from study.stats.outcomes import (
    Interval,
    require_choice,
    require_confidence_level,
    require_resamples,
    undefined_interval,
)
from study.stats.tails import TIE_TOLERANCE

Method = Literal["BCa", "percentile"]

MOST_UNDEFINED: Final = 0.05


def interval_from(
    estimate: float,
    distribution: NDArray[np.float64],
    jackknife: NDArray[np.float64] | None,
    members: list[NDArray[np.intp]],
    confidence_level: float,
) -> Interval:
    """Return the interval of one statistic: `distribution` is (n_resamples,), `jackknife` (n,); see `intervals_from`."""
    left_out = None if jackknife is None else jackknife[np.newaxis]
    return intervals_from(np.array([estimate]), distribution[np.newaxis], left_out, members, confidence_level)[0]


def intervals_from(
    estimates: NDArray[np.float64],
    distributions: NDArray[np.float64],
    jackknife: NDArray[np.float64] | None,
    members: list[NDArray[np.intp]],
    confidence_level: float,
) -> tuple[Interval, ...]:
    """Return the BCa interval of each statistic, or the percentile interval where there is no (defined) `jackknife`.

    `estimates` is (k,), `distributions` (k, n_resamples), `jackknife` (k, n): the statistics without row i; `members`
    holds the rows of each sample that was resampled by itself. NaN in a distribution is counted and left out, or makes
    the interval undefined from 5 % on; NaN in `jackknife` leaves the percentile interval.

    Source: Efron (1987), JASA 82:171-185; acceleration over several samples as in Efron and Tibshirani (1993), An
    Introduction to the Bootstrap, eq. 15.36.
    """
    ordered = np.sort(distributions, axis=1)  # NaN comes last
    total = ordered.shape[1]
    defined = total - np.count_nonzero(np.isnan(ordered), axis=1)
    tail = (1 - confidence_level) / 2
    shares = np.tile([tail, 1 - tail], (estimates.size, 1))
    corrected = np.zeros(estimates.size, dtype=bool)
    if jackknife is not None:
        tolerance = TIE_TOLERANCE * np.nanmax(np.abs(ordered), axis=1, initial=0.0)
        below = _below(estimates, distributions, tolerance) / np.maximum(defined, 1)
        corrected = _correct(shares, below, _accelerations(jackknife, members))
    ends = _quantiles(ordered, defined, shares).tolist()
    constant = ordered[:, 0] == ordered[np.arange(estimates.size), np.maximum(defined - 1, 0)]
    intervals = []
    for i, estimate in enumerate(estimates.tolist()):
        left_out = total - int(defined[i])
        why = "undefined statistic" if math.isnan(estimate) else ""
        if not why and left_out and left_out >= MOST_UNDEFINED * total:
            why = f"undefined resamples: {left_out} of {total}"
        if why or constant[i]:
            intervals.append(undefined_interval(confidence_level, why or "constant over resamples"))
            continue
        notes = ["BCa undefined"] if jackknife is not None and not corrected[i] else []
        notes += [f"resamples left out: {left_out} of {total}"] if left_out else []
        kind: Method = "BCa" if corrected[i] else "percentile"
        low, high = ends[i]
        intervals.append(Interval(low, high, confidence_level, kind, "; ".join(notes)))
    return tuple(intervals)


def _below(
    estimates: NDArray[np.float64], distributions: NDArray[np.float64], tolerance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how many of each distribution (k, n_resamples) are below the estimate, ties counting half, (k,)."""
    low, high = (estimates - tolerance)[:, np.newaxis], (estimates + tolerance)[:, np.newaxis]
    counts = np.count_nonzero(distributions < low, axis=1) + np.count_nonzero(distributions <= high, axis=1)
    return np.asarray(counts / 2)


def _correct(
    shares: NDArray[np.float64], below: NDArray[np.float64], accelerations: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Put the BCa shares in place of the plain ones in `shares` (k, 2); return where they are defined, (k,)."""
    from scipy.special import ndtr, ndtri

    possible = ~np.isnan(accelerations) & (below > 0) & (below < 1)
    bias = ndtri(below[possible])[:, np.newaxis]
    shifted = bias + ndtri(shares[possible])
    shares[possible] = ndtr(bias + shifted / (1 - accelerations[possible][:, np.newaxis] * shifted))
    return possible


def _accelerations(jackknife: NDArray[np.float64], members: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Return a sixth of the skewness of the empirical influence values, samples combined, (k,); NaN where none is."""
    influence = np.empty(jackknife.shape)
    for rows in members:
        values = np.take(jackknife, rows, axis=1)  # contiguous: means of rows add in the same order for any k
        influence[:, rows] = (np.mean(values, axis=1, keepdims=True) - values) * ((rows.size - 1) / rows.size)
    squares = influence * influence
    scale = 6 * np.sum(squares, axis=1) ** 1.5
    accelerations: NDArray[np.float64] = np.full(scale.shape, np.nan)
    np.divide(np.sum(squares * influence, axis=1), scale, out=accelerations, where=scale > 0)
    return accelerations


def _quantiles(
    ordered: NDArray[np.float64], defined: NDArray[np.intp], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the quantiles at `shares` (k, q) of the first `defined` (k,) of each row of `ordered`, linear between."""
    last = np.maximum(defined - 1, 0)[:, np.newaxis]
    position = shares * last
    lower = np.floor(position).astype(np.intp)
    low, high = (np.take_along_axis(ordered, at, axis=1) for at in (lower, np.minimum(lower + 1, last)))
    return np.asarray(low + (position - lower) * (high - low))


def require_options(confidence_level: float, n_resamples: int, method: str) -> None:
    """Raise ValueError unless the options of a bootstrap interval are allowed."""
    require_choice("method", method, cast(tuple[str, ...], get_args(Method)))
    require_confidence_level(confidence_level)
    require_resamples(n_resamples)

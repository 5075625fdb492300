"""Bootstrap intervals of a mean whose values are not independent: they share a cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.bootstrap import resampled_rows
from study.stats.intervals import Method, interval_from, require_options
from study.stats.outcomes import FEWEST_OBSERVATIONS, Interval, is_constant, undefined_interval, vector
from study.stats.strata import stratum_members


def cluster_interval(
    values: ArrayLike,
    *,
    clusters: ArrayLike,
    confidence_level: float,
    n_resamples: int,
    method: Method,
    rng: np.random.Generator,
) -> Interval:
    """Return a bootstrap confidence interval of the mean of `values` (n,), whole clusters resampled.

    `clusters` is (n,), one label per value; as many clusters are drawn as there are, and the statistic is the mean of
    all values in them, so that a cluster weighs with its size. Undefined, with a note, if any value is NaN or infinite,
    if there are fewer than 3 clusters, if all values are equal or if the mean is the same on every resample.

    Raises
    ------
    ValueError
        If shapes differ, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes independent clusters, identically distributed with their sizes; within a cluster anything goes. With few
    clusters, or a few that hold most of the values, it covers less than it says.

    Source: Field and Welsh (2007), JRSS B 69:369-390; intervals as in `bootstrap_interval`.
    """
    require_options(confidence_level, n_resamples, method)
    sample = vector("values", values)
    members = stratum_members(clusters, sample.size) if sample.size else []
    if reason := _undefined_reason(sample, len(members)):
        return undefined_interval(confidence_level, reason)
    sums, sizes = (np.array([part(sample[rows]) for rows in members], dtype=np.float64) for part in (np.sum, np.size))
    everyone = [np.arange(len(members))]
    rows = resampled_rows(everyone, n_resamples, rng)
    distribution = sums[rows].sum(axis=1) / sizes[rows].sum(axis=1)
    jackknife = (sums.sum() - sums) / (sizes.sum() - sizes) if method == "BCa" else None
    return interval_from(float(np.mean(sample)), distribution, jackknife, everyone, confidence_level)


def _undefined_reason(values: NDArray[np.float64], clusters: int) -> str:
    """Return why there is no interval: a NaN, fewer than 3 clusters, or all values equal; or ""."""
    if missing := int(np.count_nonzero(~np.isfinite(values))):
        return f"undefined values: {missing} of {values.size}"
    if clusters < FEWEST_OBSERVATIONS:
        return f"fewer than {FEWEST_OBSERVATIONS} clusters"
    return "constant input" if is_constant(values) else ""

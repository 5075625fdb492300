"""Bootstrap intervals of a mean whose values are not independent: they share a row, a column or a cluster."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.bootstrap import resampled_counts, resampled_rows
from study.stats.intervals import Method, interval_from, require_options
from study.stats.outcomes import FEWEST_OBSERVATIONS, Interval, is_constant, undefined_interval, vector
from study.stats.strata import stratum_members

# Resamples taken together: weights for this many rows and columns are in memory at once.
_BATCH: Final = 256


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
    if reason := _undefined_reason(sample, clusters=len(members)):
        return undefined_interval(confidence_level, reason)
    sums, sizes = (np.array([part(sample[rows]) for rows in members], dtype=np.float64) for part in (np.sum, np.size))
    everyone = [np.arange(len(members))]
    rows = resampled_rows(everyone, n_resamples, rng)
    distribution = sums[rows].sum(axis=1) / sizes[rows].sum(axis=1)
    jackknife = (sums.sum() - sums) / (sizes.sum() - sizes) if method == "BCa" else None
    return interval_from(float(np.mean(sample)), distribution, jackknife, everyone, confidence_level)


def crossed_interval(
    values: ArrayLike, *, confidence_level: float, n_resamples: int, method: Method, rng: np.random.Generator
) -> Interval:
    """Return a bootstrap confidence interval of the mean of `values` (rows, columns), two crossed samples.

    Each resample draws as many rows, and independently as many columns, as there are, and takes the mean over both. For
    "BCa" each row and each column is left out in turn, and the acceleration combines rows and columns as two samples.
    Undefined, with a note, if any value is NaN or infinite, if there are fewer than 3 rows or columns, if all values are
    equal or if the mean is the same on every resample. Memory is that of `values` and of 256 resamples.

    Raises
    ------
    ValueError
        If `values` is not 2-dimensional, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes that rows and columns are two independent random samples, and that the interval shall hold for new rows and
    new columns. No resampling of crossed samples is exact. This one is conservative, by up to a factor of 3 in the
    variance where values differ neither by row nor by column but at random alone; with few rows it covers too little,
    as any bootstrap interval.

    Source: Owen (2007), Ann. Appl. Stat. 1:386-411 (the pigeonhole bootstrap); intervals as in `bootstrap_interval`.
    """
    require_options(confidence_level, n_resamples, method)
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"values has shape {table.shape}: it must be (rows, columns)")
    if reason := _undefined_reason(table, rows=table.shape[0], columns=table.shape[1]):
        return undefined_interval(confidence_level, reason)
    n_rows, n_columns = table.shape
    distribution = np.empty(n_resamples)
    for start in range(0, n_resamples, _BATCH):
        batch = distribution[start : start + _BATCH]
        rows, columns = (resampled_counts([np.arange(size)], batch.size, rng) for size in table.shape)
        batch[:] = np.einsum("rb,rb->b", rows, table @ columns) / table.size
    means = [_means_without_one(np.mean(table, axis=axis)) for axis in (1, 0)]
    samples = [np.arange(n_rows), np.arange(n_rows, n_rows + n_columns)]
    jackknife = np.concatenate(means) if method == "BCa" else None
    return interval_from(float(np.mean(table)), distribution, jackknife, samples, confidence_level)


def _means_without_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the others for each of `values` (n,)."""
    return np.asarray((values.sum() - values) / (values.size - 1))


def _undefined_reason(values: NDArray[np.float64], **counts: int) -> str:
    """Return why there is no interval: a NaN, fewer than 3 of what is resampled, or all values equal; or ""."""
    if missing := int(np.count_nonzero(~np.isfinite(values))):
        return f"undefined values: {missing} of {values.size}"
    few = [name for name, count in counts.items() if count < FEWEST_OBSERVATIONS]
    if few:
        return f"fewer than {FEWEST_OBSERVATIONS} {few[0]}"
    return "constant input" if is_constant(values.ravel()) else ""

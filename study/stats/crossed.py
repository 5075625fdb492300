"""The mean over two crossed samples, such as networks and images: bootstrap intervals and tests that resample both."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.bootstrap import resampled_counts
from study.stats.columns import where_defined
from study.stats.intervals import Method, intervals_from, require_options
from study.stats.outcomes import (
    FEWEST_OBSERVATIONS,
    Alternative,
    Interval,
    TestOutcome,
    is_constant,
    require_alternative,
    require_resamples,
    undefined_interval,
    undefined_outcome,
)
from study.stats.sums import weighted_sums
from study.stats.tails import tail_pvalues

# Resamples taken together: weights for this many rows and columns are in memory at once. It decides the random draws.
_BATCH: Final = 256


def crossed_intervals(
    values: ArrayLike, *, confidence_level: float, n_resamples: int, method: Method, rng: np.random.Generator
) -> tuple[Interval, ...]:
    """Return a bootstrap confidence interval of the mean of each of `values` (k, rows, columns), two crossed samples.

    Each resample draws as many rows, and independently as many columns, as there are, the same for all k variables, and
    takes the mean over both. For "BCa" each row and each column is left out in turn, and the acceleration combines rows
    and columns as two samples. Undefined, with a note, if any value is NaN or infinite, if there are fewer than 3 rows
    or columns, if all values are equal or if the mean is the same on every resample.

    Raises
    ------
    ValueError
        If `values` is not 3-dimensional, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes that rows and columns are two independent random samples, and that the interval shall hold for new rows and
    new columns. No resampling of crossed samples is exact. This one is conservative, by up to a factor of 3 in the
    variance where values differ neither by row nor by column but at random alone; with few rows it covers too little,
    as any bootstrap interval.

    Source: Owen (2007), Ann. Appl. Stat. 1:386-411 (the pigeonhole bootstrap); intervals as in `intervals_from`.
    """
    require_options(confidence_level, n_resamples, method)
    tables = _tables(values)
    _, n_rows, n_columns = tables.shape

    def resampled(kept: list[int]) -> tuple[Interval, ...]:
        chosen = tables[kept]
        jackknife = None
        if method == "BCa":
            jackknife = np.concatenate([_means_without_one(_margin(chosen, axis)) for axis in (1, 2)], axis=1)
        samples = [np.arange(n_rows), np.arange(n_rows, n_rows + n_columns)]
        distributions = _resampled_means(chosen, n_resamples, rng)
        return intervals_from(_grand_means(chosen), distributions, jackknife, samples, confidence_level)

    reasons = [_undefined_reason(table) or ("constant input" if is_constant(table.ravel()) else "") for table in tables]
    return where_defined(reasons, lambda why: undefined_interval(confidence_level, why), resampled)


def crossed_interval(
    values: ArrayLike, *, confidence_level: float, n_resamples: int, method: Method, rng: np.random.Generator
) -> Interval:
    """Return what `crossed_intervals` returns for one variable, `values` (rows, columns)."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"values has shape {table.shape}: it must be (rows, columns)")
    return crossed_intervals(
        table[np.newaxis], confidence_level=confidence_level, n_resamples=n_resamples, method=method, rng=rng
    )[0]


def crossed_tests(
    values: ArrayLike, *, null_value: float, alternative: Alternative, n_resamples: int, rng: np.random.Generator
) -> tuple[TestOutcome, ...]:
    """Test whether the mean of each of `values` (k, rows, columns), two crossed samples, is `null_value`.

    The mean less `null_value` is compared with what resamples of rows and columns, as in `crossed_intervals`, have about
    the observed mean. The statistic is the mean less `null_value`. Undefined, with a note, if any value is NaN or
    infinite, or if there are fewer than 3 rows or columns.

    Raises
    ------
    ValueError
        If `values` is not 3-dimensional, or `alternative` or `n_resamples` is not allowed.

    Assumes what `crossed_intervals` does, and a mean that is distributed about symmetrically.

    Source: Owen (2007), Ann. Appl. Stat. 1:386-411 (the pigeonhole bootstrap).
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    differences = _tables(values) - null_value
    n = differences.shape[1]

    def resampled(kept: list[int]) -> list[TestOutcome]:
        means = _grand_means(differences[kept])
        null = _resampled_means(differences[kept] - means[:, np.newaxis, np.newaxis], n_resamples, rng)
        pvalues = tail_pvalues(means, null, alternative=alternative, exact=False)
        return [
            TestOutcome(statistic, pvalue, n, alternative, n_resamples, False, "")
            for statistic, pvalue in zip(means.tolist(), pvalues.tolist(), strict=True)
        ]

    reasons = [_undefined_reason(table) for table in differences]
    return where_defined(reasons, lambda why: undefined_outcome(n, alternative, why), resampled)


def _tables(values: ArrayLike) -> NDArray[np.float64]:
    """Return `values` as floats, (k, rows, columns), contiguous.

    Raises
    ------
    ValueError
        If `values` is not 3-dimensional.
    """
    tables = np.asarray(values, dtype=np.float64, order="C")
    if tables.ndim != 3:
        raise ValueError(f"values has shape {tables.shape}: it must be (variables, rows, columns)")
    return tables


def _resampled_means(tables: NDArray[np.float64], n_resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the mean of each of `tables` (k, rows, columns) on resamples of rows and columns, (k, n_resamples)."""
    k, n_rows, n_columns = tables.shape
    means = np.zeros((k, n_resamples))
    for start in range(0, n_resamples, _BATCH):
        batch = means[:, start : start + _BATCH]
        rows, columns = (resampled_counts([np.arange(size)], batch.shape[1], rng) for size in (n_rows, n_columns))
        sums = weighted_sums(tables.reshape(-1, n_columns), columns).reshape(k, n_rows, -1)
        for i in range(n_rows):  # one after another: the same bits whatever stands beside a variable
            batch += sums[:, i] * rows[i]
    return np.asarray(means / (n_rows * n_columns))


def _margin(tables: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the means of `tables` (k, rows, columns) by row (axis 1) or column (axis 2), (k, size of the axis)."""
    return np.asarray(np.mean(np.ascontiguousarray(np.moveaxis(tables, axis, 1)), axis=2))


def _grand_means(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each of `tables` (k, rows, columns), (k,)."""
    return np.asarray(np.mean(tables.reshape(len(tables), -1), axis=1))


def _means_without_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the others for each of each row of `values` (k, n)."""
    return np.asarray((np.sum(values, axis=1, keepdims=True) - values) / (values.shape[1] - 1))


def _undefined_reason(table: NDArray[np.float64]) -> str:
    """Return why nothing can be concluded from `table` (rows, columns): a NaN, or fewer than 3 of either; or ""."""
    if missing := int(np.count_nonzero(~np.isfinite(table))):
        return f"undefined values: {missing} of {table.size}"
    few = [name for name, size in zip(("rows", "columns"), table.shape, strict=True) if size < FEWEST_OBSERVATIONS]
    return f"fewer than {FEWEST_OBSERVATIONS} {few[0]}" if few else ""

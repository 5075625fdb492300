"""The mean over two crossed samples, such as networks and images: bootstrap intervals and tests that resample both."""

from __future__ import annotations

from collections.abc import Iterator
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
# A variance this small beside the mean squares is rounding: all means of the resample are equal.
_NO_VARIANCE: Final = 1e-12


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
        means = [_weighted_means(chosen, *weights)[0] for weights in _weights(tables.shape[1:], n_resamples, rng)]
        return intervals_from(_grand_means(chosen), np.hstack(means), jackknife, samples, confidence_level)

    reasons = [_undefined_reason(table) or ("constant input" if is_constant(table.ravel()) else "") for table in tables]
    return where_defined(reasons, lambda why: undefined_interval(confidence_level, why), resampled)


def crossed_tests(
    values: ArrayLike, *, null_value: float, alternative: Alternative, n_resamples: int, rng: np.random.Generator
) -> tuple[TestOutcome, ...]:
    """Test whether the mean of each of `values` (k, rows, columns), two crossed samples, is `null_value`.

    A bootstrap-t: the mean less `null_value` over its standard error is compared with what resamples of rows and
    columns, the same for all variables, have about the observed mean, each over a standard error of its own. The squared
    error is the variance of row means over the number of rows, plus that of column means over the number of columns. A
    resample that has none counts in both tails, so that constant values have p = 1. The statistic is the mean less
    `null_value`, `n` the number of rows. Undefined, with a note, if any value is NaN or infinite, or if there are fewer
    than 3 rows or columns.

    Raises
    ------
    ValueError
        If `values` is not 3-dimensional, or `alternative` or `n_resamples` is not allowed.

    Assumes that rows and columns are two independent random samples. With 20 columns whose share of the error is .101
    beside .126 from 8 rows it rejects .047 and .056 at .05 on either side, where sign flips of the row means reject .075
    and .091; of exponential effects, towards their short tail, .073 (.167); where only columns differ, .055 (.35). Where
    neither differ and values are random alone it rejects .03. Together with `mean_tests` of the row means, the larger p
    of both, exponential effects are rejected in .061 with 8 rows and .055 with 24.

    Source: Owen (2007), Ann. Appl. Stat. 1:386-411 (resampling rows and columns); Efron and Tibshirani (1993), An
    Introduction to the Bootstrap, section 16.4.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    differences = _tables(values) - null_value
    n = differences.shape[1]

    def resampled(kept: list[int]) -> list[TestOutcome]:
        means = _grand_means(differences[kept])
        deviations = differences[kept] - means[:, np.newaxis, np.newaxis]
        ones = (np.ones((size, 1)) for size in differences.shape[1:])
        errors = _errors(deviations, *ones)[1][:, 0]
        observed = np.divide(means, errors, out=np.zeros_like(means), where=errors > 0)
        null = np.hstack(
            [
                centred / spread
                for centred, spread in (
                    _errors(deviations, *weights) for weights in _weights(differences.shape[1:], n_resamples, rng)
                )
            ]
        )
        pvalues = tail_pvalues(observed, null, alternative=alternative, exact=False)
        return [
            TestOutcome(statistic, pvalue, n, alternative, n_resamples, False, "" if error > 0 else "constant input")
            for statistic, pvalue, error in zip(means.tolist(), pvalues.tolist(), errors.tolist(), strict=True)
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


def _weights(
    shape: tuple[int, ...], n_resamples: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield how often each row and each column is drawn, (rows, batch) and (columns, batch), for batches of resamples."""
    for start in range(0, n_resamples, _BATCH):
        size = min(_BATCH, n_resamples - start)
        rows, columns = (resampled_counts([np.arange(count)], size, rng) for count in shape)
        yield rows, columns


def _weighted_means(
    tables: NDArray[np.float64], weights: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weighted means and mean squares over the rows of `tables` (k, rows, columns) of weighted row means.

    `weights` is (rows, batch), `others` (columns, batch), both sum to the number of rows or columns; the results are
    (k, batch). Terms are added one after another: the same bits whatever stands beside a variable.
    """
    k, n_rows, n_columns = tables.shape
    by_row = weighted_sums(tables.reshape(-1, n_columns), others).reshape(k, n_rows, -1) / n_columns
    means, squares = np.zeros((2, k, weights.shape[1]))
    for i in range(n_rows):
        terms = by_row[:, i] * weights[i]
        means += terms
        squares += terms * by_row[:, i]
    return means / n_rows, squares / n_rows


def _errors(
    tables: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the means of resamples of `tables` (k, rows, columns) and their standard errors, (k, batch), NaN for none.

    `rows` (rows, batch) and `columns` (columns, batch) are how often each is drawn.
    """
    means, by_row = _weighted_means(tables, rows, columns)
    _, by_column = _weighted_means(np.ascontiguousarray(np.swapaxes(tables, 1, 2)), columns, rows)
    variances = (by_row - means**2) / (tables.shape[1] - 1) + (by_column - means**2) / (tables.shape[2] - 1)
    spread = np.where(variances > _NO_VARIANCE * (by_row + by_column), variances, np.nan)
    return means, np.sqrt(spread)


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

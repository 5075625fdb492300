"""Bootstrap intervals of rank correlations within strata, from how often each row is drawn.

The average rank of a value in a resample follows from how often the values below it, and its ties, were drawn. With
`signs` holding the sign of every difference within a stratum of m rows and `counts` how often each was drawn, the
centred ranks are signs @ counts / 2: exact in floating point, for all resamples in one matrix product, without sorting.
Time grows with m for every row, resample and variable; memory with m^2 for every variable.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.bootstrap import resampled_counts
from study.stats.columns import of_one, where_defined
from study.stats.correlation import constant_note, variables_and_strata
from study.stats.intervals import Method, intervals_from, require_options
from study.stats.outcomes import Interval, undefined_interval, undefined_reasons

# Ranks held together, of a stratum's rows in all variables and some of the resamples: few enough to stay in the cache.
_CELLS: Final = 1 << 16


def correlation_intervals(
    variables: ArrayLike,
    y: ArrayLike,
    *,
    strata: ArrayLike,
    confidence_level: float,
    n_resamples: int,
    method: Method,
    rng: np.random.Generator,
) -> tuple[Interval, ...]:
    """Return a bootstrap confidence interval for each of `stratified_spearmans`, rows resampled within strata.

    All variables have the same resampled rows, and no resample is ranked. `variables` is (k, n), `y` and `strata` are
    (n,); pass one label for all for a plain rho. Undefined, with a note, where the statistic is.

    Raises
    ------
    ValueError
        If shapes differ, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes independent rows. In strata of two, and sometimes of three, resampled rows tie so often that the interval is
    undefined; `fisher_intervals` is not, and in strata of six it is shorter and covers about as well.

    Source: as `intervals_from`.
    """
    require_options(confidence_level, n_resamples, method)
    table, y, members = variables_and_strata(variables, y, strata)
    n, bca = y.size, method == "BCa"

    def resampled(rows: list[int]) -> list[Interval]:
        counts = [np.ones((n, 1)), *([1 - np.eye(n)] if bca else []), resampled_counts(members, n_resamples, rng)]
        correlations = counted_correlations(table[rows], y, np.hstack(counts), members)
        estimates, jackknife, distributions = np.split(correlations, [1, 1 + n * bca], axis=1)
        intervals = intervals_from(
            estimates[:, 0], distributions, jackknife if bca else None, members, confidence_level
        )
        return [
            undefined_interval(confidence_level, constant_note(table[i], y)) if math.isnan(estimate) else interval
            for i, estimate, interval in zip(rows, estimates[:, 0].tolist(), intervals, strict=True)
        ]

    return where_defined(undefined_reasons(table, y), lambda why: undefined_interval(confidence_level, why), resampled)


correlation_interval = of_one(correlation_intervals)


def counted_correlations(
    variables: NDArray[np.float64],
    y: NDArray[np.float64],
    counts: NDArray[np.float64],
    members: list[NDArray[np.intp]],
) -> NDArray[np.float64]:
    """Return the `stratified_spearman` of samples in which each row occurs a number of times.

    `variables` is (k, n), `y` (n,), `counts` (n, samples), the result (k, samples); `members` holds the rows of each
    stratum. NaN where either variable is constant within every stratum of the sample; NaN in the input is not handled.

    Source: sum of squared ranks with ties, Kendall (1970), Rank Correlation Methods, 4th ed., section 3.8.
    """
    together = np.vstack([variables, y])
    shape = (len(together), counts.shape[1])
    variation, covariation = np.zeros(shape), np.zeros((shape[0] - 1, shape[1]))
    for rows in members:
        signs = _signs(together[:, rows])
        tied = np.count_nonzero(signs, axis=(1, 2)) < rows.size * (rows.size - 1)
        width = max(_CELLS // signs[:, 0].size, 1)
        for start in range(0, shape[1], width):
            batch = slice(start, start + width)
            drawn = counts[rows, batch]
            total = np.sum(drawn, axis=0)
            scale = 1 / (total + 1) ** 2
            ranks = (signs.reshape(-1, rows.size) @ drawn).reshape(shape[0], rows.size, -1)
            covariation[:, batch] += np.einsum("kmr,mr->kr", ranks[:-1], ranks[-1] * drawn) * scale
            # Where only copies of a row tie, the sum of squared ranks needs no ranks, and is the same for all variables.
            squares = np.tile(
                (total * total * total - np.einsum("mr,mr,mr->r", drawn, drawn, drawn)) / 3, (shape[0], 1)
            )
            if tied.any():
                squares[tied] = np.einsum("kmr,kmr->kr", ranks[tied] * drawn, ranks[tied])
            variation[:, batch] += squares * scale
    product = np.sqrt(variation[:-1] * variation[-1])
    correlations: NDArray[np.float64] = np.full(covariation.shape, np.nan)
    np.divide(covariation, product, out=correlations, where=product > 0)
    return np.clip(correlations, -1.0, 1.0, out=correlations)


def _signs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sign of each difference, (k, m, m), of `values` (k, m); comparisons, so that none overflows."""
    first, second = values[:, :, np.newaxis], values[:, np.newaxis, :]
    return np.asarray(np.subtract(first > second, first < second, dtype=np.float64))

"""Fisher's z of rank correlations and its confidence intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.columns import of_one
from study.stats.correlation import stratified_spearmans, variables_and_strata
from study.stats.outcomes import (
    Correlation,
    Interval,
    require_confidence_level,
    undefined_interval,
)
from study.stats.rank_bootstrap import counted_correlations

# A correlation this near to -1 or 1 is there but for rounding, and its z is infinite.
_AT_BOUND: Final = 1e-12


def fisher_intervals(
    variables: ArrayLike, y: ArrayLike, *, strata: ArrayLike, confidence_level: float
) -> tuple[Interval, ...]:
    """Return a confidence interval for each of `stratified_spearmans` on Fisher's z scale.

    The standard error of atanh(rho) is the larger of two. One is sqrt((1 + rho^2 / 2) / (n - 3 - (s - 1))): Bonett and
    Wright's, with one degree of freedom less for each of the s - 1 further strata, as for a partial correlation; strata
    of one observation are left out of both counts. It is right where the relation is bivariate normal after some
    transformation of each variable. The other, the jackknife's over strata as samples, is right for any relation: where
    rows are a mixture of concordant and discordant ones, or the spread of one variable grows with the other, the first is
    too small by up to a third. `variables` is (k, n), `y` and `strata` are (n,); pass one label for all for a plain rho.
    Undefined, with a note, where the statistic is, where rho is -1 or 1, or where no degree of freedom is left.

    Raises
    ------
    ValueError
        If shapes differ or `confidence_level` is not between 0 and 1.

    Assumes independent rows. One-sided tests at .05 at correlations of 0, .3 and .5 (`correlation_bound_tests`) reject, in
    one stratum or four, .02 to .06 of samples of 24 to 200 rows with a bivariate normal relation, and at most .066 with
    mixtures, growing spread or heavy tails (.15 with Bonett and Wright's error alone); at .68 with growing spread .09 of
    24 and .06 of 56. The interval is for what the statistic estimates in strata of the given sizes: in strata of six a
    rank correlation is itself drawn towards 0 by about an eighth.

    Source: Bonett and Wright (2000), Psychometrika 65:23-28; degrees of freedom after Fisher (1924), Metron 3:329-332.
    """
    require_confidence_level(confidence_level)
    return tuple(_interval(z, confidence_level) for z in fisher_zs(variables, y, strata))


fisher_interval = of_one(fisher_intervals)


@dataclass(frozen=True)
class FisherZ:
    """The inverse hyperbolic tangent of a rank correlation and its standard error; both NaN for the reason in `note`."""

    correlation: Correlation
    value: float
    error: float
    note: str


def fisher_zs(variables: ArrayLike, y: ArrayLike, strata: ArrayLike) -> tuple[FisherZ, ...]:
    """Return Fisher's z of each of `stratified_spearmans`, with its standard error; see `fisher_intervals`."""
    table, y, members = variables_and_strata(variables, y, strata)
    correlations = stratified_spearmans(table, y, strata)
    defined = [i for i, correlation in enumerate(correlations) if abs(correlation.statistic) < 1 - _AT_BOUND]
    jackknife = dict(zip(defined, _jackknife_errors(table[defined], y, members).tolist(), strict=True))
    freedom = sum(rows.size - 1 for rows in members) - 2  # a stratum of one has none
    return tuple(
        _fisher_z(correlation, freedom, jackknife.get(i, math.nan)) for i, correlation in enumerate(correlations)
    )


def _jackknife_errors(
    variables: NDArray[np.float64], y: NDArray[np.float64], members: list[NDArray[np.intp]]
) -> NDArray[np.float64]:
    """Return the jackknife's standard error of Fisher's z of each of `variables` (k, n) and `y`, strata as samples, (k,).

    Where a correlation is -1 or 1 without one of the rows, that of the correlation is carried over to z instead. 0 where
    a correlation is undefined without one of the rows.

    Source: Arvesen (1969), Ann. Math. Stat. 40:2076-2100.
    """
    n = y.size
    if not len(variables):
        return np.empty(0)
    counts = np.hstack([np.ones((n, 1)), 1 - np.eye(n)])
    estimates, left = np.split(counted_correlations(variables, y, counts, members), [1], axis=1)
    inside = np.all(np.abs(left) < 1 - _AT_BOUND, axis=1)
    values = left / (1 - estimates**2)
    for i in np.flatnonzero(inside):
        values[i] = [math.atanh(rho) for rho in left[i].tolist()]  # NumPy's last bit depends on the processor
    squares = np.zeros(len(variables))
    for rows in members:
        of_stratum = np.take(values, rows, axis=1)  # contiguous: means of rows add in the same order for any k
        deviations = of_stratum - np.mean(of_stratum, axis=1, keepdims=True)
        squares += (rows.size - 1) / rows.size * np.sum(deviations**2, axis=1)
    return np.nan_to_num(np.sqrt(squares))


def _fisher_z(correlation: Correlation, freedom: int, jackknife_error: float) -> FisherZ:
    rho = correlation.statistic
    if math.isnan(rho):
        return FisherZ(correlation, math.nan, math.nan, correlation.note)
    if abs(rho) >= 1 - _AT_BOUND:
        return FisherZ(correlation, math.nan, math.nan, "statistic at its bound")
    if freedom < 1:
        return FisherZ(correlation, math.nan, math.nan, "no degrees of freedom left")
    error = max(math.sqrt((1 + rho**2 / 2) / freedom), jackknife_error)
    return FisherZ(correlation, math.atanh(rho), error, correlation.note)


def _interval(z: FisherZ, confidence_level: float) -> Interval:
    from scipy.special import ndtri

    if math.isnan(z.error):
        return undefined_interval(confidence_level, z.note)
    reach = float(ndtri((1 + confidence_level) / 2)) * z.error
    return Interval(math.tanh(z.value - reach), math.tanh(z.value + reach), confidence_level, "Fisher z", z.note)

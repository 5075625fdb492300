"""Fisher's z of rank correlations and its confidence intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from study.stats.columns import of_one
from study.stats.correlation import stratified_spearmans
from study.stats.outcomes import (
    Correlation,
    Interval,
    require_confidence_level,
    undefined_interval,
)
from study.stats.strata import stratum_members


def fisher_intervals(
    variables: ArrayLike, y: ArrayLike, *, strata: ArrayLike, confidence_level: float
) -> tuple[Interval, ...]:
    """Return a confidence interval for each of `stratified_spearmans` on Fisher's z scale.

    The standard error of atanh(rho) is sqrt((1 + rho^2 / 2) / (n - 3 - (s - 1))): Bonett and Wright's, with one degree
    of freedom less for each of the s - 1 further strata, as for a partial correlation. Strata of one observation are
    left out of both counts. `variables` is (k, n), `y` and `strata` are (n,); pass one label for all for a plain rho.
    Undefined, with a note, where the statistic is, where rho is -1 or 1, or where no degree of freedom is left.

    Raises
    ------
    ValueError
        If shapes differ or `confidence_level` is not between 0 and 1.

    Assumes independent rows and, roughly, a monotone relation that is bivariate normal after some transformation of
    each variable. The interval is for what the statistic estimates in strata of the given sizes: in strata of six a
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
    freedom = _freedom(strata)
    return tuple(_fisher_z(correlation, freedom) for correlation in stratified_spearmans(variables, y, strata))


def _freedom(strata: ArrayLike) -> int:
    """Return the degrees of freedom that strata leave: one goes with each, and two with the correlation."""
    sizes = [rows.size for rows in stratum_members(strata, np.size(strata)) if rows.size > 1]
    return sum(sizes) - len(sizes) - 2


def _fisher_z(correlation: Correlation, freedom: int) -> FisherZ:
    if math.isnan(correlation.statistic):
        return FisherZ(correlation, math.nan, math.nan, correlation.note)
    if abs(correlation.statistic) >= 1 - 1e-12:
        return FisherZ(correlation, math.nan, math.nan, "statistic at its bound")
    if freedom < 1:
        return FisherZ(correlation, math.nan, math.nan, "no degrees of freedom left")
    error = math.sqrt((1 + correlation.statistic**2 / 2) / freedom)
    return FisherZ(correlation, math.atanh(correlation.statistic), error, correlation.note)


def _interval(z: FisherZ, confidence_level: float) -> Interval:
    from scipy.special import ndtri

    if math.isnan(z.error):
        return undefined_interval(confidence_level, z.note)
    reach = float(ndtri((1 + confidence_level) / 2)) * z.error
    return Interval(math.tanh(z.value - reach), math.tanh(z.value + reach), confidence_level, "Fisher z", z.note)

"""Fisher's z of rank correlations: confidence intervals, and equivalence within margins."""

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
    TestOutcome,
    require_confidence_level,
    require_margins,
    undefined_interval,
    undefined_outcome,
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
    correlations = stratified_spearmans(variables, y, strata)
    freedom = _freedom(strata)
    return tuple(_interval(correlation, freedom, confidence_level) for correlation in correlations)


fisher_interval = of_one(fisher_intervals)


def correlation_equivalence_tests(
    variables: ArrayLike, y: ArrayLike, *, strata: ArrayLike, margin_low: float, margin_high: float
) -> tuple[TestOutcome, ...]:
    """Test whether the rank correlation of each of `variables` and `y` within strata lies between the margins.

    Two one-sided normal tests of Fisher's z of `stratified_spearmans`, with the standard error of `fisher_intervals`,
    against the correlation being at or below `margin_low` and at or above `margin_high`; the p-value is the larger. It
    is at most alpha exactly when the 1 - 2 alpha interval lies within the margins. `variables` is (k, n), `y` and
    `strata` are (n,); pass one label for all for a plain rho. Undefined, with a note, where the interval is; a
    correlation of -1 or 1 keeps its statistic. Nothing is resampled: `n_resamples` is 0.

    Raises
    ------
    ValueError
        If shapes differ, or the margins are not in order within (-1, 1).

    Assumes what `fisher_intervals` does. The margins are for what the statistic estimates in strata of the given sizes.

    Source: Schuirmann (1987), J. Pharmacokinet. Biopharm. 15:657-680, on Fisher's z as in Goertzen and Cribbie (2010),
    Br. J. Math. Stat. Psychol. 63:527-537; standard error of Bonett and Wright (2000), Psychometrika 65:23-28.
    """
    require_margins(margin_low, margin_high)
    if not -1 < margin_low < margin_high < 1:
        raise ValueError(f"margins ({margin_low!r}, {margin_high!r}) are not allowed: they must lie between -1 and 1")
    correlations = stratified_spearmans(variables, y, strata)
    freedom = _freedom(strata)
    return tuple(_equivalence(correlation, freedom, margin_low, margin_high) for correlation in correlations)


correlation_equivalence_test = of_one(correlation_equivalence_tests)


@dataclass(frozen=True)
class _FisherZ:
    """The inverse hyperbolic tangent of a rank correlation and its standard error; both NaN for the reason in `note`."""

    value: float
    error: float
    note: str


def _freedom(strata: ArrayLike) -> int:
    """Return the degrees of freedom that strata leave: one goes with each, and two with the correlation."""
    sizes = [rows.size for rows in stratum_members(strata, np.size(strata)) if rows.size > 1]
    return sum(sizes) - len(sizes) - 2


def _fisher_z(correlation: Correlation, freedom: int) -> _FisherZ:
    if math.isnan(correlation.statistic):
        return _FisherZ(math.nan, math.nan, correlation.note)
    if abs(correlation.statistic) >= 1 - 1e-12:
        return _FisherZ(math.nan, math.nan, "statistic at its bound")
    if freedom < 1:
        return _FisherZ(math.nan, math.nan, "no degrees of freedom left")
    error = math.sqrt((1 + correlation.statistic**2 / 2) / freedom)
    return _FisherZ(math.atanh(correlation.statistic), error, correlation.note)


def _interval(correlation: Correlation, freedom: int, confidence_level: float) -> Interval:
    from scipy.special import ndtri

    z = _fisher_z(correlation, freedom)
    if math.isnan(z.error):
        return undefined_interval(confidence_level, z.note)
    reach = float(ndtri((1 + confidence_level) / 2)) * z.error
    return Interval(math.tanh(z.value - reach), math.tanh(z.value + reach), confidence_level, "Fisher z", z.note)


def _equivalence(correlation: Correlation, freedom: int, margin_low: float, margin_high: float) -> TestOutcome:
    from scipy.special import ndtr

    z = _fisher_z(correlation, freedom)
    if math.isnan(z.error):
        return undefined_outcome(correlation.n, "equivalence", z.note, statistic=correlation.statistic)
    low, high = math.atanh(margin_low), math.atanh(margin_high)
    above, below = float(ndtr((low - z.value) / z.error)), float(ndtr((z.value - high) / z.error))
    pvalue = max(above, below, float(np.finfo(np.float64).tiny))  # never 0, however far within the margins
    return TestOutcome(correlation.statistic, pvalue, correlation.n, "equivalence", 0, False, z.note)

"""Rank correlation, plain and free of differences between strata."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.outcomes import (
    Correlation,
    Interval,
    is_constant,
    require_confidence_level,
    require_same_length,
    undefined_interval,
    undefined_reason,
    vector,
)
from study.stats.strata import singleton_note, stratum_members


def spearman(x: ArrayLike, y: ArrayLike) -> Correlation:
    """Return Spearman's rho of two samples, average ranks for ties.

    `x` and `y` are (n,). The statistic is NaN, and `note` says why, if any value is NaN or infinite, if n < 3, or if
    either sample is constant.

    Raises
    ------
    ValueError
        If `x` or `y` is not 1-dimensional, or their lengths differ.
    """
    return stratified_spearman(x, y, np.zeros(vector("x", x).size))


def stratified_spearman(x: ArrayLike, y: ArrayLike, strata: ArrayLike) -> Correlation:
    """Return the rank correlation of `x` and `y` within strata, free of differences between strata.

    Average ranks are taken within each stratum, divided by its size plus one and centred there (so they lie in
    (-1/2, 1/2) whatever the size); the statistic is the Pearson correlation of all centred ranks together. The division
    makes a stratum weigh roughly in proportion to its size; undivided ranks would weigh with its cube. With one stratum
    this is Spearman's rho. A stratum of one observation adds nothing. A stratum in which only one of the variables
    varies adds to the denominator alone, and so draws the statistic towards 0.

    `x`, `y` and the labels `strata` are (n,). The statistic is NaN, and `note` says why, if any value is NaN or
    infinite, if n < 3, or if either variable is constant within every stratum.

    Raises
    ------
    ValueError
        If an argument is not 1-dimensional, or lengths differ.

    Assumes the association has the same sign in every stratum; opposite associations cancel.

    Source: aligned ranks, after Hodges and Lehmann (1962), Ann. Math. Stat. 33:482-497; standardised within-stratum
    ranks as in van Elteren (1960), Bull. Int. Stat. Inst. 37:351-361.
    """
    x, y = vector("x", x), vector("y", y)
    require_same_length(x=x, y=y)
    members = stratum_members(strata, x.size)
    if reason := undefined_reason(x, y):
        return Correlation(math.nan, x.size, reason)
    statistic = float(row_correlations(centred_ranks(x, members), centred_ranks(y, members)))
    if math.isnan(statistic):
        return Correlation(math.nan, x.size, constant_note(x, y))
    return Correlation(statistic, x.size, singleton_note(members))


def constant_note(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Return which kind of constancy leaves the rank correlation of `x` (n,) and `y` (n,) undefined."""
    return "constant input" if is_constant(x) or is_constant(y) else "constant within strata"


def centred_ranks(values: NDArray[np.float64], members: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Return average ranks within strata, divided by stratum size plus one, minus their mean of one half.

    `values` and the result are (..., n); `members` holds the positions of each stratum on the last axis. NaN is not
    handled.
    """
    from scipy.stats import rankdata

    ranks = np.empty(values.shape)
    for rows in members:
        ranks[..., rows] = rankdata(values[..., rows], axis=-1) / (rows.size + 1) - 0.5
    return ranks


def row_correlations(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of centred `x` and `y` along the last axis: (..., n) to (...).

    NaN where either has no variation.
    """
    scale = np.sqrt(np.sum(x * x, axis=-1) * np.sum(y * y, axis=-1))
    covariation = np.sum(x * y, axis=-1)
    correlation: NDArray[np.float64] = np.full(np.shape(scale), np.nan)
    np.divide(covariation, scale, out=correlation, where=scale > 0)
    return np.clip(correlation, -1.0, 1.0, out=correlation)


def fisher_interval(x: ArrayLike, y: ArrayLike, *, strata: ArrayLike, confidence_level: float) -> Interval:
    """Return a confidence interval for `stratified_spearman` on Fisher's z scale.

    The standard error of atanh(rho) is sqrt((1 + rho^2 / 2) / (n - 3 - (s - 1))): Bonett and Wright's, with one degree
    of freedom less for each of the s - 1 further strata, as for a partial correlation. Strata of one observation are
    left out of both counts. `x`, `y` and `strata` are (n,); pass one label for all for a plain rho. Undefined, with a
    note, where the statistic is, where rho is -1 or 1, or where no degree of freedom is left.

    Raises
    ------
    ValueError
        If shapes differ or `confidence_level` is not between 0 and 1.

    Assumes independent rows and, roughly, a monotone relation that is bivariate normal after some transformation of
    each variable. The interval is for what the statistic estimates in strata of the given sizes: in strata of six a
    rank correlation is itself drawn towards 0 by about an eighth.

    Source: Bonett and Wright (2000), Psychometrika 65:23-28; degrees of freedom after Fisher (1924), Metron 3:329-332.
    """
    from scipy.special import ndtri

    require_confidence_level(confidence_level)
    correlation = stratified_spearman(x, y, strata)
    z = fisher_z(correlation, strata)
    if math.isnan(z.error):
        return undefined_interval(confidence_level, z.note)
    reach = float(ndtri((1 + confidence_level) / 2)) * z.error
    return Interval(
        math.tanh(z.value - reach), math.tanh(z.value + reach), confidence_level, "Fisher z", correlation.note
    )


@dataclass(frozen=True)
class FisherZ:
    """The inverse hyperbolic tangent of a rank correlation and its standard error; NaN, for the reason in `note`."""

    value: float
    error: float
    note: str


def fisher_z(correlation: Correlation, strata: ArrayLike) -> FisherZ:
    """Return Fisher's z of a `stratified_spearman` with the standard error that `fisher_interval` describes."""
    if math.isnan(correlation.statistic):
        return FisherZ(math.nan, math.nan, correlation.note)
    if abs(correlation.statistic) >= 1 - 1e-12:
        return FisherZ(math.nan, math.nan, "statistic at its bound")
    sizes = [rows.size for rows in stratum_members(strata, correlation.n) if rows.size > 1]
    freedom = sum(sizes) - len(sizes) - 2
    if freedom < 1:
        return FisherZ(math.nan, math.nan, "no degrees of freedom left")
    error = math.sqrt((1 + correlation.statistic**2 / 2) / freedom)
    return FisherZ(math.atanh(correlation.statistic), error, correlation.note)

"""Rank correlation, plain and free of differences between strata."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.columns import of_one, where_defined
from study.stats.outcomes import Correlation, is_constant, matrix, require_same_length, undefined_reasons, vector
from study.stats.strata import singleton_note, stratum_members


def stratified_spearmans(variables: ArrayLike, y: ArrayLike, strata: ArrayLike) -> tuple[Correlation, ...]:
    """Return the rank correlation of each of `variables` and `y` within strata, free of differences between strata.

    Average ranks are taken within each stratum, divided by its size plus one and centred there (so they lie in
    (-1/2, 1/2) whatever the size); the statistic is the Pearson correlation of all centred ranks together. The division
    makes a stratum weigh roughly in proportion to its size; undivided ranks would weigh with its cube. With one stratum
    this is Spearman's rho. A stratum of one observation adds nothing. A stratum in which only one of the variables
    varies adds to the denominator alone, and so draws the statistic towards 0.

    `variables` is (k, n), `y` and the labels `strata` are (n,). The statistic is NaN, and `note` says why, if any value
    is NaN or infinite, if n < 3, or if either variable is constant within every stratum.

    Raises
    ------
    ValueError
        If `variables` is not 2-dimensional, another argument not 1-dimensional, or lengths differ.

    Assumes the association has the same sign in every stratum; opposite associations cancel.

    Source: aligned ranks, after Hodges and Lehmann (1962), Ann. Math. Stat. 33:482-497; standardised within-stratum
    ranks as in van Elteren (1960), Bull. Int. Stat. Inst. 37:351-361.
    """
    table, y, members = variables_and_strata(variables, y, strata)

    def correlated(rows: list[int]) -> list[Correlation]:
        ranks = centred_ranks(np.vstack([table[rows], y]), members)
        statistics = row_correlations(ranks[:-1], ranks[-1]).tolist()
        cautions = [
            constant_note(table[i], y) if math.isnan(rho) else "" for i, rho in zip(rows, statistics, strict=True)
        ]
        return [
            Correlation(rho, y.size, caution or singleton_note(members))
            for rho, caution in zip(statistics, cautions, strict=True)
        ]

    return where_defined(undefined_reasons(table, y), lambda why: Correlation(math.nan, y.size, why), correlated)


stratified_spearman = of_one(stratified_spearmans)


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


def variables_and_strata(
    variables: ArrayLike, y: ArrayLike, strata: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[NDArray[np.intp]]]:
    """Return `variables` (k, n) and `y` (n,) as floats, and the rows of each stratum.

    Raises
    ------
    ValueError
        If `variables` is not 2-dimensional, another argument not 1-dimensional, or lengths differ.
    """
    table, y = matrix("variables", variables), vector("y", y)
    require_same_length(variables=table.T, y=y)
    return table, y, stratum_members(strata, y.size)


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
    for size in {rows.size for rows in members}:
        rows = np.array([rows for rows in members if rows.size == size])  # one call for all strata of a size
        ranks[..., rows] = rankdata(values[..., rows], axis=-1) / (size + 1) - 0.5
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

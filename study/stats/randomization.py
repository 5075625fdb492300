"""Randomisation of experimental units that each have null draws of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    require_alternative,
    require_resamples,
    undefined_outcome,
    vector,
)
from study.stats.sums import all_sums
from study.stats.tails import TIE_TOLERANCE, tail_pvalue


def combined_randomization_test(
    observed: ArrayLike,
    null: ArrayLike,
    *,
    alternative: Alternative,
    n_resamples: int,
    rng: np.random.Generator,
) -> TestOutcome:
    """Test n independent experimental units together, each against null draws of its own.

    `observed` is (n,), `null` is (n, draws). Each row's draws + 1 values are standardised by their common mean and
    standard deviation, so that no unit dominates by its scale; the statistic is the mean standardised observed value.
    The reference set takes from each row, independently, one of its draws + 1 values: every way, and an exact p-value,
    when these are at most `n_resamples`, random ones otherwise. A row without variation counts as 0 everywhere, and is
    noted. Undefined, with a note, if any value is NaN or infinite, if n = 0, or if no row varies.

    Raises
    ------
    ValueError
        If `null` is not (n, draws) with draws >= 1, or `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis a unit's observed value is exchangeable with its draws, and units are
    independent.

    Source: randomisation within blocks, as in Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    first, draws = vector("observed", observed), np.asarray(null, dtype=np.float64)
    if draws.ndim != 2 or draws.shape[0] != first.size or draws.shape[1] == 0:
        raise ValueError(f"null has shape {draws.shape}: it must be ({first.size}, draws) with draws >= 1")
    values = np.column_stack([first, draws])
    n, width = values.shape
    if n == 0:
        return undefined_outcome(n, alternative, "no observations")
    if missing := int(np.count_nonzero(~np.isfinite(values).all(axis=1))):
        return undefined_outcome(n, alternative, f"undefined values: {missing} of {n}")
    constant = np.all(values == values[:, :1], axis=1)
    if constant.all():
        return undefined_outcome(n, alternative, "constant input")
    scores = np.zeros(values.shape)
    varied = values[~constant]
    scores[~constant] = (varied - varied.mean(axis=1, keepdims=True)) / varied.std(axis=1, keepdims=True)
    exact = width**n <= n_resamples
    if exact:
        sums = all_sums(list(scores))
    else:
        sums = scores[np.arange(n), rng.integers(0, width, size=(n_resamples, n))].sum(axis=1)
    statistic = float(np.mean(scores[:, 0]))
    pvalue = tail_pvalue(statistic, sums / n, alternative=alternative, exact=exact)
    note = f"units without variation: {int(constant.sum())} of {n}" if constant.any() else ""
    return TestOutcome(statistic, pvalue, n, alternative, sums.size, exact, note)


def randomization_pvalue(observed: ArrayLike, null: ArrayLike, *, alternative: Alternative) -> NDArray[np.float64]:
    """Return the p-value of each observed value among null draws of its own.

    `observed` is (...), `null` is (..., draws), the result (...): (1 + #{null >= observed}) / (1 + draws) for
    "greater"; the mirror image for "less"; twice the smaller, capped at 1, for "two-sided". NaN where the observed
    value or any of its draws is NaN or infinite.

    Raises
    ------
    ValueError
        If `null` does not have the shape of `observed` and one further axis with at least one draw, or `alternative`
        is not allowed.

    Assumes that under the null hypothesis an observed value is exchangeable with its draws.

    Source: Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9(1), article 39.
    """
    require_alternative(alternative)
    single, draws = np.asarray(observed, dtype=np.float64)[..., np.newaxis], np.asarray(null, dtype=np.float64)
    single = np.where(np.isfinite(single), single, np.nan)
    if draws.ndim != single.ndim or draws.shape[:-1] != single.shape[:-1] or draws.shape[-1] == 0:
        raise ValueError(f"null has shape {draws.shape}: it must be {(*single.shape[:-1], 'draws')} with draws >= 1")
    tolerance = TIE_TOLERANCE * np.abs(single)
    total = draws.shape[-1] + 1
    at_least = (1 + np.count_nonzero(draws >= single - tolerance, axis=-1)) / total
    at_most = (1 + np.count_nonzero(draws <= single + tolerance, axis=-1)) / total
    both = np.minimum(1.0, 2 * np.minimum(at_least, at_most))
    pvalues = {"greater": at_least, "less": at_most, "two-sided": both}[alternative]
    undefined = np.isnan(single[..., 0]) | ~np.isfinite(draws).all(axis=-1)
    return np.asarray(np.where(undefined, np.nan, pvalues), dtype=np.float64)

"""Randomisation tests: permutation within strata, sign flips, and exchange with a unit's own null draws."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.correlation import centred_ranks, constant_note
from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    is_constant,
    require_alternative,
    require_choice,
    require_resamples,
    require_same_length,
    undefined_outcome,
    undefined_reason,
    vector,
)
from study.stats.strata import singleton_note, stratum_members
from study.stats.tails import TIE_TOLERANCE, all_sums, tail_pvalue

RankStatistic = Literal["pooled", "within"]


def stratified_permutation_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    strata: ArrayLike,
    statistic: RankStatistic,
    n_resamples: int,
    alternative: Alternative,
    rng: np.random.Generator,
) -> TestOutcome:
    """Test rank association of `x` and `y` by permuting `y` within strata only.

    `x`, `y` and the labels `strata` are (n,). The statistic is `stratified_spearman` ("within") or plain Spearman's rho
    ("pooled"); with ordered levels such as doses for `x` or `y` it is a test of monotone trend, much as Jonckheere and
    Terpstra's. Every permutation is enumerated, and the p-value exact, when there are at most `n_resamples`.
    Undefined, with a note, if any value is NaN or infinite, if n < 3, or if either variable is constant within every
    stratum (then all permutations agree; a pooled statistic is still returned).

    Raises
    ------
    ValueError
        If shapes differ, or `statistic`, `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis rows are exchangeable within strata; differences between strata are free.

    Source: Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed.
    """
    require_choice("statistic", statistic, get_args(RankStatistic))
    require_alternative(alternative)
    require_resamples(n_resamples)
    x, y = vector("x", x), vector("y", y)
    require_same_length(x=x, y=y)
    members = stratum_members(strata, x.size)
    if reason := undefined_reason(x, y):
        return undefined_outcome(x.size, alternative, reason)
    ranked = members if statistic == "within" else [np.arange(x.size)]
    x_ranks, y_ranks = centred_ranks(x, ranked), centred_ranks(y, ranked)
    scale = math.sqrt(float(x_ranks @ x_ranks) * float(y_ranks @ y_ranks))
    observed = float(x_ranks @ y_ranks) / scale if scale > 0 else math.nan
    if any(all(is_constant(ranks[rows]) for rows in members) for ranks in (x_ranks, y_ranks)):
        return undefined_outcome(x.size, alternative, constant_note(x, y), statistic=observed)
    exact = math.prod(math.factorial(rows.size) for rows in members) <= n_resamples
    blocks = [(x_ranks[rows], y_ranks[rows]) for rows in members]
    sums = _every_permutation(blocks) if exact else _random_permutations(blocks, n_resamples, rng)
    pvalue = tail_pvalue(observed, sums / scale, alternative=alternative, exact=exact)
    return TestOutcome(observed, pvalue, x.size, alternative, sums.size, exact, singleton_note(members))


def _every_permutation(blocks: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> NDArray[np.float64]:
    return all_sums([np.array(list(permutations(y))) @ x for x, y in blocks])


def _random_permutations(
    blocks: list[tuple[NDArray[np.float64], NDArray[np.float64]]], n_resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    sums = np.zeros(n_resamples)
    for x, y in blocks:
        sums += rng.permuted(np.broadcast_to(y, (n_resamples, y.size)), axis=1) @ x
    return sums


def sign_flip_test(
    values: ArrayLike,
    *,
    null_value: float,
    alternative: Alternative,
    n_resamples: int,
    rng: np.random.Generator,
) -> TestOutcome:
    """Test whether `values` (n,), one per experimental unit, centre on `null_value`.

    The statistic is the mean of `values - null_value`; the reference set flips the sign of each difference
    independently: all 2^n ways, and an exact p-value, when these are at most `n_resamples`, random ones otherwise.
    Undefined, with a note, if any value is NaN or infinite (nothing is dropped) or if n < 3.

    Raises
    ------
    ValueError
        If `values` is not 1-dimensional, or `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis each value is distributed symmetrically about `null_value`, independently of
    the others. They need not be identically distributed.

    Source: Fisher (1935), The Design of Experiments, section 21.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    differences = vector("values", values) - null_value
    n = differences.size
    if reason := undefined_reason(differences):
        return undefined_outcome(n, alternative, reason)
    exact = 2**n <= n_resamples
    if exact:
        sums = all_sums([np.array([difference, -difference]) for difference in differences])
    else:
        sums = (2.0 * rng.integers(0, 2, size=(n_resamples, n)) - 1.0) @ differences
    statistic = float(np.mean(differences))
    pvalue = tail_pvalue(statistic, sums / n, alternative=alternative, exact=exact)
    return TestOutcome(statistic, pvalue, n, alternative, sums.size, exact, "")


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

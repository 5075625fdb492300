"""Permutation of ranks within strata: association, for one variable or many at once."""

from __future__ import annotations

import math
from functools import cache
from itertools import permutations
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.columns import of_one, where_defined
from study.stats.correlation import centred_ranks, constant_note, row_correlations, variables_and_strata
from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    require_alternative,
    require_choice,
    require_resamples,
    undefined_outcome,
    undefined_reasons,
)
from study.stats.strata import singleton_note
from study.stats.sums import all_sums
from study.stats.tails import tail_pvalues

RankStatistic = Literal["pooled", "within"]


def stratified_permutation_tests(
    variables: ArrayLike,
    y: ArrayLike,
    *,
    strata: ArrayLike,
    statistic: RankStatistic,
    n_resamples: int,
    alternative: Alternative,
    rng: np.random.Generator,
) -> tuple[TestOutcome, ...]:
    """Test rank association of each of `variables` and `y` by permuting `y` within strata only.

    `variables` is (k, n), `y` and the labels `strata` are (n,). The statistic is that of `stratified_spearmans`
    ("within") or plain Spearman's rho ("pooled"). `y` is permuted once for all variables, so their p-values rest on the
    same permutations; every permutation is enumerated, and the p-value exact, when there are at most `n_resamples`.
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
    table, y, members = variables_and_strata(variables, y, strata)
    ranked = members if statistic == "within" else [np.arange(y.size)]

    def tested(rows: list[int]) -> list[TestOutcome]:
        ranks = centred_ranks(np.vstack([table[rows], y]), ranked)
        observed = row_correlations(ranks[:-1], ranks[-1])
        movable = np.any([_varies(ranks[:, stratum]) for stratum in members], axis=0)
        moved = movable[:-1] & movable[-1]
        pvalues, n_permutations, exact = _pvalues(
            ranks[:-1][moved], ranks[-1], observed[moved], members, ranked, n_resamples, alternative, rng
        )
        remaining = iter(pvalues)
        return [
            TestOutcome(value, next(remaining), y.size, alternative, n_permutations, exact, singleton_note(members))
            if possible
            else undefined_outcome(y.size, alternative, constant_note(table[i], y), statistic=value)
            for i, value, possible in zip(rows, observed.tolist(), moved.tolist(), strict=True)
        ]

    return where_defined(undefined_reasons(table, y), lambda why: undefined_outcome(y.size, alternative, why), tested)


stratified_permutation_test = of_one(stratified_permutation_tests)


def _pvalues(
    x_ranks: NDArray[np.float64],
    y_ranks: NDArray[np.float64],
    observed: NDArray[np.float64],
    members: list[NDArray[np.intp]],
    ranked: list[NDArray[np.intp]],
    n_resamples: int,
    alternative: Alternative,
    rng: np.random.Generator,
) -> tuple[list[float], int, bool]:
    """Return the p-values of `observed` (k,), how many permutations they rest on, and whether these are all there are.

    `x_ranks` is (k, n), `y_ranks` (n,), centred within the rows `ranked` together; `members` are those permuted together.
    """
    if not len(x_ranks):
        return [], 0, False
    steps = _steps(ranked, y_ranks.size)
    x_whole, y_whole = np.rint(x_ranks / steps), np.rint(y_ranks / steps)
    blocks = [(x_whole[:, rows], y_whole[rows], steps[rows[0]] ** 2) for rows in members]
    sums, exact = _permuted_sums(blocks, n_resamples, rng)
    null = sums / np.sqrt(np.sum(x_ranks**2, axis=1) * np.sum(y_ranks**2))[:, np.newaxis]
    return tail_pvalues(observed, null, alternative=alternative, exact=exact).tolist(), sums.shape[1], exact


def _varies(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for each row of `values` (k, m) whether its entries differ."""
    return np.asarray(np.any(values != values[:, :1], axis=1))


def _steps(ranked: list[NDArray[np.intp]], n: int) -> NDArray[np.float64]:
    """Return for each of n rows what its centred rank is a whole multiple of, given the rows that are ranked together."""
    steps = np.empty(n)
    for rows in ranked:
        steps[rows] = 1 / (2 * (rows.size + 1))
    return steps


def _permuted_sums(
    blocks: list[tuple[NDArray[np.float64], NDArray[np.float64], float]], n_resamples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], bool]:
    """Return the scaled products of x and permuted y, summed over blocks, and whether these are all permutations.

    A block is x (k, m), y (m,), permuted alike for all rows of x, and the scale of their product; the result is
    (k, permutations). Of whole numbers a matrix product is exact, in whatever order it adds, and so the same for a row of
    x wherever it stands.
    """
    if math.prod(math.factorial(y.size) for _, y, _ in blocks) <= n_resamples:
        products = [x @ y[_orders(y.size)].T * scale for x, y, scale in blocks]
        return np.array([all_sums(rows) for rows in zip(*products, strict=True)]), True
    sums = np.zeros((blocks[0][0].shape[0], n_resamples))
    for x, y, scale in blocks:
        if math.factorial(y.size) <= n_resamples:  # drawing from all that there are is faster than permuting
            all_products = x @ y[_orders(y.size)].T * scale
            sums += all_products[:, rng.integers(math.factorial(y.size), size=n_resamples)]
        else:
            sums += x @ rng.permuted(np.broadcast_to(y, (n_resamples, y.size)), axis=1).T * scale
    return sums, False


@cache
def _orders(size: int) -> NDArray[np.intp]:
    """Return every order of `size` things, (size!, size), the first as they are."""
    return np.array(list(permutations(range(size))), dtype=np.intp)

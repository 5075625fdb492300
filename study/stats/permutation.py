"""Permutation of ranks within strata or clusters: association, for one variable or many at once, and trend."""

from __future__ import annotations

import math
from functools import cache
from itertools import permutations
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.correlation import centred_ranks, constant_note, row_correlations
from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    is_constant,
    matrix,
    require_alternative,
    require_choice,
    require_resamples,
    require_same_length,
    undefined_outcome,
    undefined_reason,
    undefined_reasons,
    vector,
)
from study.stats.strata import singleton_note, stratum_members
from study.stats.sums import all_sums
from study.stats.tails import tail_pvalue, tail_pvalues

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
    ("pooled"). Every permutation is enumerated, and the p-value exact, when there are at most `n_resamples`. Undefined,
    with a note, if any value is NaN or infinite, if n < 3, or if either variable is constant within every stratum (then
    all permutations agree; a pooled statistic is still returned).

    Raises
    ------
    ValueError
        If shapes differ, or `statistic`, `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis rows are exchangeable within strata; differences between strata are free.

    Source: Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed.
    """
    x, y = vector("x", x), vector("y", y)
    require_same_length(x=x, y=y)
    return stratified_permutation_tests(
        x[np.newaxis],
        y,
        strata=strata,
        statistic=statistic,
        n_resamples=n_resamples,
        alternative=alternative,
        rng=rng,
    )[0]


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
    """Return the `stratified_permutation_test` of each of `variables` (k, n) with `y` (n,).

    `y` is permuted once for all variables, so their p-values rest on the same permutations.

    Raises
    ------
    ValueError
        If shapes differ, or `statistic`, `alternative` or `n_resamples` is not allowed.
    """
    require_choice("statistic", statistic, get_args(RankStatistic))
    require_alternative(alternative)
    require_resamples(n_resamples)
    table, y = matrix("variables", variables), vector("y", y)
    require_same_length(variables=table.T, y=y)
    members = stratum_members(strata, y.size)
    reasons = undefined_reasons(table, y)
    outcomes = [undefined_outcome(y.size, alternative, reason) for reason in reasons]
    defined = [i for i, reason in enumerate(reasons) if not reason]
    if not defined:
        return tuple(outcomes)
    ranked = members if statistic == "within" else [np.arange(y.size)]
    ranks = centred_ranks(np.vstack([table[defined], y]), ranked)
    observed = row_correlations(ranks[:-1], ranks[-1])
    movable = np.any([_varies(ranks[:, rows]) for rows in members], axis=0)
    tested = movable[:-1] & movable[-1]
    for i, value, possible in zip(defined, observed.tolist(), tested.tolist(), strict=True):
        if not possible:
            note = constant_note(table[i], y)
            outcomes[i] = undefined_outcome(y.size, alternative, note, statistic=value)
    if not tested.any():
        return tuple(outcomes)
    x_ranks, y_ranks = ranks[:-1][tested], ranks[-1]
    steps = _steps(ranked, y.size)
    x_whole, y_whole = np.rint(x_ranks / steps), np.rint(y_ranks / steps)
    blocks = [(x_whole[:, rows], y_whole[rows], steps[rows[0]] ** 2) for rows in members]
    sums, exact = _permuted_sums(blocks, n_resamples, rng)
    null = sums / np.sqrt(np.sum(x_ranks**2, axis=1) * np.sum(y_ranks**2))[:, np.newaxis]
    pvalues = tail_pvalues(observed[tested], null, alternative=alternative, exact=exact)
    rows = np.array(defined)[tested].tolist()
    for i, value, pvalue in zip(rows, observed[tested].tolist(), pvalues.tolist(), strict=True):
        outcomes[i] = TestOutcome(value, pvalue, y.size, alternative, sums.shape[1], exact, singleton_note(members))
    return tuple(outcomes)


def within_cluster_permutation_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    clusters: ArrayLike,
    n_resamples: int,
    alternative: Alternative,
    rng: np.random.Generator,
) -> TestOutcome:
    """Test association of `x` and `y` within clusters that each count the same, by permuting `y` within clusters.

    `x`, `y` and the labels `clusters` are (n,): many observations of each of few experimental units. The statistic is
    the mean over clusters of Spearman's rho within the cluster, whatever its size; a stratum of
    `stratified_permutation_test` weighs with its size instead. A cluster in which either variable is constant has no
    rho: it is left out and noted. Every permutation is enumerated, and the p-value exact, when there are at most
    `n_resamples`. Undefined, with a note, if any value is NaN or infinite, if n < 3 or if no cluster has a rho.

    Raises
    ------
    ValueError
        If shapes differ, or `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis the observations of a cluster are exchangeable, whatever differs between
    clusters. It says whether there is association in these clusters, not that there is in others like them: for that
    take each cluster's rho as one value, and `sign_flip_test`.

    Source: as `stratified_permutation_test`; rank correlations combined over blocks as in Taylor (1987), Biometrics
    43:409-416.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    x, y = vector("x", x), vector("y", y)
    require_same_length(x=x, y=y)
    members = stratum_members(clusters, x.size)
    if reason := undefined_reason(x, y):
        return undefined_outcome(x.size, alternative, reason)
    varied = [rows for rows in members if not (is_constant(x[rows]) or is_constant(y[rows]))]
    if not varied:
        return undefined_outcome(x.size, alternative, "constant within clusters")
    ranks = [(_unit_ranks(x[rows]), _unit_ranks(y[rows])) for rows in varied]
    sums, exact = _permuted_sums([(a[np.newaxis], b, 1.0) for a, b in ranks], n_resamples, rng)
    statistic = float(np.mean([a @ b for a, b in ranks]))
    pvalue = tail_pvalue(statistic, sums[0] / len(varied), alternative=alternative, exact=exact)
    left_out = len(members) - len(varied)
    note = f"clusters without variation: {left_out} of {len(members)}" if left_out else ""
    return TestOutcome(statistic, pvalue, x.size, alternative, sums.shape[1], exact, note)


def trend_test(
    values: ArrayLike,
    levels: ArrayLike,
    *,
    strata: ArrayLike,
    n_resamples: int,
    alternative: Alternative,
    rng: np.random.Generator,
) -> TestOutcome:
    """Test whether `values` rise or fall over ordered `levels`, such as doses, within strata.

    `values`, the numbers `levels` and the labels `strata` are (n,); pass one label for all for no strata. It is
    `stratified_permutation_test` with the statistic "within", in which the levels, ranked as they are tied, are the
    scores: only their order counts. "greater" is a rise. Undefined, with a note, where that test is and with fewer than
    2 levels.

    Raises
    ------
    ValueError
        If shapes differ, or `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis values are exchangeable between levels within strata. It finds monotone
    trends; one that rises and falls again may escape it.

    Source: a permutation test of the linear-by-linear kind, as in Agresti (2002), Categorical Data Analysis, 2nd ed.,
    section 3.4; an alternative to Jonckheere (1954), Biometrika 41:133-145, to which it comes close.
    """
    y = vector("levels", levels)
    if y.size >= 2 and np.all(np.isfinite(y)) and is_constant(y):
        require_same_length(values=vector("values", values), levels=y)
        require_alternative(alternative)
        require_resamples(n_resamples)
        return undefined_outcome(y.size, alternative, "fewer than 2 levels")
    return stratified_permutation_test(
        values, y, strata=strata, statistic="within", n_resamples=n_resamples, alternative=alternative, rng=rng
    )


def _varies(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for each row of `values` (k, m) whether its entries differ."""
    return np.asarray(np.any(values != values[:, :1], axis=1))


def _unit_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the centred ranks of `values` (m,), not all equal, scaled to a vector of length 1."""
    ranks = centred_ranks(values, [np.arange(values.size)])
    return np.asarray(ranks / np.linalg.norm(ranks))


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

"""Permutation of ranks within strata: association, for one variable or many at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.columns import of_one, where_defined
from study.stats.correlation import centred_ranks, constant_note, row_correlations, variables_and_strata
from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    require_alternative,
    require_resamples,
    undefined_outcome,
    undefined_reasons,
)
from study.stats.strata import singleton_note
from study.stats.sums import all_sums
from study.stats.tails import tail_pvalues

# With fewer rows the studentised statistic of the strongest association is not the most extreme of all arrangements: of six
# rows with a correlation of .95 it finds .54 in place of .84, of eight .91 in place of .97; of twelve, 1.00 as the plain one.
FEWEST_STUDENTIZED: Final = 12


def stratified_permutation_tests(
    variables: ArrayLike,
    y: ArrayLike,
    *,
    strata: ArrayLike,
    n_resamples: int,
    alternative: Alternative,
    rng: np.random.Generator,
) -> tuple[TestOutcome, ...]:
    """Test rank association of each of `variables` and `y` by permuting `y` within strata only.

    `variables` is (k, n), `y` and the labels `strata` are (n,). The statistic returned is that of `stratified_spearmans`;
    what is compared over permutations is studentised from 12 rows on: the sum of products of centred ranks over the root
    of the sum of squared products, both over all strata. Studentised, the test asks whether the correlation is 0, whatever
    other dependence there is; plain, it asks whether there is any dependence, and rejects too often where there is one
    with a correlation of 0. With fewer than 12 rows the studentised statistic finds strong associations less often, and
    the plain one is compared; in strata of three rows the two agree but for ties.

    `y` is permuted once for all variables, so their p-values rest on the same permutations; every permutation is
    enumerated, and the p-value exact, when there are at most `n_resamples`. Undefined, with a note, if any value is NaN or
    infinite, if n < 3, or if either variable is constant within every stratum (then all permutations agree).

    Raises
    ------
    ValueError
        If shapes differ, or `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis rows are exchangeable within strata, or, from 12 rows on, that they are
    independent and the mean correlation within strata is 0; differences between strata are free. Where the spread of `y`
    grows with the distance of x from its middle, two-sided tests at .05 reject .054 of 24 rows in four strata and .049 of
    80 (plain .074 and .103), .05 of 12 to 48 in strata of 12, 8, 6, 5, 4 or 3; one-sided ones, of a mixture of concordant
    and discordant rows, up to .067 (plain .11). It costs up to .04 of power with 12 to 24 rows, nothing in strata of 3.

    Source: Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed.; studentised as in DiCiccio
    and Romano (2017), JASA 112:1211-1220.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    table, y, members = variables_and_strata(variables, y, strata)

    def tested(rows: list[int]) -> list[TestOutcome]:
        ranks = centred_ranks(np.vstack([table[rows], y]), members)
        observed = row_correlations(ranks[:-1], ranks[-1])
        movable = np.any([_varies(ranks[:, stratum]) for stratum in members], axis=0)
        moved = movable[:-1] & movable[-1]
        pvalues, n_permutations, exact = _pvalues(ranks[:-1][moved], ranks[-1], members, n_resamples, alternative, rng)
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
    members: list[NDArray[np.intp]],
    n_resamples: int,
    alternative: Alternative,
    rng: np.random.Generator,
) -> tuple[list[float], int, bool]:
    """Return the p-values of `x_ranks` (k, n), how many permutations they rest on, and whether these are all there are.

    `x_ranks` and `y_ranks` (n,) are centred within `members`, the rows permuted together.
    """
    if not len(x_ranks):
        return [], 0, False
    blocks = [_Block.of(x_ranks[:, rows], y_ranks[rows]) for rows in members]
    products, squares, exact = _permuted_sums(blocks, n_resamples, rng)
    null = products
    if y_ranks.size >= FEWEST_STUDENTIZED:
        null = products / np.sqrt(np.where(squares > 0, squares, 1.0))  # without a square there is no product either
    observed, null = null[:, 0], null if exact else null[:, 1:]
    return tail_pvalues(observed, null, alternative=alternative, exact=exact).tolist(), null.shape[1], exact


def _varies(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for each row of `values` (k, m) whether its entries differ."""
    return np.asarray(np.any(values != values[:, :1], axis=1))


@dataclass(frozen=True)
class _Block:
    """Centred ranks x (k, m) and y (m,) of a stratum as whole numbers, and the scale of their product.

    Of whole numbers a matrix product is exact, in whatever order it adds, and so the same for a row of x wherever it
    stands: squares are, in strata of up to 1,500 rows.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    scale: float

    @classmethod
    def of(cls, x_ranks: NDArray[np.float64], y_ranks: NDArray[np.float64]) -> _Block:
        """Return the block of the centred ranks of one stratum: whole multiples of 1 / (2 (m + 1))."""
        step = 1 / (2 * (y_ranks.size + 1))
        return cls(np.rint(x_ranks / step), np.rint(y_ranks / step), step**2)

    def sums(self, permuted: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the sums of products of x with each of `permuted` (permutations, m), and of their squares."""
        return self.x @ permuted.T * self.scale, self.x**2 @ (permuted**2).T * self.scale**2


def _permuted_sums(
    blocks: list[_Block], n_resamples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Return the sums over blocks of products and squared products, and whether these are all permutations.

    Both are (k, permutations), each block permuted alike for all rows of x; the first is the identity, of all
    permutations one, of random ones added to `n_resamples`.
    """
    if math.prod(math.factorial(block.y.size) for block in blocks) <= n_resamples:
        by_block = [block.sums(block.y[every_order(block.y.size)]) for block in blocks]
        products, squares = (
            np.array([all_sums(rows) for rows in zip(*parts, strict=True)]) for parts in zip(*by_block, strict=True)
        )
        return products, squares, True
    products, squares = np.zeros((2, blocks[0].x.shape[0], n_resamples + 1))
    for block in blocks:
        size = block.y.size
        if math.factorial(size) <= n_resamples:  # drawing from all that there are is faster than permuting
            drawn = np.append(0, rng.integers(math.factorial(size), size=n_resamples))
            parts = [part[:, drawn] for part in block.sums(block.y[every_order(size)])]
        else:
            permuted = rng.permuted(np.broadcast_to(block.y, (n_resamples, size)), axis=1)
            parts = list(block.sums(np.vstack([block.y, permuted])))
        products += parts[0]
        squares += parts[1]
    return products, squares, False


@cache
def every_order(size: int) -> NDArray[np.intp]:
    """Return every order of `size` things, (size!, size), the first as they are."""
    return np.array(list(permutations(range(size))), dtype=np.intp)

"""Permutation of partners: whether what belongs together is more alike than what is put together at random."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from study.stats.columns import where_defined
from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    require_alternative,
    require_resamples,
    undefined_outcome,
    undefined_reasons,
)
from study.stats.permutation import every_order
from study.stats.tails import tail_pvalues


def pairing_permutation_tests(
    pairs: ArrayLike, *, n_resamples: int, alternative: Alternative, rng: np.random.Generator
) -> tuple[TestOutcome, ...]:
    """Test whether experimental units are more alike to their own partners than to those of the others.

    `pairs` is (k, n, n): for each of k variables the similarity of unit i to partner j, partner i being that of unit i.
    The statistic is the mean of the diagonal; the reference set permutes the partners, alike for all variables: all n!
    ways, and an exact p-value, when these are at most `n_resamples`, random ones otherwise. Undefined, with a note, if
    any similarity is NaN or infinite (nothing is dropped), if n < 3 or if all similarities are equal.

    Raises
    ------
    ValueError
        If `pairs` is not (k, n, n), or `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis partners are exchangeable: which belongs to which unit says nothing. What all
    units, or all partners, have in common is in every similarity alike, and so in no difference.

    Source: Mantel (1967), Cancer Res. 27:209-220; randomly paired controls as in Good (2005), Permutation, Parametric and
    Bootstrap Tests of Hypotheses, 3rd ed.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    table = np.asarray(pairs, dtype=np.float64, order="C")
    if table.ndim != 3 or table.shape[1] != table.shape[2]:
        raise ValueError(f"pairs has shape {table.shape}: it must be (variables, units, partners), as many as units")
    n = table.shape[1]
    reasons = [_undefined_reason(similarities) for similarities in table]

    def permuted(rows: list[int]) -> list[TestOutcome]:
        exact = math.factorial(n) <= n_resamples
        partners = every_order(n) if exact else rng.permuted(np.tile(np.arange(n), (n_resamples, 1)), axis=1)
        sums, observed = np.zeros((len(rows), len(partners))), np.zeros(len(rows))
        kept = table[rows]
        for unit in range(n):  # one after another: the same bits whatever stands beside a variable
            sums += kept[:, unit, partners[:, unit]]
            observed += kept[:, unit, unit]
        pvalues = tail_pvalues(observed / n, sums / n, alternative=alternative, exact=exact)
        return [
            TestOutcome(statistic, pvalue, n, alternative, len(partners), exact, "")
            for statistic, pvalue in zip((observed / n).tolist(), pvalues.tolist(), strict=True)
        ]

    return where_defined(reasons, lambda why: undefined_outcome(n, alternative, why), permuted)


def _undefined_reason(similarities: np.ndarray) -> str:
    """Return why nothing can be concluded from `similarities` (n, n), or ""."""
    if missing := int(np.count_nonzero(~np.isfinite(similarities))):
        return f"undefined values: {missing} of {similarities.size}"
    if few := undefined_reasons(similarities[:1])[0]:
        return few
    return "constant input" if np.all(similarities == similarities[0, 0]) else ""

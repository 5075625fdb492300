"""Sign flips: whether means centre on a value, for one variable or many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from study.stats.columns import of_one, where_defined
from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    matrix,
    require_alternative,
    require_resamples,
    undefined_outcome,
    undefined_reasons,
)
from study.stats.sums import all_sums, weighted_sums
from study.stats.tails import tail_pvalues


def sign_flip_tests(
    variables: ArrayLike,
    *,
    null_value: float,
    alternative: Alternative,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[TestOutcome, ...]:
    """Test whether each of `variables` (k, n), one value per experimental unit, centres on `null_value`.

    The statistic is the mean of values less `null_value`; the reference set flips the sign of each difference
    independently, alike for all variables: all 2^n ways, and an exact p-value, when these are at most `n_resamples`,
    random ones otherwise. Undefined, with a note, if any value is NaN or infinite (nothing is dropped) or if n < 3.

    Raises
    ------
    ValueError
        If `variables` is not 2-dimensional, or `alternative` or `n_resamples` is not allowed.

    Assumes that under the null hypothesis each value is distributed symmetrically about `null_value`, independently of
    the others. They need not be identically distributed.

    Source: Fisher (1935), The Design of Experiments, section 21.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    differences = matrix("variables", variables) - null_value
    n = differences.shape[1]
    exact = 2**n <= n_resamples

    def flipped(rows: list[int]) -> list[TestOutcome]:
        kept = differences[rows]
        if exact:
            sums = np.array([all_sums([np.array([value, -value]) for value in row]) for row in kept])
        else:
            signs = rng.integers(0, 2, size=(n_resamples, n)).T.astype(np.float64) * 2 - 1
            sums = weighted_sums(kept, signs)
        statistics = np.mean(kept, axis=1)
        pvalues = tail_pvalues(statistics, sums / n, alternative=alternative, exact=exact)
        return [
            TestOutcome(statistic, pvalue, n, alternative, sums.shape[1], exact, "")
            for statistic, pvalue in zip(statistics.tolist(), pvalues.tolist(), strict=True)
        ]

    return where_defined(undefined_reasons(differences), lambda why: undefined_outcome(n, alternative, why), flipped)


sign_flip_test = of_one(sign_flip_tests)

"""Sign flips: whether means centre on a value, or lie between two, for one variable or many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.outcomes import (
    Alternative,
    TestOutcome,
    matrix,
    require_alternative,
    require_margins,
    require_resamples,
    undefined_outcome,
    undefined_reasons,
    vector,
)
from study.stats.sums import all_sums, weighted_sums
from study.stats.tails import tail_pvalues


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
    return sign_flip_tests(
        vector("values", values)[np.newaxis],
        null_value=null_value,
        alternative=alternative,
        n_resamples=n_resamples,
        rng=rng,
    )[0]


def sign_flip_tests(
    variables: ArrayLike,
    *,
    null_value: float,
    alternative: Alternative,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[TestOutcome, ...]:
    """Return the `sign_flip_test` of each of `variables` (k, n), all with the same flips of the n units.

    Raises
    ------
    ValueError
        If `variables` is not 2-dimensional, or `alternative` or `n_resamples` is not allowed.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    differences = matrix("variables", variables) - null_value
    n = differences.shape[1]
    reasons = undefined_reasons(differences)
    outcomes = [undefined_outcome(n, alternative, reason) for reason in reasons]
    defined = [i for i, reason in enumerate(reasons) if not reason]
    if not defined:
        return tuple(outcomes)
    kept = differences[defined]
    exact = 2**n <= n_resamples
    if exact:
        sums = np.array([all_sums([np.array([value, -value]) for value in row]) for row in kept])
    else:
        signs = rng.integers(0, 2, size=(n_resamples, n)).T.astype(np.float64) * 2 - 1
        sums = weighted_sums(kept, signs)
    statistics = np.mean(kept, axis=1)
    pvalues = tail_pvalues(statistics, sums / n, alternative=alternative, exact=exact)
    for i, statistic, pvalue in zip(defined, statistics.tolist(), pvalues.tolist(), strict=True):
        outcomes[i] = TestOutcome(statistic, pvalue, n, alternative, sums.shape[1], exact, "")
    return tuple(outcomes)


def equivalence_test(
    values: ArrayLike, *, margin_low: float, margin_high: float, n_resamples: int, rng: np.random.Generator
) -> TestOutcome:
    """Test whether the mean of `values` (n,), one per experimental unit, lies between the margins.

    Two one-sided sign-flip tests, against the mean being at or below `margin_low` and at or above `margin_high`; the
    p-value is the larger. The statistic is the mean of `values`. Undefined, with a note, if any value is NaN or
    infinite or n < 3.

    Raises
    ------
    ValueError
        If `values` is not 1-dimensional, `margin_low` is not below `margin_high`, or `n_resamples` is not allowed.

    Assumes that each value is distributed symmetrically about the common centre, independently of the others.

    Source: Schuirmann (1987), J. Pharmacokinet. Biopharm. 15:657-680, with sign flips in place of t.
    """
    return equivalence_tests(
        vector("values", values)[np.newaxis],
        margin_low=margin_low,
        margin_high=margin_high,
        n_resamples=n_resamples,
        rng=rng,
    )[0]


def equivalence_tests(
    variables: ArrayLike, *, margin_low: float, margin_high: float, n_resamples: int, rng: np.random.Generator
) -> tuple[TestOutcome, ...]:
    """Return the `equivalence_test` of each of `variables` (k, n), all with the same flips of the n units.

    Raises
    ------
    ValueError
        If `variables` is not 2-dimensional, `margin_low` is not below `margin_high`, or `n_resamples` is not allowed.
    """
    require_margins(margin_low, margin_high)
    table = matrix("variables", variables)
    above = sign_flip_tests(table, null_value=margin_low, alternative="greater", n_resamples=n_resamples, rng=rng)
    below = sign_flip_tests(table, null_value=margin_high, alternative="less", n_resamples=n_resamples, rng=rng)
    return tuple(_joined(values, *both) for values, *both in zip(table, above, below, strict=True))


def _joined(values: NDArray[np.float64], above: TestOutcome, below: TestOutcome) -> TestOutcome:
    """Return the test of both margins from the tests of each."""
    if above.note:
        return undefined_outcome(above.n, "equivalence", above.note)
    pvalue = max(above.pvalue, below.pvalue)
    return TestOutcome(float(np.mean(values)), pvalue, above.n, "equivalence", above.n_resamples, above.exact, "")

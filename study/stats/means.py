"""Tests of means of effects that may be skewed, for one variable or many at once: bootstrap-t, with or without sign flips."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.bootstrap import resampled_counts
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
from study.stats.signs import sign_flip_tests
from study.stats.sums import weighted_sums
from study.stats.tails import tail_pvalues

# A variance this small beside the mean square is rounding: all values of the resample are equal.
_NO_VARIANCE: Final = 1e-12


def bootstrap_t_tests(
    variables: ArrayLike,
    *,
    null_value: float,
    alternative: Alternative,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[TestOutcome, ...]:
    """Test whether each of `variables` (k, n), one value per experimental unit, has the mean `null_value`.

    The mean less `null_value` over its standard error is compared with what resamples of the units, the same for all
    variables, have about the observed mean: each resample's mean less the observed mean, over the resample's standard
    error. A resample whose values are all equal has no standard error and counts in both tails, so that constant values
    have p = 1. The statistic is the mean less `null_value`. Undefined, with a note, if any value is NaN or infinite
    (nothing is dropped) or if n < 3.

    Raises
    ------
    ValueError
        If `variables` is not 2-dimensional, or `alternative` or `n_resamples` is not allowed.

    Assumes independent, identically distributed values.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 16.4; Hall (1992), The Bootstrap and
    Edgeworth Expansion, section 3.12.
    """
    require_alternative(alternative)
    require_resamples(n_resamples)
    differences = matrix("variables", variables) - null_value
    n = differences.shape[1]

    def resampled(rows: list[int]) -> list[TestOutcome]:
        kept = differences[rows]
        means = np.mean(kept, axis=1)
        deviations = kept - means[:, np.newaxis]
        counts = resampled_counts([np.arange(n)], n_resamples, rng)
        resampled_means, squares = (weighted_sums(values, counts) / n for values in (deviations, deviations**2))
        null = _studentized(resampled_means, squares)
        varies = np.any(kept != kept[:, :1], axis=1)
        spread = np.sqrt(np.mean(deviations**2, axis=1))
        observed = np.divide(means, spread, out=np.zeros_like(means), where=varies & (spread > 0))
        pvalues = tail_pvalues(observed, null, alternative=alternative, exact=False)
        return [
            TestOutcome(statistic, pvalue, n, alternative, n_resamples, False, "" if varied else "constant input")
            for statistic, pvalue, varied in zip(means.tolist(), pvalues.tolist(), varies.tolist(), strict=True)
        ]

    return where_defined(undefined_reasons(differences), lambda why: undefined_outcome(n, alternative, why), resampled)


bootstrap_t_test = of_one(bootstrap_t_tests)


def mean_tests(
    variables: ArrayLike,
    *,
    null_value: float,
    alternative: Alternative,
    exchangeable: bool,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[TestOutcome, ...]:
    """Test whether each of `variables` (k, n), one value per experimental unit, has the mean `null_value`.

    The p-value is the larger of those of `sign_flip_tests` and `bootstrap_t_tests`; where the values are symmetric
    about `null_value` under the null hypothesis by their making (`exchangeable`), that of the sign flips alone.
    Undefined, with a note, if any value is NaN or infinite (nothing is dropped) or if n < 3.

    Raises
    ------
    ValueError
        If `variables` is not 2-dimensional, or `alternative` or `n_resamples` is not allowed.

    Assumes independent values that are either identically distributed or, each by itself, symmetric.
    """
    table = matrix("variables", variables)
    flipped = sign_flip_tests(table, null_value=null_value, alternative=alternative, n_resamples=n_resamples, rng=rng)
    if exchangeable:
        return flipped
    resampled = bootstrap_t_tests(
        table, null_value=null_value, alternative=alternative, n_resamples=n_resamples, rng=rng
    )
    return tuple(
        dataclasses.replace(outcome, pvalue=float(np.maximum(outcome.pvalue, other.pvalue)))
        for outcome, other in zip(resampled, flipped, strict=True)
    )


mean_test = of_one(mean_tests)


def _studentized(means: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each of `means` over the standard deviation that the mean `squares` leave; NaN where there is none."""
    variances = squares - means**2
    spread = np.sqrt(np.where(variances > _NO_VARIANCE * squares, variances, np.nan))
    return means / spread

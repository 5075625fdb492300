"""Tests of rank correlations at bounds other than 0, on Fisher's z."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from study.stats.columns import of_one
from study.stats.fisher import FisherZ, fisher_zs
from study.stats.outcomes import Alternative, TestOutcome, require_choice, undefined_outcome


def correlation_bound_tests(
    variables: ArrayLike, y: ArrayLike, *, strata: ArrayLike, bound: float, alternative: Alternative
) -> tuple[TestOutcome, ...]:
    """Test on one side whether the rank correlation of each of `variables` and `y` within strata is `bound`.

    A normal test of Fisher's z of `stratified_spearmans` with the standard error of `fisher_intervals`, against the
    correlation being at or below `bound` ("greater") or at or above it ("less"). `variables` is (k, n), `y` and
    `strata` are (n,); pass one label for all for a plain rho. Undefined, with a note, where the interval is; a
    correlation of -1 or 1 keeps its statistic. Nothing is resampled: `n_resamples` is 0.

    Raises
    ------
    ValueError
        If shapes differ, `bound` is not within (-1, 1), or `alternative` is not "less" or "greater".

    Assumes what `fisher_intervals` does. The bound is for what the statistic estimates in strata of the given sizes.

    Source: as `fisher_intervals`.
    """
    require_choice("alternative", alternative, ("less", "greater"))
    if not -1 < bound < 1:
        raise ValueError(f"bound = {bound!r} is not allowed: it must lie between -1 and 1")
    return tuple(_bound_outcome(z, bound, alternative) for z in fisher_zs(variables, y, strata))


correlation_bound_test = of_one(correlation_bound_tests)


def _bound_outcome(z: FisherZ, bound: float, alternative: Alternative) -> TestOutcome:
    from scipy.special import ndtr

    statistic, n = z.correlation.statistic, z.correlation.n
    if math.isnan(z.error):
        return undefined_outcome(n, alternative, z.note, statistic=statistic)
    beyond = (z.value - math.atanh(bound)) / z.error * (1 if alternative == "greater" else -1)
    pvalue = max(float(ndtr(-beyond)), float(np.finfo(np.float64).tiny))  # never 0, however far beyond the bound
    return TestOutcome(statistic, pvalue, n, alternative, 0, False, z.note)

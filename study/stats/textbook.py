"""The textbook's formulas, beside the tests that are registered: rank correlation by pingouin, Student's interval of a mean."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import ArrayLike

from study.stats.correlation import spearman
from study.stats.outcomes import (
    Alternative,
    Interval,
    TestOutcome,
    is_constant,
    require_alternative,
    require_confidence_level,
    undefined_interval,
    undefined_outcome,
    vector,
)


def textbook_spearman(x: ArrayLike, y: ArrayLike, *, alternative: Alternative) -> TestOutcome:
    """Return Spearman's rho of `x` and `y`, both (n,), and its textbook p-value, from Student's t on n - 2 degrees.

    Undefined, with a note, if any value is NaN or infinite, if n < 3 or if either sample is constant. Nothing is
    resampled. The p-value is 0 where rho is 1 or -1 in the direction of the alternative.

    Raises
    ------
    ValueError
        If `x` or `y` is not 1-dimensional, their lengths differ, or `alternative` is not allowed.

    Assumes independent pairs, and more than a few of them.

    Source: `pingouin.corr`; Vallat (2018), J. Open Source Softw. 3:1026.
    """
    require_alternative(alternative)
    x, y = vector("x", x), vector("y", y)
    if note := spearman(x, y).note:
        return undefined_outcome(x.size, alternative, note)
    from pingouin import corr

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the interval and the power, which it computes too and small samples lack
        row = corr(x, y, alternative=alternative, method="spearman").iloc[0]
    return TestOutcome(float(row["r"]), float(row["p_val"]), x.size, alternative, 0, False, "")


def student_interval(values: ArrayLike, *, confidence_level: float) -> Interval:
    """Return Student's confidence interval of the mean of `values`, (n,).

    Undefined, with a note, if any value is NaN or infinite, if n < 2 or if all values are equal.

    Raises
    ------
    ValueError
        If `values` is not 1-dimensional, or `confidence_level` is not between 0 and 1.

    Assumes independent, normal values.

    Source: Student (1908), Biometrika 6:1-25, through `scipy.stats.t`.
    """
    require_confidence_level(confidence_level)
    sample = vector("values", values)
    if missing := int(np.count_nonzero(~np.isfinite(sample))):
        return undefined_interval(confidence_level, f"undefined values: {missing} of {sample.size}")
    if sample.size < 2 or is_constant(sample):
        return undefined_interval(
            confidence_level, "fewer than 2 observations" if sample.size < 2 else "constant input"
        )
    from scipy.stats import t

    error = float(np.std(sample, ddof=1)) / math.sqrt(sample.size)
    low, high = t.interval(confidence_level, sample.size - 1, loc=float(np.mean(sample)), scale=error)
    return Interval(float(low), float(high), confidence_level, "Student t", "")

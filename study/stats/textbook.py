"""The textbook's rank correlation, by pingouin: what published analyses report, beside the tests that are registered."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from study.stats.correlation import spearman
from study.stats.outcomes import Alternative, TestOutcome, require_alternative, undefined_outcome, vector


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

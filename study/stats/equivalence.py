"""Equivalence: the only ground on which the study says that there is no effect."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from study.stats.outcomes import TestOutcome, undefined_outcome, vector
from study.stats.permutation import sign_flip_test


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
    if not margin_low < margin_high:
        raise ValueError(f"margins ({margin_low!r}, {margin_high!r}) are not allowed: the first must be the smaller")
    sample = vector("values", values)
    above = sign_flip_test(sample, null_value=margin_low, alternative="greater", n_resamples=n_resamples, rng=rng)
    below = sign_flip_test(sample, null_value=margin_high, alternative="less", n_resamples=n_resamples, rng=rng)
    if math.isnan(above.pvalue):
        return undefined_outcome(above.n, "equivalence", above.note)
    return TestOutcome(
        float(np.mean(sample)),
        max(above.pvalue, below.pvalue),
        above.n,
        "equivalence",
        above.n_resamples,
        above.exact,
        "",
    )

"""Equivalence: the only ground on which the study says that there is no effect."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from study.stats.correlation import fisher_z, stratified_spearman
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
    _require_margins(margin_low, margin_high)
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


def correlation_equivalence_test(
    x: ArrayLike, y: ArrayLike, *, strata: ArrayLike, margin_low: float, margin_high: float
) -> TestOutcome:
    """Test whether the rank correlation of `x` and `y` within strata lies between the margins.

    Two one-sided normal tests of Fisher's z of `stratified_spearman`, with the standard error of `fisher_interval`,
    against the correlation being at or below `margin_low` and at or above `margin_high`; the p-value is the larger. It
    is at most alpha exactly when the 1 - 2 alpha `fisher_interval` lies within the margins. `x`, `y` and `strata` are
    (n,); pass one label for all for a plain rho. Undefined, with a note, where `fisher_interval` is; a correlation of
    -1 or 1 keeps its statistic. Nothing is resampled: `n_resamples` is 0.

    Raises
    ------
    ValueError
        If shapes differ, or the margins are not in order within (-1, 1).

    Assumes what `fisher_interval` does. The margins are for what the statistic estimates in strata of the given sizes.

    Source: Schuirmann (1987), J. Pharmacokinet. Biopharm. 15:657-680, on Fisher's z as in Goertzen and Cribbie (2010),
    Br. J. Math. Stat. Psychol. 63:527-537; standard error of Bonett and Wright (2000), Psychometrika 65:23-28.
    """
    from scipy.special import ndtr

    _require_margins(margin_low, margin_high)
    if not -1 < margin_low < margin_high < 1:
        raise ValueError(f"margins ({margin_low!r}, {margin_high!r}) are not allowed: they must lie between -1 and 1")
    correlation = stratified_spearman(x, y, strata)
    z = fisher_z(correlation, strata)
    if math.isnan(z.error):
        return undefined_outcome(correlation.n, "equivalence", z.note, statistic=correlation.statistic)
    low, high = math.atanh(margin_low), math.atanh(margin_high)
    above, below = float(ndtr((low - z.value) / z.error)), float(ndtr((z.value - high) / z.error))
    pvalue = max(above, below, np.finfo(float).tiny)  # never 0, however far within the margins
    return TestOutcome(correlation.statistic, pvalue, correlation.n, "equivalence", 0, False, correlation.note)


def _require_margins(margin_low: float, margin_high: float) -> None:
    if not margin_low < margin_high:
        raise ValueError(f"margins ({margin_low!r}, {margin_high!r}) are not allowed: the first must be the smaller")

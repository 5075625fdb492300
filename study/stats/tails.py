"""P-values from a reference set: tie tolerance, the two-sided rule, never 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from study.stats.outcomes import Alternative

# Sums taken in another order differ in their last bits; values this close, relative to their size, count as tied.
TIE_TOLERANCE: Final = 1e-12


def tail_pvalue(
    observed: float, null_distribution: NDArray[np.float64], *, alternative: Alternative, exact: bool
) -> float:
    """Return the p-value of `observed` within `null_distribution` (n_resamples,).

    Exact: k / total, `null_distribution` being every rearrangement, the identity included. Otherwise
    (k + 1) / (n_resamples + 1), the observed arrangement being added to the random ones.
    Two-sided is twice the smaller tail, capped at 1. NaN is not handled: callers have excluded it.

    Source: Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9(1), article 39.
    """
    added = 0 if exact else 1
    total = null_distribution.size + added
    tolerance = TIE_TOLERANCE * max(abs(observed), float(np.max(np.abs(null_distribution))))
    at_least = (int(np.count_nonzero(null_distribution >= observed - tolerance)) + added) / total
    at_most = (int(np.count_nonzero(null_distribution <= observed + tolerance)) + added) / total
    if alternative == "greater":
        return at_least
    if alternative == "less":
        return at_most
    return min(1.0, 2 * min(at_least, at_most))


def all_sums(choices: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the sum for every way of picking one entry from each of `choices`.

    Each entry of `choices` is (c_i,); the result is (prod c_i,) and its first entry picks the first of each.
    """
    sums = np.zeros(1)
    for values in choices:
        sums = (sums[:, np.newaxis] + values).ravel()
    return sums

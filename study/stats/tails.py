"""P-values from a reference set: tie tolerance, the two-sided rule, never 0."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from study.stats.outcomes import Alternative

# Sums taken in another order differ in their last bits; values this close, relative to their size, count as tied.
TIE_TOLERANCE: Final = 1e-12


def tail_pvalue(
    observed: float, null_distribution: NDArray[np.float64], *, alternative: Alternative, exact: bool
) -> float:
    """Return the p-value of `observed` within `null_distribution` (n_resamples,); see `tail_pvalues`."""
    single = tail_pvalues(np.array([observed]), null_distribution[np.newaxis], alternative=alternative, exact=exact)
    return float(single[0])


def tail_pvalues(
    observed: NDArray[np.float64], null_distributions: NDArray[np.float64], *, alternative: Alternative, exact: bool
) -> NDArray[np.float64]:
    """Return the p-value of each of `observed` (k,) within its row of `null_distributions` (k, n_resamples).

    Exact: k / total, a row being every rearrangement, the identity included. Otherwise (k + 1) / (n_resamples + 1), the
    observed arrangement being added to the random ones. Two-sided is twice the smaller tail, capped at 1. NaN in a null
    distribution is a rearrangement that has no statistic: it counts in both tails. `observed` is finite.

    Source: Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9(1), article 39.
    """
    added = 0 if exact else 1
    total = null_distributions.shape[1] + added
    tolerance = TIE_TOLERANCE * np.maximum(
        np.abs(observed), np.fmax.reduce(np.abs(null_distributions), axis=1, initial=0.0)
    )
    low, high = (observed - tolerance)[:, np.newaxis], (observed + tolerance)[:, np.newaxis]
    at_least = (np.count_nonzero(~(null_distributions < low), axis=1) + added) / total
    at_most = (np.count_nonzero(~(null_distributions > high), axis=1) + added) / total
    both = np.minimum(1.0, 2 * np.minimum(at_least, at_most))
    return np.asarray({"greater": at_least, "less": at_most, "two-sided": both}[alternative], dtype=np.float64)

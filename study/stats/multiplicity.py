"""Adjustment of p-values for the number of tests in a family."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.outcomes import require_choice

Adjustment = Literal["holm", "none", "fdr_bh"]


def adjusted_pvalues(pvalues: ArrayLike, *, method: Adjustment) -> NDArray[np.float64]:
    """Return `pvalues` adjusted for being one family.

    `pvalues` and the result have the same shape, all entries being one family. NaN (a test that could not be done)
    stays NaN and does not count in the family. "holm" controls the family-wise error under any dependence, "fdr_bh"
    the false discovery rate under independence or positive dependence, "none" nothing.

    Raises
    ------
    ValueError
        If a p-value is outside [0, 1] or `method` is not allowed.

    Source: Holm (1979), Scand. J. Stat. 6:65-70; Benjamini and Hochberg (1995), JRSS B 57:289-300, through
    `scipy.stats.false_discovery_control`.
    """
    require_choice("method", method, get_args(Adjustment))
    adjusted = np.array(pvalues, dtype=np.float64)
    defined = ~np.isnan(adjusted)
    family = adjusted[defined]
    if np.any((family < 0) | (family > 1)):
        raise ValueError(f"p-values {family[(family < 0) | (family > 1)]} are not allowed: they must lie in [0, 1]")
    if method == "holm":
        adjusted[defined] = _holm(family)
    elif method == "fdr_bh":
        from scipy.stats import false_discovery_control

        adjusted[defined] = false_discovery_control(family)
    return adjusted


def _holm(family: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(family)
    stepped = np.maximum.accumulate(family[order] * np.arange(family.size, 0, -1))
    adjusted = np.empty_like(family)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted

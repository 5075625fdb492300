"""The standardised size of an effect."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from study.stats.outcomes import vector


def standardized_mean(values: ArrayLike, *, null_value: float = 0.0) -> float:
    """Return Cohen's d of one sample: mean minus null value, over the standard deviation.

    `values` is (n,). NaN with fewer than two values, where any is NaN or infinite, or where all are the same.

    Source: Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd ed., section 2.3.
    """
    values = vector("values", values)
    if len(values) < 2 or not np.isfinite(values).all() or not values.std(ddof=1) > 0:
        return math.nan
    from pingouin import compute_effsize

    return float(compute_effsize(values, null_value))

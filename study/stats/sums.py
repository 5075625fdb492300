"""Sums whose bits are the same for a variable wherever it stands, whatever stands beside it, on every processor.

A matrix product promises no order of summation: rows that are equal can differ in the last digit by where they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Sums held together: few enough to stay in the cache while the terms are added.
_CELLS: Final = 1 << 15


def weighted_sums(variables: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of `variables` (k, n) with each of many sets of `weights` (n, sets), as (k, sets).

    The matrix product, its terms added one after another in the order of the n observations.
    """
    k, sets = len(variables), weights.shape[1]
    sums = np.zeros((k, sets))
    width = max(_CELLS // max(k, 1), 1)
    for start in range(0, sets, width):
        batch = slice(start, start + width)
        part = np.zeros((k, min(width, sets - start)))
        terms = np.empty_like(part)
        for column, weight in zip(variables.T, weights[:, batch], strict=True):
            part += np.multiply(column[:, np.newaxis], weight, out=terms)
        sums[:, batch] = part
    return sums


def all_sums(choices: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the sum for every way of picking one entry from each of `choices`.

    Each entry of `choices` is (c_i,); the result is (prod c_i,) and its first entry picks the first of each.
    """
    sums = np.zeros(1)
    for values in choices:
        sums = (sums[:, np.newaxis] + values).ravel()
    return sums

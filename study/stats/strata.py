"""Strata: sets of rows within which, and only within which, observations may trade places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def stratum_members(strata: ArrayLike, n: int) -> list[NDArray[np.intp]]:
    """Return the row indices of each stratum, strata in sorted order of their labels.

    `strata` is (n,), one sortable label per row. NaN labels form one stratum.

    Raises
    ------
    ValueError
        If `strata` is not 1-dimensional with `n` entries.
    """
    labels: NDArray[Any] = np.asarray(strata)
    if labels.shape != (n,):
        raise ValueError(f"strata has shape {labels.shape}: it must have one label per observation, shape ({n},)")
    _, codes = np.unique(labels, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def singleton_note(members: list[NDArray[np.intp]]) -> str:
    """Return a caution naming how many strata hold one row and so carry no information, or ""."""
    singletons = sum(rows.size == 1 for rows in members)
    return f"strata of one observation: {singletons} of {len(members)}" if singletons else ""

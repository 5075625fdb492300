"""The bootstrap as one writes it first, a statistic called once a resample: what the fast ones must agree with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.bootstrap import resampled_rows
from study.stats.intervals import Method, interval_from, require_options
from study.stats.outcomes import (
    FEWEST_OBSERVATIONS,
    Interval,
    require_same_length,
    undefined_interval,
)
from study.stats.strata import stratum_members


def bootstrap_interval(
    data: tuple[NDArray[Any], ...],
    statistic: Callable[..., float],
    *,
    strata: ArrayLike | None,
    confidence_level: float,
    n_resamples: int,
    method: Method,
    rng: np.random.Generator,
) -> Interval:
    """Return a bootstrap confidence interval of `statistic(*data)`.

    Each array of `data` is (n, ...): row i of all of them together is one experimental unit, drawn whole. With
    `strata` (n,) as many rows are drawn from each stratum as it has, and put in its places, so that labels passed in
    `data` stay right. `statistic` returns a float, NaN where it is undefined. Resamples on which it is NaN are counted
    in `note` and left out; at 5 % of them the interval is undefined. "BCa" falls back on "percentile" where its
    corrections are undefined, and `kind` and `note` say so. Undefined, with a note, if n < 3 or the statistic is NaN
    or the same on every resample.

    Raises
    ------
    ValueError
        If `data` is empty, lengths differ, or `method`, `n_resamples` or `confidence_level` is not allowed.

    Assumes independent rows, identically distributed within strata. Resampling a stratum of a few rows understates
    its spread.

    Source: Efron (1987), JASA 82:171-185; acceleration over several samples as in Efron and Tibshirani (1993), An
    Introduction to the Bootstrap, eq. 15.36.
    """
    require_options(confidence_level, n_resamples, method)
    if not data:
        raise ValueError("data = () is not allowed: it must hold at least one array")
    require_same_length(**{f"data[{i}]": array for i, array in enumerate(data)})
    n = data[0].shape[0]
    members = [np.arange(n)] if strata is None else stratum_members(strata, n)
    if n < FEWEST_OBSERVATIONS:
        return undefined_interval(confidence_level, f"fewer than {FEWEST_OBSERVATIONS} observations")

    def on_rows(rows: NDArray[np.intp]) -> float:
        return float(statistic(*(array[rows] for array in data)))

    distribution = np.array([on_rows(rows) for rows in resampled_rows(members, n_resamples, rng)])
    jackknife = _jackknife(on_rows, n) if method == "BCa" else None
    return interval_from(on_rows(np.arange(n)), distribution, jackknife, members, confidence_level)


def _jackknife(on_rows: Callable[[NDArray[np.intp]], float], n: int) -> NDArray[np.float64]:
    return np.array([on_rows(np.delete(np.arange(n), i)) for i in range(n)])

"""Means over networks, as figures show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study import stats


@dataclass(frozen=True)
class NetworkMean:
    """The mean of the `networks` that have a value, with its 95 % bootstrap interval; `undefined` have none."""

    mean: float
    low: float
    high: float
    networks: int
    undefined: int

    @property
    def columns(self) -> dict[str, float]:
        """Return the columns of a figure's table."""
        return {
            "value": self.mean,
            "ci_low": self.low,
            "ci_high": self.high,
            "networks": self.networks,
            "undefined": self.undefined,
        }


def mean_over_networks(values: NDArray[Any], *, rng: np.random.Generator, n_resamples: int = 2000) -> NetworkMean:
    """Return the mean over networks of `values` (network,); NaN and infinity are left out, NaN where none is left."""
    defined = values[np.isfinite(values)]
    interval = stats.mean_interval(defined, confidence_level=0.95, n_resamples=n_resamples, method="BCa", rng=rng)
    mean = float(defined.mean()) if defined.size else float("nan")
    return NetworkMean(mean, interval.low, interval.high, int(defined.size), int(values.size - defined.size))


def means_over_networks(
    rows: NDArray[Any], *, rng: np.random.Generator, n_resamples: int = 2000
) -> tuple[NetworkMean, ...]:
    """Return `mean_over_networks` of each of `rows` (k, network); those that are defined in the same networks share resamples."""
    defined, means = np.isfinite(rows), {}
    for pattern in {row.tobytes(): row for row in defined}.values():
        alike = np.flatnonzero((defined == pattern).all(axis=1))
        values = np.ascontiguousarray(rows[alike][:, pattern])
        intervals = stats.mean_intervals(values, confidence_level=0.95, n_resamples=n_resamples, method="BCa", rng=rng)
        for place, row, interval in zip(alike.tolist(), values, intervals, strict=True):
            mean = float(row.mean()) if row.size else float("nan")
            means[place] = NetworkMean(mean, interval.low, interval.high, row.size, rows.shape[1] - row.size)
    return tuple(means[place] for place in range(len(rows)))

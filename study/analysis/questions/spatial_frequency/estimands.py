"""The range of a unit's preferred orientations over spatial frequencies."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.layers import layer_means, tuning_of, units_of
from study.tuning import SELECTIVE

GROUPS = {"all selective units": 1, "at least two frequencies": 2}  # and the fewest frequencies of their units


def preferred_ranges(study: xr.DataTree, fewest_frequencies: int) -> xr.DataArray:
    """Return the range of preferred orientations, (network, unit); NaN but for selective units with enough frequencies."""
    tuning = tuning_of(study, "analysed")
    counted = (tuning["gosi"] > SELECTIVE) & (tuning["spatial_frequency_count"] >= fewest_frequencies)
    return tuning["spatial_frequency_range"].where(counted)


def defined_ranges(ranges: xr.DataArray, layer: str) -> NDArray[np.float64]:
    """Return the ranges of one layer's units that have one, all networks' units pooled."""
    values: NDArray[np.float64] = units_of(ranges, layer).values
    return values[~np.isnan(values)]


def zero_range_share(study: xr.DataTree, fewest_frequencies: int) -> xr.DataArray:
    """Return the share of selective units whose range is 0: (network, layer); NaN where a layer has no such unit.

    Parameters
    ----------
    study
        The measured networks.
    fewest_frequencies
        Only units with at least so many spatial frequencies above half peak; with one alone the range is 0 by
        construction.
    """
    ranges = preferred_ranges(study, fewest_frequencies)
    return layer_means((ranges == 0).where(ranges.notnull()))

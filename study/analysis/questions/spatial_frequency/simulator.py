"""Simulated ranges of preferred orientations over spatial frequency."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.simulation.population import Design, Simulator, Truth, silent_units, uniform
from study.analysis.simulation.stored_groups import group, unit_labels
from study.analysis.simulation.tuned_units import binomial_error, gosi_by_selectivity, planted_in_units, tuning_group

MULTIPLE: Final = 0.9  # share of selective units with at least two spatial frequencies above half peak
SELECTIVE_SHARE: Final = 0.4  # of units


def zero_range(rng: np.random.Generator, design: Design, truth: Truth, *, fewest_frequencies: int) -> xr.DataTree:
    """Simulate selective units' ranges of preferred orientations; with a single frequency the range is always 0.

    `Truth.theta` is the expected share of selective units with a range of 0, of those with so many frequencies at least.
    """
    units = design.unit_counts(truth.layers)
    multiple = 1.0 if fewest_frequencies == 1 else MULTIPLE
    within = binomial_error(truth.theta, units * SELECTIVE_SHARE * multiple)
    silent = silent_units(rng, design, truth.layers)
    share = planted_in_units(rng, design, truth, within, 0.4 - abs(truth.theta - 0.5))
    several = uniform(rng, silent.shape, 0, 1) < MULTIPLE
    if fewest_frequencies == 1:  # the single ones have range 0, so the others must have it less often
        share = (share - (1 - MULTIPLE)) / MULTIPLE
    zero = ~several | (uniform(rng, silent.shape, 0, 1) < share)
    selective = uniform(rng, silent.shape, 0, 1) < SELECTIVE_SHARE
    ranges = np.where(zero, 0, 15 * rng.integers(1, 6, silent.shape, dtype=np.int8)).astype(np.float32)
    ranges = np.where(selective, ranges, np.float32(np.nan))
    gosi = gosi_by_selectivity(rng, selective)
    tuned = {"gosi": gosi[:, None], "spatial_frequency_range": ranges[:, None]}
    tuning = tuning_group(design, truth, ("analysed",), silent[:, None], **tuned)["/tuning"]
    frequencies = np.where(silent, 0, np.where(several, rng.integers(2, 6, silent.shape, dtype=np.int8), 1))
    labels = {"state": ["analysed"], **unit_labels(truth.layers, units)}
    counted = group("tuning", design, {"spatial_frequency_count": frequencies[:, None]}, labels)["/tuning"]
    return xr.DataTree.from_dict({"/tuning": tuning.assign(counted.data_vars)})


SIMULATORS: Mapping[str, Simulator] = {
    "zero_range_share": partial(zero_range, fewest_frequencies=1),
    "zero_range_share_two_frequencies": partial(zero_range, fewest_frequencies=2),
}

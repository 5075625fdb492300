"""Simulated breadths of units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.simulation.population import Design, Simulator, Truth, uniform
from study.analysis.simulation.stored_groups import group, unit_labels
from study.analysis.simulation.tuned_units import planted_in_units

NOISE: Final = 0.1  # half the width of the uniform noise of a unit's breadth


def mean_breadth(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate breadths of units; `Truth.theta` is the expected mean of a layer."""
    counts = design.unit_counts(truth.layers)
    within = NOISE / np.sqrt(3 * counts)
    breadth = planted_in_units(rng, design, truth, within, min(truth.theta, 1 - truth.theta) - NOISE)
    breadth = breadth + uniform(rng, breadth.shape, -NOISE, NOISE)
    return xr.DataTree.from_dict(group("breadth", design, {"breadth": breadth}, unit_labels(truth.layers, counts)))


SIMULATORS: Mapping[str, Simulator] = {"mean_breadth": mean_breadth}

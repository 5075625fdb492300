"""Simulated selectivity: shares of selective units, and gOSI, above those of the units' own shuffles.

Each function plants `Truth.theta` as the expectation over networks of the measure it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr

from study.analysis.simulation import population, tuned_units
from study.analysis.simulation.population import Design, Simulator, Truth
from study.vocabulary.schema import NORMALISED, STATES


def selective_excess(rng: np.random.Generator, design: Design, truth: Truth, *, state: str) -> xr.DataTree:
    """Simulate shares of selective units above those of the units' own shuffles; every unit has its own chance."""
    within = tuned_units.binomial_error(0.35, design.unit_counts(truth.layers))
    silent = population.silent_units(rng, design, truth.layers)
    chance = population.uniform(rng, silent.shape, 0.25, 0.45)
    share = chance + tuned_units.planted_in_units(rng, design, truth, within, 0.24)
    gosi = tuned_units.gosi_by_selectivity(rng, population.uniform(rng, silent.shape, 0, 1) < share)
    tuned = {"gosi": gosi[:, None], "gosi_null_selective": chance[:, None]}
    return xr.DataTree.from_dict(tuned_units.tuning_group(design, truth, (state,), silent[:, None], **tuned))


def gosi_excess(rng: np.random.Generator, design: Design, truth: Truth, *, null: str) -> xr.DataTree:
    """Simulate gOSI above the mean of the units' own shuffles, the variable `null`; every unit has its own mean."""
    within = tuned_units.GOSI_NOISE / np.sqrt(3 * design.unit_counts(truth.layers) * (1 - population.SILENT))
    silent = population.silent_units(rng, design, truth.layers)
    chance = population.uniform(rng, silent.shape, 0.32, 0.42)
    noise = population.uniform(rng, silent.shape, -tuned_units.GOSI_NOISE, tuned_units.GOSI_NOISE)
    gosi = chance + tuned_units.planted_in_units(rng, design, truth, within, 0.15) + noise
    tuned = {"gosi": gosi[:, None], null: chance[:, None]}
    return xr.DataTree.from_dict(tuned_units.tuning_group(design, truth, ("analysed",), silent[:, None], **tuned))


def gosi_excess_gain(rng: np.random.Generator, design: Design, truth: Truth, *, untrained: str) -> xr.DataTree:
    """Simulate gOSI above the mean of the units' own shuffles before training, and `theta` farther above it after."""
    within = tuned_units.GOSI_NOISE * np.sqrt(2 / (3 * design.unit_counts(truth.layers) * (1 - population.SILENT)))
    silent = np.stack([population.silent_units(rng, design, truth.layers) for _ in range(2)], axis=1)
    chance = population.uniform(rng, silent.shape, 0.2, 0.3)
    noise = population.uniform(rng, silent.shape, -tuned_units.GOSI_NOISE, tuned_units.GOSI_NOISE)
    gosi = chance + 0.1 + noise
    gosi[:, 1] += tuned_units.planted_in_units(rng, design, truth, within, 0.18)
    tuned = {"gosi": gosi, "gosi_null_mean": chance}
    return xr.DataTree.from_dict(tuned_units.tuning_group(design, truth, (untrained, "analysed"), silent, **tuned))


SIMULATORS: Mapping[str, Simulator] = {
    "selective_excess": partial(selective_excess, state="analysed"),
    "gosi_excess": partial(gosi_excess, null="gosi_null_mean"),
    "gosi_orientation_excess": partial(gosi_excess, null="gosi_orientation_null_mean"),
    "gosi_excess_gain": partial(gosi_excess_gain, untrained=NORMALISED),
    "gosi_excess_gain_identity": partial(gosi_excess_gain, untrained=STATES[0]),
}

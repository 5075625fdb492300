"""Simulated selectivity before training, and what training adds to it.

Each function plants `Truth.theta` as the expectation over networks of the measure it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr

from study.analysis.questions.existence.simulator import selective_excess
from study.analysis.simulation import population, tuned_units
from study.analysis.simulation.population import Design, Simulator, Truth
from study.vocabulary.schema import NORMALISED, STATES

UNTRAINED = (STATES[0], NORMALISED)  # alike here: an analysis of either finds what is planted


def selective_share(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate shares of selective units with the initial weights, the same in both untrained states."""
    within = tuned_units.binomial_error(truth.theta, design.unit_counts(truth.layers))
    silent = population.silent_units(rng, design, truth.layers)
    share = tuned_units.planted_in_units(rng, design, truth, within, min(truth.theta, 1 - truth.theta))
    gosi = tuned_units.gosi_by_selectivity(rng, population.uniform(rng, silent.shape, 0, 1) < share)
    both = {"gosi": np.repeat(gosi[:, None], len(UNTRAINED), axis=1)}
    silent_in_both = np.repeat(silent[:, None], len(UNTRAINED), axis=1)
    return xr.DataTree.from_dict(tuned_units.tuning_group(design, truth, UNTRAINED, silent_in_both, **both))


def gosi_gain(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate gOSI with the initial and the analysed weights of the same units, which are silent now and then.

    Both untrained states are the same.
    """
    within = tuned_units.GOSI_NOISE * np.sqrt(2 / (3 * design.unit_counts(truth.layers) * (1 - population.SILENT)))
    silent = np.stack([population.silent_units(rng, design, truth.layers) for _ in range(2)], axis=1)
    before = population.uniform(rng, (design.rows, silent.shape[-1]), 0.34, 0.44)
    gosi = before[:, None] + population.uniform(rng, silent.shape, -tuned_units.GOSI_NOISE, tuned_units.GOSI_NOISE)
    gosi[:, 1] += tuned_units.planted_in_units(rng, design, truth, within, 0.18)
    states, places = (*UNTRAINED, "analysed"), [0] * len(UNTRAINED) + [1]
    tuned = tuned_units.tuning_group(design, truth, states, silent[:, places], gosi=gosi[:, places])
    return xr.DataTree.from_dict(tuned)


SIMULATORS: Mapping[str, Simulator] = {
    "gosi_gain": gosi_gain,
    "gosi_gain_identity": gosi_gain,
    "initial_selective_share": selective_share,
    "initial_selective_share_normalised": selective_share,
    "initial_selective_excess": partial(selective_excess, state="initial"),
}

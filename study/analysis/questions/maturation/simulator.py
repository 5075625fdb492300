"""Simulated maturation: gOSI and validation loss after every epoch.

The datum of the test is a network's rank correlation over its epochs; `Truth.theta` is its mean over networks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.simulation.courses import falling_loss, following, unrelated_course, weight_of
from study.analysis.simulation.population import Design, Simulator, Truth, network_correlations
from study.analysis.simulation.stored_groups import group, unit_labels

MOST_EPOCHS: Final = 50
MATURING_UNITS: Final = 12  # of a layer: their mean is what counts, and there are many epochs


def maturation(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate gOSI and validation loss after every epoch, both autocorrelated and with trends.

    Every loss falls. A unit is silent at an epoch now and then, and left out of that epoch's mean by the analysis.
    """
    epochs = min(design.size.epochs, MOST_EPOCHS)
    counts = (MATURING_UNITS,) * len(truth.layers)
    loss = falling_loss(rng, design.rows, epochs)
    shape = (design.rows, len(truth.layers))
    apart = math.sqrt(0.5) * (unrelated_course(rng, (design.rows, 1), epochs) + unrelated_course(rng, shape, epochs))
    curves = following(loss[:, None], apart, weight_of(network_correlations(rng, design, truth, 0.5), epochs))
    before = -2 + 0.3 * rng.standard_normal((*shape, 1))
    means = 0.35 + 0.05 * np.concatenate([before, curves], axis=-1)
    units = np.repeat(means, MATURING_UNITS, axis=1).transpose(0, 2, 1).astype(np.float32)
    units += 0.03 * rng.standard_normal((design.rows, 1, units.shape[-1]), dtype=np.float32)
    units += 0.01 * rng.standard_normal(units.shape, dtype=np.float32)
    units[rng.random(units.shape, dtype=np.float32) < 0.01] = np.nan
    matured = {"epoch": np.arange(epochs + 1), **unit_labels(truth.layers, counts)}
    groups = group("maturation", design, {"gosi": np.clip(units, 0, 1)}, matured)
    groups |= group("training", design, {"validation_loss": loss}, {"epoch": np.arange(1, epochs + 1)})
    return xr.DataTree.from_dict(groups)


SIMULATORS: Mapping[str, Simulator] = {
    "gosi_against_validation_loss": maturation,
    "gosi_against_validation_loss_absence": maturation,
}

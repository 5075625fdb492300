"""Simulated maturation: gOSI and validation loss after every epoch.

The datum of the test is a network's rank correlation over its epochs, of the curves or of what is left when each epoch's
mean over networks is subtracted; `Truth.theta` is its mean over networks.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.simulation.courses import autocorrelated, fall, falling_loss, following, unrelated_course, weight_of
from study.analysis.simulation.population import (
    FARTHEST,
    Design,
    Floats,
    Simulator,
    Truth,
    deviations,
    kept_within,
    network_correlations,
)
from study.analysis.simulation.stored_groups import group, unit_labels
from study.registration import COMMON_TREND

MOST_EPOCHS: Final = 50
MATURING_UNITS: Final = 12  # of a layer: their mean is what counts, and there are many epochs
TREND_SD: Final = 0.5  # that a network's own epochs add to its rank correlation
LINK_SPREAD: Final = 0.5  # of the link over networks, relative to its mean; without a mean no network has any
UNEVEN: Final = 0.2  # standard deviation over networks of the strength of a common trend, where that departs
BESIDE: Final = 0.5  # standard deviation of what gOSI does beside its trend, whose own is 1


def maturation(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate gOSI and validation loss after every epoch, both autocorrelated and with trends.

    Every loss falls. Where the trend is common, networks have the trends of `linked` and no link, whatever `theta` is.
    """
    if design.departure == COMMON_TREND:
        return linked(rng, design, dataclasses.replace(truth, theta=0.0))
    epochs = min(design.size.epochs, MOST_EPOCHS)
    loss = falling_loss(rng, design.rows, epochs)
    shape = (design.rows, len(truth.layers))
    apart = math.sqrt(0.5) * (unrelated_course(rng, (design.rows, 1), epochs) + unrelated_course(rng, shape, epochs))
    weights = weight_of(network_correlations(rng, design, truth, TREND_SD), epochs, trends=True)
    return _stored(rng, design, truth, loss, following(loss[:, None], apart, weights))


def linked(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the same trends in all networks: loss falls and gOSI rises, whatever `theta` is.

    What a network's loss does beside falling is followed by its gOSI, as closely as `theta`, the rank correlation of
    both less their means over networks, has it. Where the common trend departs, it is stronger in some networks than in
    others, in loss and gOSI independently.
    """
    epochs = min(design.size.epochs, MOST_EPOCHS)
    beside = autocorrelated(rng, (design.rows,), epochs)
    shape = (design.rows, len(truth.layers))
    apart = math.sqrt(0.5) * (autocorrelated(rng, (design.rows, 1), epochs) + autocorrelated(rng, shape, epochs))
    links = truth.theta * (1 + LINK_SPREAD * deviations(rng, design, len(truth.layers)))
    links = kept_within(links, truth.theta, FARTHEST - abs(truth.theta))
    weights = weight_of(links, epochs, trends=False)
    of_loss, of_gosi = np.ones((design.rows, 1)), np.ones((*shape, 1))
    if design.departure == COMMON_TREND:
        of_loss = 1 + UNEVEN * rng.standard_normal(of_loss.shape)
        of_gosi = 1 + UNEVEN * rng.standard_normal((design.rows, 1, 1)) * of_gosi
    curves = of_gosi * fall(epochs) + BESIDE * following(beside[:, None], apart, weights)
    return _stored(rng, design, truth, 1.2 - 0.2 * of_loss * fall(epochs) + 0.05 * beside, curves)


def _stored(rng: np.random.Generator, design: Design, truth: Truth, loss: Floats, curves: Floats) -> xr.DataTree:
    """Return what is stored of losses (rows, epochs), and of units around curves of their layers (rows, layers, epochs).

    A unit is silent at an epoch now and then, and left out of that epoch's mean by the analysis.
    """
    counts, epochs = (MATURING_UNITS,) * len(truth.layers), loss.shape[-1]
    before = -2 + 0.3 * rng.standard_normal((*curves.shape[:2], 1))
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
    "link_within_networks": linked,
}

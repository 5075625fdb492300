"""Simulated associations: layer-mean gOSI with test loss, and with the rate of label corruption.

`Truth.theta` is Spearman's rho in the population: within augmentation, or over the rates that networks fit. Its standard
deviation over networks has no meaning here and is not used.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.simulation.population import (
    LAYER_SHARE,
    SILENT,
    Design,
    Floats,
    Truth,
    group,
    group_offsets,
    of_units,
    silent_units,
    spread_between,
    training_scores,
    unit_counts,
    unit_labels,
)

NETWORK_SD = 0.04  # of layer-mean gOSI over networks of one augmentation, as measured
UNIT_SD = 0.12  # of gOSI over the units of a layer
SIMPSON = 1.5  # distance of the augmentations' means, in standard deviations between networks of the same one
UNFIT_SHIFT = -3.0  # of the gOSI of a network that does not fit, in standard deviations


def pearson_of(rho: float) -> float:
    """Return the correlation of the bivariate normal distribution with Spearman's `rho`."""
    return 2 * math.sin(math.pi * rho / 6)


def normal_cdf(values: Floats) -> Floats:
    """Return the standard normal distribution function."""
    erf = np.vectorize(math.erf, otypes=[float])
    return np.asarray(0.5 * (1 + erf(np.asarray(values) / math.sqrt(2))))


def _unit_error(layers: tuple[str, ...]) -> Floats:
    return np.asarray(UNIT_SD / np.sqrt(unit_counts(layers) * (1 - SILENT)))


def _gosi_of_units(
    rng: np.random.Generator, design: Design, truth: Truth, means: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the gOSI of units around their layer's mean, and which are silent: (rows, state, units)."""
    silent = silent_units(rng, design, truth.layers)
    noise = UNIT_SD * rng.standard_normal(silent.shape, dtype=np.float32)
    gosi = np.clip(of_units(means, truth.layers) + noise, 0, 1)
    return np.where(silent, np.float32(np.nan), gosi)[:, None], silent[:, None]


def _layers_noise(rng: np.random.Generator, design: Design, layers: int) -> Floats:
    shared, own = rng.standard_normal((design.rows, 1)), rng.standard_normal((design.rows, layers))
    return math.sqrt(LAYER_SHARE) * shared + math.sqrt(1 - LAYER_SHARE) * own


def gosi_against_test_loss(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate gOSI and test loss associated at `theta` within augmentation.

    Augmentations that lower the loss raise gOSI, so that pooled networks are associated negatively whatever `theta` is:
    Simpson's paradox. Units add noise, so the network's true mean is associated more closely than what is measured.
    """
    error = _unit_error(truth.layers)
    between = spread_between(NETWORK_SD, error)
    closeness = pearson_of(truth.theta) * np.hypot(between, error) / between
    loss = rng.standard_normal((design.rows, 1))
    own = closeness * loss + np.sqrt(1 - closeness**2) * _layers_noise(rng, design, len(truth.layers))
    offsets = SIMPSON * group_offsets(design)
    gosi, silent = _gosi_of_units(rng, design, truth, 0.47 + between * own + NETWORK_SD * offsets[:, None])
    labels = {"state": ["analysed"], **unit_labels(truth.layers)}
    groups = group("tuning", design, {"gosi": gosi, "silent": silent}, labels)
    groups |= training_scores(design, test_loss=np.exp(0.1 * (loss[:, 0] - offsets)))
    return xr.DataTree.from_dict(groups)


def fitting_share(rates: Floats) -> Floats:
    """Return the share of networks that fit their labels, by rate of corruption: all below .4, .88 of them at 1."""
    return 1 - 0.2 * np.maximum(rates - 0.4, 0)


@cache
def _slopes(rates: tuple[float, ...], fitting_only: bool) -> tuple[Floats, Floats]:
    """Return slopes of a normal variable over the rates of corruption, and the Spearman's rho that each gives.

    The slope is the change from rate 0 to rate 1, in standard deviations at one rate; networks are there at all rates
    alike, or as many as fit their labels.
    """
    levels_at = np.array(rates)
    weights = fitting_share(levels_at) if fitting_only else np.ones(len(rates))
    weights = weights / weights.sum()
    ranks = np.cumsum(weights) - weights / 2 - 0.5
    slopes = np.linspace(-8, 8, 321)
    levels = slopes[:, None] * levels_at
    above = normal_cdf((levels[:, :, None] - levels[:, None, :]) / math.sqrt(2)) @ weights - 0.5
    return slopes, (above * ranks) @ weights / math.sqrt(float(weights @ ranks**2) / 12)


def slope_of(rho: float, rates: tuple[float, ...], *, fitting_only: bool) -> float:
    """Return the slope over the rates of corruption that gives a Spearman's `rho`; see `_slopes`."""
    slopes, correlations = _slopes(rates, fitting_only)
    return float(np.interp(rho, correlations, slopes))


def gosi_against_label_corruption(
    rng: np.random.Generator, design: Design, truth: Truth, *, fitting_only: bool, excess: bool
) -> xr.DataTree:
    """Simulate gOSI and the rate of label corruption associated at `theta`.

    Some networks do not fit their labels, more at high rates; where the association is that of the others
    (`fitting_only`) theirs is much lower, which is a trend by itself. With `excess` it is gOSI above the units' own
    shuffles that is associated, and the shuffled gOSI, which is sparseness, rises with the rate.
    """
    labels = {"state": ["analysed"], **unit_labels(truth.layers)}
    rates = np.array(design.size.label_corruptions)[design.places % len(design.size.label_corruptions)]
    fits = rng.random(design.rows) < fitting_share(rates)
    error = _unit_error(truth.layers)
    between = spread_between(NETWORK_SD, error)
    slope = slope_of(truth.theta, design.size.label_corruptions, fitting_only=fitting_only)
    trend = (
        slope * np.hypot(between, error) * rates[:, None] + UNFIT_SHIFT * NETWORK_SD * (~fits & fitting_only)[:, None]
    )
    means = trend + between * _layers_noise(rng, design, len(truth.layers))
    sparseness = 0.25 + (0.1 * rates[:, None] if excess else 0.0) + np.zeros(means.shape)
    gosi, silent = _gosi_of_units(rng, design, truth, 0.22 + sparseness + means)
    chance = np.where(silent, np.float32(np.nan), of_units(sparseness, truth.layers)[:, None])
    arrays = {"gosi": gosi, "silent": silent, "gosi_null_mean": chance}
    groups = group("tuning", design, arrays, labels)
    groups |= training_scores(design, final_train_accuracy=np.where(fits, 0.99, 0.8))
    return xr.DataTree.from_dict(groups)

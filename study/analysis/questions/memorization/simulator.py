"""Simulated association of layer-mean gOSI and the rate of label corruption.

`Truth.theta` is Spearman's rho in the population, over the rates that networks fit. Its standard deviation over networks
has no meaning here and is not used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, partial
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.simulation.population import (
    Design,
    Floats,
    Simulator,
    Truth,
    layers_noise,
    normal_cdf,
    of_units,
    spread_between,
    spread_by,
    stratum_correlations,
)
from study.analysis.simulation.stored_groups import group, training_scores, unit_labels
from study.analysis.simulation.tuned_units import NETWORK_SD, gosi_around, mean_error

UNFIT_SHIFT: Final = -3.0  # of the gOSI of a network that does not fit, in standard deviations


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


def slope_of(rho: Floats | float, rates: tuple[float, ...], *, fitting_only: bool) -> Floats:
    """Return the slopes over the rates of corruption that give these Spearman's `rho`; see `_slopes`."""
    slopes, correlations = _slopes(rates, fitting_only)
    return np.asarray(np.interp(rho, correlations, slopes))


def gosi_against_label_corruption(
    rng: np.random.Generator, design: Design, truth: Truth, *, fitting_only: bool, excess: bool
) -> xr.DataTree:
    """Simulate gOSI and the rate of label corruption associated at `theta`.

    Some networks do not fit their labels, more at high rates; where the association is that of the others
    (`fitting_only`) theirs is much lower, which is a trend by itself. With `excess` it is gOSI above the units' own
    shuffles that is associated, and the shuffled gOSI, which is sparseness, rises with the rate.
    """
    counts = design.unit_counts(truth.layers)
    rates = np.array(design.size.label_corruptions)[design.places % len(design.size.label_corruptions)]
    fits = rng.random(design.rows) < fitting_share(rates)
    error = mean_error(design, truth.layers)
    between = spread_between(NETWORK_SD, error)
    seed = design.places // len(design.size.label_corruptions)
    rho = stratum_correlations(design, truth.theta, seed)
    slope = slope_of(rho, design.size.label_corruptions, fitting_only=fitting_only)
    unfit = UNFIT_SHIFT * NETWORK_SD * (~fits & fitting_only)[:, None]
    trend = slope * np.hypot(between, error) * rates[:, None] + unfit
    means = trend + between * spread_by(layers_noise(rng, design, len(truth.layers)), design, rates)
    sparseness = 0.25 + (0.1 * rates[:, None] if excess else 0.0) + np.zeros(means.shape)
    gosi, silent = gosi_around(rng, design, truth, 0.22 + sparseness + means)
    chance = np.where(silent, np.float32(np.nan), of_units(sparseness, counts)[:, None])
    arrays = {"gosi": gosi, "silent": silent, "gosi_null_mean": chance}
    groups = group("tuning", design, arrays, {"state": ["analysed"], **unit_labels(truth.layers, counts)})
    groups |= training_scores(design, final_train_accuracy=np.where(fits, 0.99, 0.8))
    return xr.DataTree.from_dict(groups)


_OF_GOSI = partial(gosi_against_label_corruption, fitting_only=True, excess=False)

SIMULATORS: Mapping[str, Simulator] = {
    "gosi_against_label_corruption": _OF_GOSI,
    "gosi_against_label_corruption_absence": _OF_GOSI,
    "gosi_against_label_corruption_all": partial(gosi_against_label_corruption, fitting_only=False, excess=False),
    "gosi_excess_against_label_corruption": partial(gosi_against_label_corruption, fitting_only=True, excess=True),
}

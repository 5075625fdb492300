"""Simulated association of layer-mean gOSI and the rate of label corruption.

`Truth.theta` is the mean over seeds of Spearman's rho over the networks of a seed, one at each rate. Its standard deviation
over networks has no meaning here and is not used.
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

SEED_SHARE: Final = 0.5  # of the variance between networks of one rate, common to all rates of a seed


def fitting_share(rates: Floats) -> Floats:
    """Return the share of networks that fit their labels, by rate of corruption: all below .4, .88 of them at 1."""
    return 1 - 0.2 * np.maximum(rates - 0.4, 0)


@cache
def _slopes(rates: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return slopes of a normal variable over the rates of corruption, and the expected Spearman's rho of one at each rate.

    The slope is the change from rate 0 to rate 1, in standard deviations at one rate. The rank of one value is the number
    of those below it, whose expectation follows from the normal distribution of every difference.
    """
    levels_at, places = np.array(rates), np.arange(len(rates)) - (len(rates) - 1) / 2
    slopes = np.linspace(-16, 16, 641)
    levels = slopes[:, None] * levels_at
    ranks = normal_cdf((levels[:, :, None] - levels[:, None, :]) / math.sqrt(2)).sum(-1) - len(rates) / 2
    return slopes, ranks @ places / float(places @ places)


def slope_of(rho: Floats | float, rates: tuple[float, ...]) -> Floats:
    """Return the slopes over the rates of corruption that give these Spearman's `rho` within seeds; see `_slopes`."""
    slopes, correlations = _slopes(rates)
    return np.asarray(np.interp(rho, correlations, slopes))


def gosi_against_label_corruption(
    rng: np.random.Generator, design: Design, truth: Truth, *, excess: bool
) -> xr.DataTree:
    """Simulate gOSI and the rate of label corruption associated at `theta` within seeds.

    Networks that share a seed share half of what tells networks of one rate apart. Some networks do not fit their labels,
    more at high rates, and are like the others. With `excess` it is gOSI above the units' own shuffles that is associated,
    and the shuffled gOSI, which is sparseness, rises with the rate.
    """
    counts, rates_of_all = design.unit_counts(truth.layers), design.size.label_corruptions
    rates = np.array(rates_of_all)[design.places % len(rates_of_all)]
    error = mean_error(design, truth.layers)
    between = spread_between(NETWORK_SD, error)
    of_networks = spread_by(layers_noise(rng, design, len(truth.layers)), design, rates)
    first = np.arange(design.rows) - design.places % len(rates_of_all)  # of the networks that share a study and a seed
    of_seeds = layers_noise(rng, design, len(truth.layers))[first]
    noise = math.sqrt(SEED_SHARE) * of_seeds + math.sqrt(1 - SEED_SHARE) * of_networks
    within = np.sqrt((1 - SEED_SHARE) * between**2 + error**2)  # what is left of the spread in the networks of a seed
    rho = stratum_correlations(design, truth.theta, design.places // len(rates_of_all))
    means = slope_of(rho, rates_of_all) * within * rates[:, None] + between * noise
    sparseness = 0.25 + (0.1 * rates[:, None] if excess else 0.0) + np.zeros(means.shape)
    gosi, silent = gosi_around(rng, design, truth, 0.22 + sparseness + means)
    chance = np.where(silent, np.float32(np.nan), of_units(sparseness, counts)[:, None])
    arrays = {"gosi": gosi, "silent": silent, "gosi_null_mean": chance}
    groups = group("tuning", design, arrays, {"state": ["analysed"], **unit_labels(truth.layers, counts)})
    fits = rng.random(design.rows) < fitting_share(rates)
    groups |= training_scores(design, final_train_accuracy=np.where(fits, 0.99, 0.8))
    return xr.DataTree.from_dict(groups)


_OF_GOSI = partial(gosi_against_label_corruption, excess=False)

SIMULATORS: Mapping[str, Simulator] = {
    "gosi_against_label_corruption": _OF_GOSI,
    "gosi_against_label_corruption_absence": _OF_GOSI,
    "gosi_excess_against_label_corruption": partial(gosi_against_label_corruption, excess=True),
}

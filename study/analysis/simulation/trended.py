"""Simulated courses: gOSI and validation loss over epochs, and variation under shifts over the layers of a network.

The datum of either test is a network's rank correlation over an ordered series; `Truth.theta` is its mean over networks.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.simulation.associated import normal_cdf
from study.analysis.simulation.population import (
    UNITS,
    Design,
    Floats,
    Truth,
    deviations,
    group,
    kept_within,
    spread_between,
    unit_labels,
)

AUTOCORRELATION: Final = 0.8  # of neighbouring epochs
TREND: Final = 0.1  # share of a trend, up or down, in the variance of what has nothing to do with the loss
MOST_EPOCHS: Final = 50
MATURING_UNITS: Final = 12  # of a layer: their mean is what counts, and there are many epochs
FARTHEST: Final = 0.97  # from 0 that a network's expected rank correlation may lie

_CURVES: Final = 4000  # simulated for each weight in the table of expected correlations


def autocorrelated(rng: np.random.Generator, shape: tuple[int, ...], epochs: int) -> Floats:
    """Return stationary series of unit variance whose neighbours correlate at .8: (*shape, epochs)."""
    series = rng.standard_normal((*shape, epochs))
    for epoch in range(1, epochs):
        series[..., epoch] *= math.sqrt(1 - AUTOCORRELATION**2)
        series[..., epoch] += AUTOCORRELATION * series[..., epoch - 1]
    return series


def _fall(epochs: int) -> Floats:
    """Return how far a loss has fallen after each epoch, mean 0 and variance 1: (epochs,)."""
    fallen = 1 - np.exp(-np.arange(epochs) / (epochs / 3))
    return np.asarray((fallen - fallen.mean()) / fallen.std())


def falling_loss(rng: np.random.Generator, rows: int, epochs: int) -> Floats:
    """Return validation losses that fall, level off and go up and down on the way: (rows, epochs)."""
    return 1.2 - 0.2 * _fall(epochs) + 0.05 * autocorrelated(rng, (rows,), epochs)


def own_course(rng: np.random.Generator, shape: tuple[int, ...], epochs: int) -> Floats:
    """Return series that have nothing to do with any loss, though a trend of their own, up or down: (*shape, epochs)."""
    trend = rng.standard_normal((*shape, 1)) * _fall(epochs)
    return math.sqrt(TREND) * trend + math.sqrt(1 - TREND) * autocorrelated(rng, shape, epochs)


def following(loss: Floats, own: Floats, weight: Floats) -> Floats:
    """Return curves (..., epochs) that follow the fall of a loss by a weight (...) from -1 to 1, else their own course."""
    standard = (loss - loss.mean(-1, keepdims=True)) / loss.std(-1, keepdims=True)
    return np.asarray(-weight[..., None] * standard + np.sqrt(1 - weight[..., None] ** 2) * own)


@cache
def _expected_correlations(epochs: int) -> tuple[Floats, Floats]:
    """Return weights of `following`, and the mean Spearman's rho with the loss that each gives, by simulation."""
    rng = np.random.Generator(np.random.PCG64DXSM(epochs))
    weights = np.concatenate([np.linspace(0, 0.9, 19), [0.95, 0.98, 0.99, 1.0]])
    loss, own = falling_loss(rng, _CURVES, epochs), own_course(rng, (_CURVES,), epochs)
    rho = [_mean_rho(following(loss, own, np.full(_CURVES, weight)), loss) for weight in weights[1:]]
    falling = np.minimum.accumulate([0.0, *rho])
    return np.concatenate([-weights[:0:-1], weights]), np.concatenate([-falling[:0:-1], falling])


def _mean_rho(x: Floats, y: Floats) -> float:
    """Return the mean over rows of Spearman's rho, without ties."""
    ranks = [np.argsort(np.argsort(series, axis=-1), axis=-1) - (series.shape[-1] - 1) / 2 for series in (x, y)]
    return float(np.mean((ranks[0] * ranks[1]).sum(-1) / (ranks[0] ** 2).sum(-1)))


def weight_of(rho: Floats, epochs: int) -> Floats:
    """Return the weights of `following` whose curves have these expected rank correlations with the loss."""
    weights, correlations = _expected_correlations(epochs)
    return np.interp(-rho, -correlations, weights)


def _targets(rng: np.random.Generator, design: Design, truth: Truth, within: float) -> Floats:
    """Return the expected rank correlation of every network and layer, `theta` on average."""
    own = truth.theta + spread_between(truth.sd, within) * deviations(rng, design, len(truth.layers))
    return kept_within(own, truth.theta, FARTHEST - abs(truth.theta))


def maturation(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate gOSI and validation loss after every epoch, both autocorrelated and with trends.

    Every loss falls. A unit is silent at an epoch now and then, and left out of that epoch's mean by the analysis.
    """
    epochs = min(design.size.epochs, MOST_EPOCHS)
    counts = (MATURING_UNITS,) * len(truth.layers)
    loss = falling_loss(rng, design.rows, epochs)
    shape = (design.rows, len(truth.layers))
    own = math.sqrt(0.5) * (own_course(rng, (design.rows, 1), epochs) + own_course(rng, shape, epochs))
    curves = following(loss[:, None], own, weight_of(_targets(rng, design, truth, 0.5), epochs))
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


@cache
def _expected_falls() -> tuple[Floats, Floats]:
    """Return slopes over depth, and the exact mean of Spearman's rho over the layers that each gives.

    Rho is linear in the ranks of the layers, and a layer's expected rank is the sum of its chances to lie above another.
    """
    depth = np.arange(len(UNITS)) - (len(UNITS) - 1) / 2
    slopes = np.linspace(-6, 6, 481)
    levels = slopes[:, None] * depth
    ranks = normal_cdf((levels[:, :, None] - levels[:, None, :]) / math.sqrt(2)).sum(-1)
    return slopes, (ranks @ depth) / float(depth @ depth)


def variation_over_depth(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the intact network's coefficients of variation, layer by layer: Spearman's rho with depth is `theta`."""
    own = _targets(rng, design, truth, 0.35)[:, :1]
    slopes, correlations = _expected_falls()
    slope = np.interp(own, correlations, slopes)
    log_cv = -1 + 0.1 * (slope * np.arange(len(UNITS)) + rng.standard_normal((design.rows, len(UNITS))))
    coords = {"condition": ["intact"], "layer": list(UNITS)}
    return xr.DataTree.from_dict(group("shift_invariance", design, {"cv_mean": np.exp(log_cv)[:, None]}, coords))

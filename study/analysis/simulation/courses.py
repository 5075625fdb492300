"""Simulated courses over epochs: losses that fall, and curves that follow them as closely as planted, or go another way."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np

from study.analysis.simulation.population import Floats

AUTOCORRELATION: Final = 0.8  # of neighbouring epochs
TREND: Final = 0.1  # share of a trend, up or down, in the variance of what has nothing to do with the loss

_CURVES: Final = 4000  # simulated for each weight in the table of expected correlations


def autocorrelated(rng: np.random.Generator, shape: tuple[int, ...], epochs: int) -> Floats:
    """Return stationary series of unit variance whose neighbours correlate at .8: (*shape, epochs)."""
    series = rng.standard_normal((*shape, epochs))
    for epoch in range(1, epochs):
        series[..., epoch] *= math.sqrt(1 - AUTOCORRELATION**2)
        series[..., epoch] += AUTOCORRELATION * series[..., epoch - 1]
    return series


def fall(epochs: int) -> Floats:
    """Return how far a loss has fallen after each epoch, mean 0 and variance 1: (epochs,)."""
    fallen = 1 - np.exp(-np.arange(epochs) / (epochs / 3))
    return np.asarray((fallen - fallen.mean()) / fallen.std())


def falling_loss(rng: np.random.Generator, rows: int, epochs: int) -> Floats:
    """Return validation losses that fall, level off and go up and down on the way: (rows, epochs)."""
    return 1.2 - 0.2 * fall(epochs) + 0.05 * autocorrelated(rng, (rows,), epochs)


def unrelated_course(rng: np.random.Generator, shape: tuple[int, ...], epochs: int) -> Floats:
    """Return series that have nothing to do with any loss, though a trend of their own, up or down: (*shape, epochs)."""
    trend = rng.standard_normal((*shape, 1)) * fall(epochs)
    return math.sqrt(TREND) * trend + math.sqrt(1 - TREND) * autocorrelated(rng, shape, epochs)


def following(loss: Floats, apart: Floats, weight: Floats) -> Floats:
    """Return curves (..., epochs) that follow the fall of a loss by a weight (...) from -1 to 1, else an unrelated course."""
    standard = (loss - loss.mean(-1, keepdims=True)) / loss.std(-1, keepdims=True)
    return np.asarray(-weight[..., None] * standard + np.sqrt(1 - weight[..., None] ** 2) * apart)


@cache
def _expected_correlations(epochs: int, trends: bool) -> tuple[Floats, Floats]:
    """Return weights of `following`, and the mean Spearman's rho with the loss that each gives, by simulation."""
    rng = np.random.Generator(np.random.PCG64DXSM(epochs))
    weights = np.concatenate([np.linspace(0, 0.9, 19), [0.95, 0.98, 0.99, 1.0]])
    if trends:
        loss, apart = falling_loss(rng, _CURVES, epochs), unrelated_course(rng, (_CURVES,), epochs)
    else:
        loss, apart = autocorrelated(rng, (_CURVES,), epochs), autocorrelated(rng, (_CURVES,), epochs)
    rho = [_mean_rho(following(loss, apart, np.full(_CURVES, weight)), loss) for weight in weights[1:]]
    falling = np.minimum.accumulate([0.0, *rho])
    return np.concatenate([-weights[:0:-1], weights]), np.concatenate([-falling[:0:-1], falling])


def _mean_rho(x: Floats, y: Floats) -> float:
    """Return the mean over rows of Spearman's rho, without ties."""
    ranks = [np.argsort(np.argsort(series, axis=-1), axis=-1) - (series.shape[-1] - 1) / 2 for series in (x, y)]
    return float(np.mean((ranks[0] * ranks[1]).sum(-1) / (ranks[0] ** 2).sum(-1)))


def weight_of(rho: Floats, epochs: int, *, trends: bool) -> Floats:
    """Return the weights of `following` whose curves have these expected rank correlations with what they follow.

    That is a falling loss, the other course being unrelated (`trends`), or what a loss does beside falling, both courses
    without a trend.
    """
    weights, correlations = _expected_correlations(epochs, trends)
    return np.interp(-rho, -correlations, weights)

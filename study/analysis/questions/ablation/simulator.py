"""Simulated ablation: the loss with halves of a layer ablated, and what the halves' units respond.

Each function plants `Truth.theta` as the expectation over networks of the measure it stands for. Effects of ablation have
heavy tails (Student's t) between networks, and random halves scatter within them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.simulation.population import (
    SILENT,
    Design,
    Floats,
    Simulator,
    Truth,
    deviations,
    heavy_tailed,
    kept_within,
    of_units,
    silent_units,
    spread_between,
)
from study.analysis.simulation.stored_groups import group, unit_labels
from study.vocabulary.schema import TARGETS

DRAW_FREEDOM: Final = 6.0  # of Student's t, for random halves of one network
UNDEFINED: Final = 0.01  # share of networks in which ablating a half does not raise the loss
RESPONSE_SD: Final = 0.35  # of a unit's mean response, in units of its half's mean


def _costs(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return what ablating a half of a layer costs in each network, in nat."""
    return rng.lognormal(0.2, 0.4, shape)


def _losses(top: Floats, bottom: Floats) -> Floats:
    """Return losses with the top and the bottom half ablated, (..., target), of an intact loss of 1 nat."""
    return 1 + np.stack([top, bottom], axis=-1)


def standardized_effect(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the effect of ablating the more selective half, in units of random halves of the same network."""
    cost = _costs(rng, (design.rows, len(truth.layers)))
    scale = 0.4 * cost
    draws = rng.standard_t(DRAW_FREEDOM, (*cost.shape, design.size.null_draws)) * np.sqrt(1 - 2 / DRAW_FREEDOM)
    random = scale[..., None] * draws
    # The scale is estimated from the draws; dividing by the same estimate leaves the planted mean as it is.
    effect = heavy_tailed(rng, design, truth) * np.sqrt((random**2).mean(-1))
    loss = _losses(cost + effect / 2, cost - effect / 2)
    coords = {"clamp": ["output_zero"], "layer": list(truth.layers), "target": list(TARGETS)}
    arrays = {
        "baseline_loss": np.ones(design.rows),
        "loss": loss[:, None],
        "null_target_loss": loss,
        "null_effect": random,
    }
    return xr.DataTree.from_dict(group("ablation", design, arrays, coords))


def log2_ratio(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the ratio of what ablating either half costs; now and then a half costs nothing, and there is none."""
    ratio = heavy_tailed(rng, design, truth)
    cost = _costs(rng, ratio.shape)
    bottom = np.where(rng.random(ratio.shape) < UNDEFINED, -0.01, cost * 2 ** (-ratio / 2))
    loss = _losses(cost * 2 ** (ratio / 2), bottom)
    coords = {"clamp": ["output_zero"], "layer": list(truth.layers), "target": list(TARGETS)}
    arrays = {"baseline_loss": np.ones(design.rows), "loss": loss[:, None]}
    return xr.DataTree.from_dict(group("ablation", design, arrays, coords))


def clamp_effect(rng: np.random.Generator, design: Design, truth: Truth, *, clamp: str) -> xr.DataTree:
    """Simulate the difference of the losses with either half ablated in one way, in nat."""
    effect = heavy_tailed(rng, design, truth)
    cost = _costs(rng, effect.shape)
    loss = _losses(cost + effect / 2, cost - effect / 2)
    coords = {"clamp": [clamp], "layer": list(truth.layers), "target": list(TARGETS)}
    return xr.DataTree.from_dict(
        group("ablation", design, {"baseline_loss": np.ones(design.rows), "loss": loss[:, None]}, coords)
    )


def response_contrast(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the halves' mean responses to gratings; units differ, and silent ones are in neither half."""
    counts = design.unit_counts(truth.layers)
    within = RESPONSE_SD / np.sqrt(counts * (1 - SILENT))
    spread = spread_between(truth.sd, within) * deviations(rng, design, len(truth.layers))
    contrast = kept_within(truth.theta + spread, truth.theta, 0.9 - abs(truth.theta))
    silent = silent_units(rng, design, truth.layers)
    side = _halves(silent, counts)
    shape = RESPONSE_SD**-2
    response = rng.standard_gamma(shape, silent.shape, dtype=np.float32) / shape
    response *= np.where(silent, 0, 1 + side * of_units(contrast, counts))
    tuned = {"mean_response": response[:, None], "silent": silent[:, None]}
    labels = unit_labels(truth.layers, counts)
    groups = group("tuning", design, tuned, {"state": ["analysed"], **labels})
    return xr.DataTree.from_dict(groups | group("ablation", design, {"ablated": side}, labels))


def _halves(silent: NDArray[np.bool_], counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return which half of its layer each unit is in, (rows, units): 1 the top, -1 the bottom, 0 neither.

    Units are taken in turn, which is as good as any order where they are all alike; both halves have the same size.
    """
    side = np.zeros(silent.shape, dtype=np.int64)
    start = 0
    for count in counts:
        responding = ~silent[:, start : start + count]
        place = np.cumsum(responding, axis=1)
        paired = responding & (place <= responding.sum(axis=1, keepdims=True) // 2 * 2)
        side[:, start : start + count] = np.where(paired, 2 * (place % 2) - 1, 0)
        start += count
    return side


SIMULATORS: Mapping[str, Simulator] = {
    "standardized_effect": standardized_effect,
    "standardized_effect_absence": standardized_effect,
    "log2_ratio": log2_ratio,
    "response_contrast": response_contrast,
    "effect_relu_zero": partial(clamp_effect, clamp="relu_zero"),
    "effect_mean_clamp": partial(clamp_effect, clamp="mean"),
    "effect_resample": partial(clamp_effect, clamp="resample"),
}

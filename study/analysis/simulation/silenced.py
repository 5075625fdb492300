"""Simulated interventions: loss with halves of a layer silenced, and variation under shifts behind them.

Each function plants `Truth.theta` as the expectation over networks of the measure it is named after. Effects of silencing
have heavy tails (Student's t) between networks, and random halves scatter within them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.simulation.population import (
    SILENT,
    Design,
    Floats,
    Truth,
    deviations,
    group,
    kept_within,
    of_units,
    silent_units,
    spread_between,
    unit_counts,
    unit_labels,
)
from study.vocabulary.schema import SHIFTS, TARGETS, conditions

FREEDOM: Final = 4.0  # of Student's t, for effects between networks
DRAW_FREEDOM: Final = 6.0  # the same, for random halves of one network
UNDEFINED: Final = 0.01  # share of networks in which silencing a half does not raise the loss
RESPONSE_SD: Final = 0.35  # of a unit's mean response, in units of its half's mean
SHIFT_SILENCED: Final = ("conv2", "conv3")


def _heavy(rng: np.random.Generator, design: Design, truth: Truth) -> Floats:
    return truth.theta + truth.sd * deviations(rng, design, len(truth.layers), freedom=FREEDOM)


def _costs(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return what silencing a half of a layer costs in each network, in nat."""
    return rng.lognormal(0.2, 0.4, shape)


def _losses(top: Floats, bottom: Floats) -> Floats:
    """Return losses with the top and the bottom half silenced, (..., target), of an intact loss of 1 nat."""
    return 1 + np.stack([top, bottom], axis=-1)


def standardized_effect(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the effect of silencing the more selective half, in units of random halves of the same network."""
    cost = _costs(rng, (design.rows, len(truth.layers)))
    scale = 0.4 * cost
    draws = rng.standard_t(DRAW_FREEDOM, (*cost.shape, design.size.null_draws)) * np.sqrt(1 - 2 / DRAW_FREEDOM)
    random = scale[..., None] * draws
    # The scale is estimated from the draws; dividing by the same estimate leaves the planted mean as it is.
    effect = _heavy(rng, design, truth) * np.sqrt((random**2).mean(-1))
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
    """Simulate the ratio of what silencing either half costs; now and then a half costs nothing, and there is none."""
    ratio = _heavy(rng, design, truth)
    cost = _costs(rng, ratio.shape)
    bottom = np.where(rng.random(ratio.shape) < UNDEFINED, -0.01, cost * 2 ** (-ratio / 2))
    loss = _losses(cost * 2 ** (ratio / 2), bottom)
    coords = {"clamp": ["output_zero"], "layer": list(truth.layers), "target": list(TARGETS)}
    arrays = {"baseline_loss": np.ones(design.rows), "loss": loss[:, None]}
    return xr.DataTree.from_dict(group("ablation", design, arrays, coords))


def clamp_effect(rng: np.random.Generator, design: Design, truth: Truth, *, clamp: str) -> xr.DataTree:
    """Simulate the difference of the losses with either half silenced in one way, in nat."""
    effect = _heavy(rng, design, truth)
    cost = _costs(rng, effect.shape)
    loss = _losses(cost + effect / 2, cost - effect / 2)
    coords = {"clamp": [clamp], "layer": list(truth.layers), "target": list(TARGETS)}
    return xr.DataTree.from_dict(
        group("ablation", design, {"baseline_loss": np.ones(design.rows), "loss": loss[:, None]}, coords)
    )


def response_contrast(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the halves' mean responses to gratings; units differ, and silent ones are in neither half."""
    within = RESPONSE_SD / np.sqrt(unit_counts(truth.layers) * (1 - SILENT))
    spread = spread_between(truth.sd, within) * deviations(rng, design, len(truth.layers))
    contrast = kept_within(truth.theta + spread, truth.theta, 0.9 - abs(truth.theta))
    silent = silent_units(rng, design, truth.layers)
    side = _halves(silent, unit_counts(truth.layers))
    shape = RESPONSE_SD**-2
    response = rng.standard_gamma(shape, silent.shape, dtype=np.float32) / shape
    response *= np.where(silent, 0, 1 + side * of_units(contrast, truth.layers))
    tuned = {"mean_response": response[:, None], "silent": silent[:, None]}
    labels = unit_labels(truth.layers)
    groups = group("tuning", design, tuned, {"state": ["analysed"], **labels})
    return xr.DataTree.from_dict(groups | group("ablation", design, {"ablated": side}, labels))


def _halves(silent: NDArray[np.bool_], counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return which half of its layer each unit is in, (rows, units): 1 the top, -1 the bottom, 0 neither.

    Units are taken in turn, which is as good as any order where they are all alike; both halves have the same size.
    """
    side = np.zeros(silent.shape, dtype=np.int64)
    start = 0
    for count in counts:
        own = ~silent[:, start : start + count]
        place = np.cumsum(own, axis=1)
        paired = own & (place <= own.sum(axis=1, keepdims=True) // 2 * 2)
        side[:, start : start + count] = np.where(paired, 2 * (place % 2) - 1, 0)
        start += count
    return side


def fc1_variation(rng: np.random.Generator, design: Design, truth: Truth, *, reference: str) -> xr.DataTree:
    """Simulate FC 1's coefficient of variation with halves silenced; any half raises it above the intact network's.

    `theta` is the mean log ratio of the more selective half to `reference`, "random" or "bottom".
    """
    log_ratio = _heavy(rng, design, truth)
    names = conditions(SHIFT_SILENCED)
    log_cv = -1 + 0.1 * rng.standard_normal((design.rows, 1)) + np.zeros((design.rows, len(names)))
    for place, layer in enumerate(truth.layers):
        raised = log_cv[:, 0] + 0.15 + 0.03 * rng.standard_normal(design.rows)
        for half in ("random", "bottom"):
            own = 0.0 if half == reference else 0.03 * rng.standard_normal(design.rows)
            log_cv[:, names.index(f"{layer}_{half}")] = raised + own
        log_cv[:, names.index(f"{layer}_top")] = raised + log_ratio[:, place]
    coords = {"condition": list(names), "layer": ["fc1"]}
    groups = group("shift_invariance", design, {"cv_mean": np.exp(log_cv)[..., None]}, coords)
    return xr.DataTree.from_dict(groups | _responding(rng, design))


def consistency(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the share of predictions that survive a shift, with the more selective or a random half silenced."""
    own = truth.theta + truth.sd * deviations(rng, design, len(truth.layers))
    difference = kept_within(own, truth.theta, 0.25 - abs(truth.theta))
    names = conditions(SHIFT_SILENCED)
    kept = np.full((design.rows, len(names), len(SHIFTS)), 0.65) + 0.02 * rng.standard_normal((design.rows, 1, 1))
    kept[:, 0] += 0.15
    kept += np.array([0.03, 0.02, -0.05])
    for place, layer in enumerate(truth.layers):
        kept[:, names.index(f"{layer}_top")] += difference[:, place, None]
    coords = {"condition": list(names), "shift": list(SHIFTS)}
    groups = group("shift_invariance", design, {"prediction_consistency": np.clip(kept, 0, 1)}, coords)
    return xr.DataTree.from_dict(groups | _responding(rng, design))


def _responding(rng: np.random.Generator, design: Design) -> dict[str, xr.Dataset]:
    """Return which units of the silenced layers respond at all, without which there are no halves."""
    silent = silent_units(rng, design, SHIFT_SILENCED)
    labels = {"state": ["analysed"], **unit_labels(SHIFT_SILENCED)}
    return group("tuning", design, {"silent": silent[:, None]}, labels)

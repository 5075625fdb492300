"""Simulated ablation: the loss with halves of a layer ablated, and what the halves' units respond.

Each function plants `Truth.theta` as the expectation, over networks and images, of the measure it stands for. Effects of
ablation have heavy tails (Student's t) between networks, and random halves scatter within them. Some blocks of images are
worth more than others in all networks of a study alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.questions.ablation.estimands import CLAIMED_CLAMPS
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
from study.registration import COMMON_IMAGES
from study.vocabulary.schema import TARGETS

DRAW_FREEDOM: Final = 6.0  # of Student's t, for random halves of one network
UNDEFINED: Final = 0.01  # share of networks in which ablating a half does not raise the loss
BLOCKS: Final = 20  # of test images
IMAGE_SD: Final = 0.5  # of a block's effect in all networks alike, in standard deviations over networks
COMMON_IMAGE_SD: Final = 1.25  # the same where that is what departs: as of conv4 on the 96 images of a quick study
REST_SD: Final = 1.0  # of a block's effect in one network
STRONGER: Final = 1.0  # how much stronger an effect is under the other clamps, in standard deviations over networks
RESPONSE_SD: Final = 0.35  # of a unit's mean response, in units of its half's mean


def _costs(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return what ablating a half of a layer costs in each network, in nat."""
    return rng.lognormal(0.2, 0.4, shape)


def effect_by_block(rng: np.random.Generator, design: Design, effect: Floats, sd: float) -> Floats:
    """Return effects (rows, ...) by block of images, (rows, ..., block); `sd` is that of the effects over networks."""
    shape = (*effect.shape[1:], BLOCKS)
    image_sd = COMMON_IMAGE_SD if design.departure == COMMON_IMAGES else IMAGE_SD
    common = image_sd * rng.standard_normal((design.studies, *shape))
    rest = REST_SD * rng.standard_normal((design.rows, *shape))
    return effect[..., None] + sd * (np.repeat(common, design.networks, axis=0) + rest)


def _by_half(cost: Floats, effect: Floats) -> Floats:
    """Return the losses of both halves by block, (rows, layers, target, block), of an intact loss of 1 nat.

    `cost` is what ablating a half costs, (rows, layers), `effect` how much more the top one does, (rows, layers, block).
    """
    return 1 + cost[..., None, None] + np.stack([effect / 2, -effect / 2], axis=-2)


def standardized_effect(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the effect of ablating the more selective half, in units of random halves of the same network."""
    cost = _costs(rng, (design.rows, len(truth.layers)))
    scale = 0.4 * cost
    draws = rng.standard_t(DRAW_FREEDOM, (*cost.shape, design.size.null_draws)) * np.sqrt(1 - 2 / DRAW_FREEDOM)
    random = scale[..., None] * draws
    # The scale is estimated from the draws; dividing by the same estimate leaves the planted mean as it is.
    effect = (
        effect_by_block(rng, design, heavy_tailed(rng, design, truth), truth.sd)
        * np.sqrt((random**2).mean(-1))[..., None]
    )
    by_block = _by_half(cost, effect)
    loss = by_block.mean(-1)
    coords = {"clamp": ["output_zero"], "layer": list(truth.layers), "target": list(TARGETS)}
    arrays = {
        "baseline_loss": np.ones(design.rows),
        "loss": loss[:, None],
        "null_target_loss": loss,
        "null_target_loss_by_block": by_block,
        "null_effect": random,
    }
    return xr.DataTree.from_dict(group("ablation", design, arrays, coords))


def log2_ratio(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the ratio of what ablating either half costs; now and then a half costs nothing, and there is none."""
    ratio = heavy_tailed(rng, design, truth)
    cost = _costs(rng, ratio.shape)
    bottom = np.where(rng.random(ratio.shape) < UNDEFINED, -0.01, cost * 2 ** (-ratio / 2))
    increase = np.stack([cost * 2 ** (ratio / 2), bottom], axis=-1)
    # A block moves both increases by the same share, up and down, so that the planted mean of the logarithm stays.
    moved = math.log(2) / 2 * effect_by_block(rng, design, np.zeros_like(ratio), truth.sd)
    by_block = 1 + increase[..., None] * (1 + np.stack([moved, -moved], axis=-2))
    return _whole_test_set(design, truth, ("output_zero",), by_block[:, None])


def clamp_effect(rng: np.random.Generator, design: Design, truth: Truth, *, clamp: str) -> xr.DataTree:
    """Simulate the difference of the losses with either half ablated in one way, in nat."""
    effect = heavy_tailed(rng, design, truth)
    cost = _costs(rng, effect.shape)
    by_block = _by_half(cost, effect_by_block(rng, design, effect, truth.sd))
    return _whole_test_set(design, truth, (clamp,), by_block[:, None])


def effect_by_clamp(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate the same difference under every clamp of the claim, `theta` under the first and stronger under the others.

    Then the first clamp alone decides how often the claim is supported, which is the worst there is for its level.
    """
    stronger = [0.0] + [STRONGER * truth.sd] * (len(CLAIMED_CLAMPS) - 1)
    effects = [more + heavy_tailed(rng, design, truth) for more in stronger]
    cost = _costs(rng, effects[0].shape)
    by_block = [_by_half(cost, effect_by_block(rng, design, effect, truth.sd)) for effect in effects]
    return _whole_test_set(design, truth, CLAIMED_CLAMPS, np.stack(by_block, axis=1))


def _whole_test_set(design: Design, truth: Truth, clamps: Sequence[str], by_block: Floats) -> xr.DataTree:
    """Return a study of the losses with either half ablated, (rows, clamp, layer, target, block), of an intact loss of 1."""
    coords = {"clamp": list(clamps), "layer": list(truth.layers), "target": list(TARGETS)}
    arrays = {
        "baseline_loss": np.ones(design.rows),
        "baseline_loss_by_block": np.ones((design.rows, BLOCKS)),
        "loss": by_block.mean(-1),
        "loss_by_block": by_block,
    }
    return xr.DataTree.from_dict(group("ablation", design, arrays, coords))


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
    return xr.DataTree.from_dict(groups | group("halves", design, {"ablated": side}, labels))


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
    "effect_by_clamp": effect_by_clamp,
    "log2_ratio": log2_ratio,
    "response_contrast": response_contrast,
    "effect_relu_zero": partial(clamp_effect, clamp="relu_zero"),
    "effect_mean_clamp": partial(clamp_effect, clamp="mean"),
    "effect_resample": partial(clamp_effect, clamp="resample"),
}

"""Simulated halves by gOSI and by a rival, in units of random halves of the same network.

Each function plants `Truth.theta` as the expectation over networks of the measure it stands for. The effects of both rankings
have heavy tails between networks; a rival that goes with gOSI has a part of its effect in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.questions.rivals.estimands import CLASSES, HELD_OUT
from study.analysis.simulation.population import Design, Floats, Simulator, Truth, heavy_tailed
from study.analysis.simulation.stored_groups import group
from study.vocabulary.schema import CONTROLS, RANKINGS, TARGETS

DRAW_FREEDOM: Final = 6.0  # of Student's t, for random halves of one network
COMMON_SD: Final = 0.8  # of the effect that both rankings have in common, over networks
HALF: Final = 8  # units in a half


def ranking_effect(rng: np.random.Generator, design: Design, truth: Truth, *, rival: str, paired: bool) -> xr.DataTree:
    """Simulate the effect of halves by gOSI minus that of halves by a rival, or that of the rival alone where not paired."""
    cost = rng.lognormal(0.2, 0.4, (design.rows, len(truth.layers)))
    draws = rng.standard_t(DRAW_FREEDOM, (*cost.shape, design.size.null_draws)) * np.sqrt(1 - 2 / DRAW_FREEDOM)
    random = 0.4 * cost[..., None] * draws
    scale = np.sqrt((random**2).mean(-1))  # as the estimand takes it, so that the planted mean stays as it is
    common = COMMON_SD * rng.standard_normal(cost.shape)
    planted = heavy_tailed(rng, design, truth)
    of_gosi, of_rival = (common + planted, common) if paired else (common, planted)
    others = {name: np.zeros_like(common) for name in (*RANKINGS, CLASSES)} | {rival: of_rival}
    half_size = np.full(cost.shape, HALF)
    ablation = {
        "null_baseline_loss": np.ones(design.rows),
        "null_target_loss": _losses(cost, scale * of_gosi),
        "null_loss": 1 + cost[..., None, None] + np.stack([random / 2, -random / 2], axis=-1),
        "null_effect": random,
        "half_size": half_size,
        "control_loss": np.stack([_losses(cost, scale * others[CLASSES])] * len(CONTROLS), axis=2),
        "control_size": np.repeat(half_size[..., None], len(CONTROLS), axis=2),
    }
    rivals = {
        "ranking_loss": np.stack([_losses(cost, scale * others[name]) for name in RANKINGS], axis=2),
        "ranking_size": np.repeat(half_size[..., None], len(RANKINGS), axis=2),
    }
    coords = {
        "layer": list(truth.layers),
        "target": list(TARGETS),
        "control": list(CONTROLS),
        "ranking": list(RANKINGS),
    }
    groups = group("ablation", design, ablation, coords) | group("rivals", design, rivals, coords)
    return xr.DataTree.from_dict(groups)


def _losses(cost: Floats, effect: Floats) -> Floats:
    """Return the losses of both halves, (rows, layers, target), of an intact loss of 1 nat."""
    return 1 + cost[..., None] + np.stack([effect / 2, -effect / 2], axis=-1)


SIMULATORS: Mapping[str, Simulator] = {
    "beyond_spatial_frequency": partial(ranking_effect, rival="spatial_frequency", paired=True),
    "beyond_phase_modulation": partial(ranking_effect, rival="phase_modulation", paired=True),
    "beyond_class_selectivity": partial(ranking_effect, rival=CLASSES, paired=True),
    "beyond_response_variance": partial(ranking_effect, rival="response_variance", paired=True),
    "beyond_sparseness": partial(ranking_effect, rival="sparseness", paired=True),
    "held_out_effect": partial(ranking_effect, rival=HELD_OUT, paired=False),
}

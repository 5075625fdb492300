"""Simulated losses of halves held at the best constants, or set to zero with moments re-estimated.

Each function plants `Truth.theta` as the expectation, over networks and images, of the measure it stands for. Effects have
heavy tails between networks, and some blocks of images are worth more than others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import xarray as xr

from study.analysis.questions.ablation.simulator import STRONGER, effect_by_block
from study.analysis.questions.need.estimands import CLAIMED_WAYS, RANDOM
from study.analysis.simulation.population import Design, Simulator, Truth, heavy_tailed
from study.analysis.simulation.stored_groups import group
from study.vocabulary.schema import HALVES, TARGETS

DRAW_SD = 0.5  # of a random half's loss, in standard deviations of the effect over networks


def difference(
    rng: np.random.Generator, design: Design, truth: Truth, *, reference: str, ways: Sequence[str]
) -> xr.DataTree:
    """Simulate the loss of the top half beyond a reference, `theta` by the first way and more by the others.

    Then the first way alone decides how often the claim is supported, which is the worst there is for its level.
    """
    effects = [
        effect_by_block(rng, design, place * STRONGER * truth.sd + heavy_tailed(rng, design, truth), truth.sd)
        for place in map(bool, range(len(ways)))
    ]
    effect = np.stack(effects, axis=2)  # (rows, layer, way, block)
    usual = 1 + rng.lognormal(-1, 0.4, effect.shape[:3])
    draws = usual[..., None, None] + DRAW_SD * truth.sd * rng.standard_normal((*usual.shape, 1, len(HALVES)))
    random = draws.mean((-2, -1))
    bottom = random if reference == "bottom" else random + truth.sd * rng.standard_normal(random.shape)
    blocks = np.stack([random[..., None] + effect, np.broadcast_to(bottom[..., None], effect.shape)], axis=3)
    arrays = {
        "loss": blocks.mean(-1),
        "loss_by_block": blocks,
        "random_loss": draws,
        "random_loss_by_block": np.broadcast_to(random[..., None], effect.shape).copy(),
    }
    coords = {"layer": list(truth.layers), "way": list(ways), "target": list(TARGETS), "half": list(HALVES)}
    return xr.DataTree.from_dict(group("need", design, arrays, coords))


SIMULATORS: Mapping[str, Simulator] = {
    "difference_by_way": partial(difference, reference="bottom", ways=CLAIMED_WAYS),
    "beyond_random_by_way": partial(difference, reference=RANDOM, ways=CLAIMED_WAYS),
    "difference_best_constant": partial(difference, reference="bottom", ways=("best_constant",)),
    "difference_moments": partial(difference, reference="bottom", ways=("moments",)),
}

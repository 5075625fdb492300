"""Simulated losses with and without variation under shifts.

Each function plants `Truth.theta` as the expectation, over networks and images, of the measure it stands for. Effects have
heavy tails between networks; random halves scatter within them, and some blocks of images are worth more than others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr

from study.analysis.questions.ablation.simulator import effect_by_block
from study.analysis.questions.mediation.estimands import EXCHANGED, OWN, RANDOM, UNSHIFTED
from study.analysis.simulation.population import Design, Simulator, Truth, heavy_tailed
from study.analysis.simulation.stored_groups import group
from study.vocabulary.schema import HALVES, RECEIVED, TARGETS

DRAWS = 4
DRAW_SD = 0.5  # of a random half's loss by variation, in standard deviations of the effect over networks


def carried_loss(
    rng: np.random.Generator, design: Design, truth: Truth, *, reference: str, received: str
) -> xr.DataTree:
    """Simulate what goes with variation behind the top half, beyond random halves or beyond the bottom half.

    `received` is what is compared with the restored loss; random halves and the bottom one differ by more than chance.
    """
    effect = effect_by_block(rng, design, heavy_tailed(rng, design, truth), truth.sd)  # (rows, layer, block)
    shape = effect.shape[:2]
    usual = rng.lognormal(-2, 0.4, shape)
    draws = usual[..., None, None] + DRAW_SD * truth.sd * rng.standard_normal((*shape, DRAWS, len(HALVES)))
    random = draws.mean((-2, -1))
    bottom = random + truth.sd * rng.standard_normal(shape)
    beyond = {RANDOM: random, "bottom": bottom}[reference]
    place = RECEIVED.index(received)
    by_target = np.stack([beyond[..., None] + effect, np.broadcast_to(bottom[..., None], effect.shape)], axis=2)
    losses = np.ones((*shape, len(TARGETS), len(RECEIVED), effect.shape[-1]))
    losses[:, :, :, place] += by_target
    random_losses = np.ones((*shape, DRAWS, len(HALVES), len(RECEIVED)))
    random_losses[..., place] += draws
    random_blocks = np.ones((*shape, len(RECEIVED), effect.shape[-1]))
    random_blocks[:, :, place] += random[..., None]
    arrays = {
        "intact_loss": np.ones((design.rows, len(RECEIVED))),
        "loss": losses.mean(-1),
        "loss_by_block": losses,
        "random_loss": random_losses,
        "random_loss_by_block": random_blocks,
    }
    coords = {"layer": list(truth.layers), "target": list(TARGETS), "received": list(RECEIVED), "half": list(HALVES)}
    return xr.DataTree.from_dict(group("mediation", design, arrays, coords))


SIMULATORS: Mapping[str, Simulator] = {
    "loss_by_variation": partial(carried_loss, reference=RANDOM, received=OWN),
    "loss_by_variation_absence": partial(carried_loss, reference=RANDOM, received=OWN),
    "loss_by_deviations": partial(carried_loss, reference=RANDOM, received=EXCHANGED),
    "loss_by_variation_against_bottom_half": partial(carried_loss, reference="bottom", received=OWN),
    "loss_by_variation_unshifted": partial(carried_loss, reference=RANDOM, received=UNSHIFTED),
}

"""Every way to say how much of what ablation costs goes away with variation under shifts."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.core.layers import where_halved
from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import quotient
from study.analysis.questions.mediation.estimands import (
    EXCHANGED,
    OWN,
    RANDOM,
    RESTORED,
    UNSHIFTED,
    carried,
    mediation_of,
)

NATS, RANDOM_HALVES, INTACT = "nats", "random_halves", "intact_network"
REFERENCES = {RANDOM_HALVES: RANDOM, "less_selective_half": "bottom"}
RECEIVED = {"own_variation": OWN, "own_variation_unshifted_image": UNSHIFTED, "deviations_of_another_image": EXCHANGED}


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers = tuple(mediation_of(study)["layer"].values.tolist())

    def sample(levels: Levels) -> Sample | str:
        received = RECEIVED[levels["variation"]]
        beyond = carried(study, "top", received) - _reference(study, levels["reference"], received)
        values = beyond.transpose("network", "layer").values.astype(np.float64)
        if levels["scale"] == NATS:
            return Sample(values, "nat")
        return Sample(quotient(values, _random_scale(study, received)), "random halves")

    return SampledStudy(layers, sample)


def _reference(study: xr.DataTree, reference: str, received: str) -> xr.DataArray:
    """Return what goes with variation behind the reference: (network, layer), or (network,) of the intact network."""
    if reference in REFERENCES:
        return carried(study, REFERENCES[reference], received)
    intact = mediation_of(study)["intact_loss"]
    return intact.sel(received=received, drop=True) - intact.sel(received=RESTORED, drop=True)


def _random_scale(study: xr.DataTree, received: str) -> Floats:
    """Return the root mean square over random splits of what goes with variation, first half minus second: (network, layer)."""
    losses = mediation_of(study)["random_loss"]
    by_half = losses.sel(received=received, drop=True) - losses.sel(received=RESTORED, drop=True)
    halves = where_halved(study, by_half).transpose("network", "layer", "draw", "half").values
    scale: Floats = np.sqrt(((halves[..., 0] - halves[..., 1]) ** 2).mean(axis=-1))
    return scale


MULTIVERSE = Multiverse(
    measure="loss_by_variation",
    factors={
        "reference": (*REFERENCES, INTACT),
        "variation": tuple(RECEIVED),
        "scale": (NATS, RANDOM_HALVES),
    },
    sampled=_sampled,
)

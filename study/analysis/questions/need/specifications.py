"""Every way to say what halves cost once the network is not merely surprised by their ablation."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import quotient
from study.analysis.questions.ablation.estimands import random_scale
from study.analysis.questions.need.estimands import RANDOM, loss_of, need_of

NATS, RANDOM_HALVES, LOG2_RATIO = "nats", "random_halves", "log2_ratio"
REFERENCES = {"less_selective_half": "bottom", RANDOM_HALVES: RANDOM}
WAYS = ("best_constant", "moments", "output_zero")
NOT_ABLATED = "the ablation, whose intact loss and random halves it needs, leaves one of the layers out"


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers = tuple(need_of(study)["layer"].values.tolist())
    ablation = study["ablation"].to_dataset()

    def sample(levels: Levels) -> Sample | str:
        top, other = (
            loss_of(study, half).sel(way=levels["way"], drop=True).transpose("network", "layer").values
            for half in ("top", REFERENCES[levels["reference"]])
        )
        if levels["scale"] == NATS:
            return Sample(top - other, "nat")
        if not set(layers) <= set(ablation["layer"].values.tolist()):
            return NOT_ABLATED
        if levels["scale"] == RANDOM_HALVES:
            scale = random_scale(study).sel(layer=list(layers)).transpose("network", "layer").values
            return Sample(quotient(top - other, scale), "random halves")
        intact = np.asarray(ablation["null_baseline_loss"].values, dtype=np.float64)[:, None]
        return Sample(_log2_ratio(top - intact, other - intact), "log2 of the ratio of increases")

    return SampledStudy(layers, sample)


def _log2_ratio(top: Floats, other: Floats) -> Floats:
    """Return log2(top / other), NaN where one of them is not above 0."""
    return np.asarray(np.log2(quotient(np.where(top > 0, top, np.nan), other)))


MULTIVERSE = Multiverse(
    measure="difference_best_constant",
    factors={
        "way": WAYS,
        "reference": tuple(REFERENCES),
        "scale": (NATS, RANDOM_HALVES, LOG2_RATIO),
    },
    sampled=_sampled,
)

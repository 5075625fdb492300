"""Every way to say how much more halves by gOSI differ in what they cost than halves by a rival."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import quotient
from study.analysis.questions.ablation.estimands import random_scale
from study.analysis.questions.rivals.estimands import CLASSES, GOSI, HELD_OUT, ranking_increase

NATS, RANDOM_HALVES, LOG2_RATIO = "nats", "random_halves", "log2_ratio"
SIGNED, SIZE = "which_half_costs_more_counts", "size_alone"
SOURCES = {"all_gratings": GOSI, "half_of_the_gratings": HELD_OUT}
RIVALS = ("spatial_frequency", "phase_modulation", CLASSES, "response_variance", "sparseness")
UNITS = {RANDOM_HALVES: "random halves", NATS: "nat", LOG2_RATIO: "log2 of the ratio of increases"}


def _sampled(study: xr.DataTree) -> SampledStudy:
    increase, scale = ranking_increase(study), random_scale(study).transpose("network", "layer").values
    layers = tuple(increase["layer"].values.tolist())

    def effect(ranking: str, kind: str) -> Floats:
        top, bottom = (
            increase.sel(ranking=ranking, target=target).transpose("network", "layer").values
            for target in ("top", "bottom")
        )
        if kind == LOG2_RATIO:
            return np.asarray(np.log2(quotient(np.where(top > 0, top, np.nan), bottom)))
        return np.asarray(quotient(top - bottom, scale) if kind == RANDOM_HALVES else top - bottom)

    def sample(levels: Levels) -> Sample | str:
        kind = levels["scale"]
        by_gosi, by_rival = effect(SOURCES[levels["gosi"]], kind), effect(levels["rival"], kind)
        if levels["compared"] == SIZE:
            by_gosi, by_rival = np.abs(by_gosi), np.abs(by_rival)
        return Sample(by_gosi - by_rival, UNITS[kind])

    return SampledStudy(layers, sample)


MULTIVERSE = Multiverse(
    measure="beyond_spatial_frequency",
    factors={
        "rival": RIVALS,
        "gosi": tuple(SOURCES),
        "compared": (SIGNED, SIZE),
        "scale": (RANDOM_HALVES, NATS, LOG2_RATIO),
    },
    sampled=_sampled,
)

"""Every way to say how much more a half costs, the more selective it is."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import xarray as xr

from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.questions.dose.estimands import (
    FREQUENCY,
    GOSI,
    QUANTITIES,
    Halves,
    halves_of,
    slopes_over,
)

EVERY_HALF, RANDOM_ONLY, DESIGNED_ONLY = "random_and_designed", "random", "designed"
ALL_OTHERS, NOTHING = "all_others", "nothing"
NO_RIVAL = "none"
RIVALS = {"spatial_frequency": FREQUENCY, "sparseness": "gosi_null_mean", "class_selectivity": "class_selectivity"}


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers = tuple(study["dose"].to_dataset()["layer"].values.tolist())
    by_layer = [halves_of(study, layer) for layer in layers]

    @functools.cache
    def slopes(halves: str, given: str) -> Floats:
        """Return the slope on every quantity: (network, layer, quantity)."""
        return np.stack([_slopes(of_layer, halves, given) for of_layer in by_layer], axis=1)

    def sample(levels: Levels) -> Sample | str:
        every = slopes(levels["halves"], levels["given"])
        values = every[..., QUANTITIES.index(GOSI)]
        if levels["less_rival"] != NO_RIVAL:
            values = values - every[..., QUANTITIES.index(RIVALS[levels["less_rival"]])]
        return Sample(values, "standard deviations of random halves")

    return SampledStudy(layers, sample)


def _slopes(halves: Halves, chosen: str, given: str) -> Floats:
    """Return the slope on every quantity over some halves, the others given or each by itself: (network, quantity)."""
    first, last = {
        EVERY_HALF: (0, None),
        RANDOM_ONLY: (0, halves.n_random),
        DESIGNED_ONLY: (halves.n_random, None),
    }[chosen]
    rows = slice(first, last)
    if given == ALL_OTHERS:
        return slopes_over(halves, rows)
    alone = [
        slopes_over(dataclasses.replace(halves, units=halves.units[:, [place]]), rows)
        for place in range(len(QUANTITIES))
    ]
    return np.concatenate(alone, axis=1)


MULTIVERSE = Multiverse(
    measure="gosi_slope_beyond_frequency",
    factors={
        "less_rival": (*RIVALS, NO_RIVAL),
        "halves": (EVERY_HALF, RANDOM_ONLY, DESIGNED_ONLY),
        "given": (ALL_OTHERS, NOTHING),
    },
    sampled=_sampled,
)

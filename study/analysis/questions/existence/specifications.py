"""Every way to say how selective units are."""

from __future__ import annotations

from functools import cache

import xarray as xr

from study.analysis.multiverse.specification import Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import (
    LEFT_OUT,
    MEAN,
    MEDIAN,
    NO_CONTROL,
    ONE_AT_A_TIME,
    ORIENTATION_SHUFFLE,
    OWN_SHUFFLE,
    REGISTERED_SHARE,
    REGISTERED_TUNING,
    SIGNIFICANT,
    TUNING_FACTORS,
    UNTUNED,
    UnitTuning,
    analysed_layers,
    layer_values,
    read_tuning,
    tuning_of,
    unit_of,
)


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers = analysed_layers(study)

    @cache
    def tuning(name: str) -> UnitTuning | str:
        return read_tuning(study, name, "analysed")

    def sample(levels: Levels) -> Sample | str:
        units = tuning(tuning_of(levels))
        if isinstance(units, str):
            return units
        if tuning_of(levels) != REGISTERED_TUNING and levels["silent_units"] != LEFT_OUT:
            return ONE_AT_A_TIME
        values = layer_values(units, layers, levels["summary"], levels["control"], levels["silent_units"])
        return values if isinstance(values, str) else Sample(values, unit_of(levels["summary"]))

    return SampledStudy(layers.names, sample)


MULTIVERSE = Multiverse(
    measure="selective_excess",
    factors={
        "summary": (REGISTERED_SHARE, "share_above_0.25", "share_above_0.5", SIGNIFICANT, MEAN, MEDIAN),
        "control": (OWN_SHUFFLE, ORIENTATION_SHUFFLE, NO_CONTROL),
        "silent_units": (LEFT_OUT, UNTUNED),
        **TUNING_FACTORS,
    },
    sampled=_sampled,
)

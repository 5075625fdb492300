"""Every way to say how selective units are."""

from __future__ import annotations

import xarray as xr

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import (
    ONE_AT_A_TIME,
    analysed_layers,
    layer_values,
    tuning_reader,
    unit_of,
)


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers, tuning = analysed_layers(study), tuning_reader(study, "analysed")

    def sample(levels: Levels) -> Sample | str:
        units = tuning(levels)
        if isinstance(units, str):
            return units
        if not factors.has_registered_tuning(levels) and levels["silent_units"] != factors.LEFT_OUT:
            return ONE_AT_A_TIME
        values = layer_values(units, layers, levels["summary"], levels["control"], levels["silent_units"])
        return values if isinstance(values, str) else Sample(values, unit_of(levels["summary"]))

    return SampledStudy(layers.names, sample)


MULTIVERSE = Multiverse(
    measure="selective_excess",
    factors={
        "summary": (
            factors.REGISTERED_SHARE,
            "share_above_0.25",
            "share_above_0.5",
            factors.SIGNIFICANT,
            factors.MEAN,
            factors.MEDIAN,
        ),
        "control": (factors.OWN_SHUFFLE, factors.ORIENTATION_SHUFFLE, factors.NO_CONTROL),
        "silent_units": (factors.LEFT_OUT, factors.UNTUNED),
        **factors.TUNING,
    },
    sampled=_sampled,
)

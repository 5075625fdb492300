"""Every way to say what training adds to selectivity."""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr

from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import (
    ACTIVE_IN_BOTH,
    LEFT_OUT,
    MEAN,
    MEDIAN,
    NO_CONTROL,
    ONE_AT_A_TIME,
    ORIENTATION_SHUFFLE,
    OWN_SHUFFLE,
    REGISTERED_SHARE,
    REGISTERED_TUNING,
    TUNING_FACTORS,
    UNTUNED,
    UnitTuning,
    analysed_layers,
    layer_values,
    read_tuning,
    tuning_of,
    unit_of,
)
from study.vocabulary.schema import STATES


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers = analysed_layers(study)

    @cache
    def tuning(name: str) -> tuple[UnitTuning | str, ...]:
        return tuple(read_tuning(study, name, state) for state in STATES)

    def sample(levels: Levels) -> Sample | str:
        by_state = [units for units in tuning(tuning_of(levels)) if isinstance(units, UnitTuning)]
        if len(by_state) < len(STATES):
            return next(reason for reason in tuning(tuning_of(levels)) if isinstance(reason, str))
        if tuning_of(levels) != REGISTERED_TUNING and levels["silent_units"] != LEFT_OUT:
            return ONE_AT_A_TIME
        if levels["silent_units"] == ACTIVE_IN_BOTH:
            by_state = _active_in_both(*by_state)
        values: list[Floats] = []
        for units in by_state:
            of_state = layer_values(units, layers, levels["summary"], levels["control"], levels["silent_units"])
            if isinstance(of_state, str):
                return of_state
            values.append(of_state)
        return Sample(values[1] - values[0], unit_of(levels["summary"]))

    return SampledStudy(layers.names, sample)


def _active_in_both(before: UnitTuning, after: UnitTuning) -> list[UnitTuning]:
    """Return the tuning in both states of the units alone that respond in either; what is stored by layer cannot be told apart."""
    silent = np.isnan(before.gosi) | np.isnan(after.gosi)

    def kept(values: Floats | None) -> Floats | None:
        return None if values is None else np.where(silent, np.nan, values)

    return [
        UnitTuning(
            gosi=np.where(silent, np.nan, units.gosi),
            null_mean=np.where(silent, np.nan, units.null_mean),
            null_selective=np.where(silent, np.nan, units.null_selective),
            arc=units.arc,
            frequencies=units.frequencies,
            orientation_null_mean=kept(units.orientation_null_mean),
            pvalue=kept(units.pvalue),
            orientation_pvalue=kept(units.orientation_pvalue),
        )
        for units in (before, after)
    ]


MULTIVERSE = Multiverse(
    measure="gosi_gain",
    factors={
        "summary": (MEAN, MEDIAN, REGISTERED_SHARE, "share_above_0.5"),
        "control": (NO_CONTROL, OWN_SHUFFLE, ORIENTATION_SHUFFLE),
        "silent_units": (LEFT_OUT, UNTUNED, ACTIVE_IN_BOTH),
        **TUNING_FACTORS,
    },
    sampled=_sampled,
)

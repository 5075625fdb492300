"""Every way to say what training adds to selectivity."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import Floats, Levels, Multiverse, Sample, SampledStudy
from study.analysis.multiverse.units import (
    ONE_AT_A_TIME,
    UnitTuning,
    analysed_layers,
    layer_values,
    tuning_reader,
    unit_of,
)
from study.vocabulary.schema import NORMALISED, STATES, TUNED_STATES

UNTRAINED = {"moments_of_training_images": NORMALISED, "identity": STATES[0]}  # the state of each level


def _sampled(study: xr.DataTree) -> SampledStudy:
    layers, readers = analysed_layers(study), {state: tuning_reader(study, state) for state in TUNED_STATES}

    def sample(levels: Levels) -> Sample | str:
        by_state = []
        for state in (UNTRAINED[levels["normalisation"]], "analysed"):
            units = readers[state](levels)
            if isinstance(units, str):
                return units
            by_state.append(units)
        if not factors.has_registered_tuning(levels) and levels["silent_units"] != factors.LEFT_OUT:
            return ONE_AT_A_TIME
        if levels["silent_units"] == factors.ACTIVE_IN_BOTH:
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
        "summary": (factors.MEAN, factors.MEDIAN, factors.REGISTERED_SHARE, "share_above_0.5"),
        "control": (factors.NO_CONTROL, factors.OWN_SHUFFLE, factors.ORIENTATION_SHUFFLE),
        "normalisation": tuple(UNTRAINED),
        "silent_units": (factors.LEFT_OUT, factors.UNTUNED, factors.ACTIVE_IN_BOTH),
        **factors.TUNING,
    },
    sampled=_sampled,
)

"""How every unit is tuned to orientation and spatial frequency, with its shuffle null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.tuning.sentences import selectivity_sentences
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable, Workload
from study.vocabulary.schema import EXTERNAL, GENERALIZATION, MEMORIZATION, NORMALISED, REARING, TUNED_STATES

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import ExternalSubject, TrainedSubject

STATE_SECONDS, SHUFFLE_SECONDS = 0.4, 0.0023  # of a state, and of shuffling the 960 units of cnn7 once
MOMENT_IMAGES = 500  # at most, for the moments; four times as many change no layer's mean gOSI by .01
FEWER_PART = 10  # shuffles of a unit, for one in networks or states of which layers' means are read and no unit's p

_UNIT = ("state", "unit")

VARIABLES = {
    "gosi": Variable(_UNIT, "f", "1", "global orientation selectivity index", nan_allowed=True),
    "osi": Variable(_UNIT, "f", "1", "orientation selectivity index (preferred against orthogonal)", True),
    "preferred_orientation": Variable(_UNIT, "f", "degree", "orientation of the largest response", True),
    "preferred_spatial_frequency": Variable(_UNIT, "f", "cycle/pixel", "frequency of the largest response", True),
    "spatial_frequency_range": Variable(
        _UNIT,
        "f",
        "degree",
        "shortest arc holding the preferred orientations of all frequencies above half peak",
        True,
    ),
    "spatial_frequency_count": Variable(_UNIT, "i", "1", "number of spatial frequencies above half peak"),
    "spatial_frequency_range_midpoint": Variable(
        _UNIT,
        "f",
        "degree",
        "shortest arc holding the preferred orientations of all frequencies above the midpoint of the peaks",
        True,
    ),
    "spatial_frequency_count_midpoint": Variable(
        _UNIT, "i", "1", "number of spatial frequencies above the midpoint of the largest and the smallest peak"
    ),
    "silent": Variable(_UNIT, "b", "1", "whether the unit responds to no grating at all"),
    "mean_response": Variable(_UNIT, "f", "activation", "mean response over all gratings"),
    "tuning_curve": Variable((*_UNIT, "orientation"), "f", "activation", "response at the preferred frequency"),
    "gosi_null_mean": Variable(_UNIT, "f", "1", "mean gOSI of the unit's own shuffled responses", True),
    "gosi_null_sd": Variable(_UNIT, "f", "1", "standard deviation of the shuffled gOSI", True),
    "gosi_null_selective": Variable(_UNIT, "f", "1", "share of shuffles with gOSI above 0.33", True),
    "gosi_pvalue": Variable(_UNIT, "f", "1", "share of shuffles with gOSI at least the observed, (k+1)/(n+1)", True),
    "gosi_orientation_null_mean": Variable(
        _UNIT, "f", "1", "mean gOSI after shuffling orientation labels within spatial frequency", True
    ),
    "gosi_orientation_pvalue": Variable(
        _UNIT, "f", "1", "p of gOSI against orientation labels shuffled within spatial frequency", True
    ),
    "gosi_null_count": Variable(
        (*_UNIT, "gosi_bin"), "i", "1", "number of the unit's shuffled gOSI values in each bin"
    ),
}


def _cost(work: Workload) -> Cost:
    shuffles = sum(permutations_in(state, work.arm, work.config) for state in TUNED_STATES)
    return Cost(STATE_SECONDS * len(TUNED_STATES) + SHUFFLE_SECONDS * shuffles, 0.7)


def _coordinates(subject: TrainedSubject | ExternalSubject) -> Mapping[str, object]:
    from study.experiment.measurements.tuning.arrays import BIN_STARTS

    return {"gosi_bin": BIN_STARTS, "state": list(subject.tuned_states)}


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    text = (
        f"A unit's response is the spatial {config.probe.readout} of its map after the ReLU."
        f" {selectivity_sentences(config.probe.permutations)} This is done with the analysed weights and, before training, with"
        " the initial ones, twice: as the network is initialised, where batch normalisation changes nothing, and with its"
        f" moments computed from {MOMENT_IMAGES} training images, not augmented, drawn at random for each network (there"
        f" with {permutations_in(NORMALISED, GENERALIZATION, config):,} shuffles a unit)."
    )
    return (("Orientation selectivity", text),)


def permutations_in(state: str, arm: str, config: Config) -> int:
    """Return how often a unit's responses are shuffled: a tenth as often where layers' means are all that is read."""
    registered = config.probe.permutations
    return registered // FEWER_PART if state == NORMALISED or arm == REARING else registered


def _in_state(subject: TrainedSubject) -> Arrays:
    from study.experiment.measurements.tuning.arrays import tuning_arrays

    return tuning_arrays(
        subject.responses,
        subject.gratings,
        n_permutations=permutations_in(subject.state, subject.planned.arm, subject.config),
        rng=subject.streams(f"shuffle/{subject.state}"),
    )


def _on_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.tuning.arrays import arrays_by_layer

    return arrays_by_layer(subject)


MEASUREMENT = Measurement(
    name="tuning",
    variables=VARIABLES,
    arms=(GENERALIZATION, MEMORIZATION, REARING, EXTERNAL),
    follows=("responses",),
    settings=("probe",),
    cost=_cost,
    coordinates=_coordinates,
    methods=_methods,
    in_state=_in_state,
    normalised=True,
    on_external=_on_external,
)

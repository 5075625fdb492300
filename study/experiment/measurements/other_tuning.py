"""What else every unit is selective for: spatial frequency, phase, and orientation in either half of the gratings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable
from study.vocabulary.schema import EXTERNAL, GENERALIZATION

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import ExternalSubject, TrainedSubject

VARIABLES = {
    "spatial_frequency_selectivity": Variable(
        ("unit",),
        "f",
        "1",
        "(best frequency's mean response - mean of the others) / (their sum), analysed weights",
        True,
    ),
    "phase_modulation": Variable(
        ("unit",), "f", "1", "F1 / F0 over phases at the largest response of the centre of the unit's map", True
    ),
    "gosi_first_half": Variable(("unit",), "f", "1", "gOSI from one half of the gratings, analysed weights", True),
    "gosi_second_half": Variable(
        ("unit",), "f", "1", "gOSI from the other half of the gratings, analysed weights", True
    ),
}


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    text = (
        "With the analysed weights each unit also has an index of selectivity for spatial frequency (the largest mean response"
        " to one of them, over orientations and phases, minus the mean of the others', over their sum); its phase modulation"
        " F1 / F0 at the centre of its map, where the response to that grating is largest (of a spatial mean it would be near 0"
        " by construction); and its gOSI from two halves of the gratings that share none, each with half of the phases at every"
        " spatial frequency."
    )
    return (("Other selectivity of units", text),)


def _once_analysed(subject: TrainedSubject | ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.tuning.other_indices import spatial_frequency_selectivity, split_half_gosi

    first, second = split_half_gosi(subject.responses)
    return {
        "spatial_frequency_selectivity": spatial_frequency_selectivity(subject.responses),
        "phase_modulation": subject.phase_modulation,
        "gosi_first_half": first,
        "gosi_second_half": second,
    }


MEASUREMENT = Measurement(
    name="other_tuning",
    variables=VARIABLES,
    arms=(GENERALIZATION, EXTERNAL),
    follows=("tuning",),
    settings=("probe",),
    cost=lambda work: Cost(0.0, 0.03),  # the gratings are shown for the tuning
    methods=_methods,
    once_analysed=_once_analysed,
    on_external=_once_analysed,
)

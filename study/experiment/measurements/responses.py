"""What every unit answers to every grating."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.tuning.sentences import gratings_sentence
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable
from study.vocabulary.schema import EXTERNAL, GENERALIZATION

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import ExternalSubject

_UNIT = ("state", "unit")

VARIABLES = {
    "response": Variable(
        (*_UNIT, "orientation", "spatial_frequency", "phase"), "f", "activation", "response to each grating"
    ),
}


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    n_frequencies = study["responses"].sizes["spatial_frequency"]
    return (("Gratings", gratings_sentence(n_frequencies, contrast=config.probe.contrast)),)


def _on_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    return {"response": subject.responses[None]}


MEASUREMENT = Measurement(
    name="responses",
    variables=VARIABLES,
    arms=(GENERALIZATION, EXTERNAL),
    follows=("training",),
    settings=("probe",),
    cost=lambda work: Cost(0.0, 1.9),  # the gratings are shown for the tuning
    methods=_methods,
    analysed=False,  # ten times as large as all the rest
    in_state=lambda subject: {"response": subject.responses},
    on_external=_on_external,
)

"""What every unit answers to every grating."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

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
    n_gratings = int(np.prod([study["responses"].sizes[dim] for dim in ("orientation", "spatial_frequency", "phase")]))
    text = (
        f"{n_gratings} sinusoidal gratings: 12 orientations, {n_gratings // 48} spatial frequencies, 4 phases"
        f" (contrast: {config.probe.contrast.replace('_', '-')}), grey, preprocessed as the photographs."
    )
    return (("Gratings", text),)


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

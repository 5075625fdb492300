"""How many of the gratings drive a unit: its breadth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable
from study.vocabulary.schema import GENERALIZATION

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import TrainedSubject

VARIABLES = {
    "breadth": Variable(("unit",), "f", "1", "share of gratings whose response is at least half of the largest", True),
}


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    responses = subject.responses.reshape(len(subject.responses), -1)
    peak = responses.max(axis=1, keepdims=True)
    share = (responses >= peak / 2).mean(axis=1)
    return {"breadth": np.where(peak[:, 0] > 0, share, np.nan).astype(np.float32)}


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    text = "A unit's breadth: the share of gratings whose response is at least half of its largest; undefined for silent units."
    return (("Breadth", text),)


MEASUREMENT = Measurement(
    name="breadth",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    follows=("tuning",),
    settings=("probe",),
    cost=lambda work: Cost(0.0, 0.01),  # the gratings are shown for the tuning
    methods=_methods,
    once_analysed=_once_analysed,
)

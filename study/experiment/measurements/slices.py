"""The slice of each unit's 3 x 3 kernel that weighs most, to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from study.vocabulary.measurement import Arrays, Cost, Measurement, Variable
from study.vocabulary.schema import REARING

if TYPE_CHECKING:
    from study.experiment.subjects import TrainedSubject

VARIABLES = {
    "strongest_slice": Variable(
        ("unit", "kernel_row", "kernel_column"),
        "f",
        "1",
        "weights of the one input channel that the unit's 3 x 3 kernel weighs most by Euclidean norm, with the analysed"
        " weights; NaN where the layer has no such kernels",
        nan_allowed=True,
    ),
}


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.networks.graph.hidden_layers import strongest_slices

    return {"strongest_slice": strongest_slices(subject.compiled.model, subject.layers)}


MEASUREMENT = Measurement(
    name="slices",
    variables=VARIABLES,
    where_asked={REARING: lambda config: True},
    follows=("training",),
    cost=lambda work: Cost(0.0, 0.03),
    keyed=False,
    once_analysed=_once_analysed,
)

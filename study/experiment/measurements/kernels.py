"""The weights by which the units of the first layer read an image, to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from study.vocabulary.measurement import Arrays, Cost, Measurement, Variable
from study.vocabulary.schema import EXTERNAL, GENERALIZATION, REARING

if TYPE_CHECKING:
    from study.experiment.subjects import ExternalSubject, TrainedSubject

VARIABLES = {
    "kernel": Variable(
        ("first_layer_unit", "kernel_row", "kernel_column", "kernel_channel"),
        "f",
        "1",
        "weights by which a unit of the first layer reads the image, with the analysed weights; NaN where the first layer"
        " is no plain convolution",
        nan_allowed=True,
    ),
}


def _of_trained(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.networks.graph.hidden_layers import first_kernels

    return {"kernel": first_kernels(subject.compiled.model, subject.layers)}


def _of_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.networks.graph.hidden_layers import first_kernels

    return {"kernel": first_kernels(subject.network.model, subject.layers)}


MEASUREMENT = Measurement(
    name="kernels",
    variables=VARIABLES,
    arms=(REARING,),
    where_asked={GENERALIZATION: lambda config: True, EXTERNAL: lambda subject: True},
    follows=("training",),
    cost=lambda work: Cost(0.0, 0.03),
    keyed=False,
    once_analysed=_of_trained,
    on_external=_of_external,
)

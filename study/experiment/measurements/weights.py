"""Every weight of the analysed network, where the study asks for them: `execution.keep_weights = "analysed"`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from study.vocabulary.measurement import Arrays, Cost, Measurement, Variable, Workload
from study.vocabulary.schema import ARMS

if TYPE_CHECKING:
    from study.experiment.subjects import TrainedSubject

ANALYSED = "analysed"
MOST_AXES = 4
MEGABYTES = 1.3  # of cnn7

VARIABLES = {
    "weight": Variable(
        ("weight_number",),
        "f",
        "1",
        "weights and moments of the analysed network, tensor after tensor, each in C order",
    ),
    "tensor_shape": Variable(
        ("tensor", "tensor_axis"),
        "i",
        "1",
        "length of the tensor along each of its axes, 0 where it has no further axis",
    ),
}


def _is_asked(config: Any) -> bool:
    return bool(config.execution.keep_weights == ANALYSED)


def _cost(work: Workload) -> Cost:
    return Cost(0.0, MEGABYTES if _is_asked(work.config) else 0.0)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.networks.rearing.kernels import weights_as_built

    tensors = [*weights_as_built(subject.compiled.model).values()]
    shapes = np.zeros((len(tensors), MOST_AXES), dtype=np.int64)
    for row, tensor in zip(shapes, tensors, strict=True):
        row[: tensor.ndim] = tensor.shape
    return {"weight": np.concatenate([tensor.ravel() for tensor in tensors]), "tensor_shape": shapes}


def _coordinates(subject: TrainedSubject) -> Mapping[str, object]:
    from study.networks.rearing.kernels import weights_as_built

    return {"tensor": [*weights_as_built(subject.compiled.model)]}


MEASUREMENT = Measurement(
    name="weights",
    variables=VARIABLES,
    where_asked=dict.fromkeys(ARMS, _is_asked),
    follows=("training",),
    cost=_cost,
    coordinates=_coordinates,
    analysed=False,
    keyed=False,
    once_analysed=_once_analysed,
)

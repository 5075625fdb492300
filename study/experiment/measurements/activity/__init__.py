"""What every unit does on photographs, and which class drives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.experiment.speeds import INFERENCE_SPEED
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable
from study.vocabulary.schema import EXTERNAL, GENERALIZATION

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import ExternalSubject, TrainedSubject

VARIABLES = {
    "mean_activity": Variable(
        ("unit",), "f", "activation", "mean over training images of the response (spatial mean after the ReLU)"
    ),
    "activity_sd": Variable(("unit",), "f", "activation", "standard deviation over training images of the response"),
    "mean_output": Variable(
        ("unit",), "f", "1", "mean over training images and positions of what the next layer receives"
    ),
    "weight_norm": Variable(
        ("unit",), "f", "1", "Euclidean norm of the weights the unit reads its input by, if it has any", True
    ),
    "class_selectivity": Variable(
        ("unit",), "f", "1", "(best class mean - mean of the others) / (their sum), training images", True
    ),
    "preferred_class": Variable(
        ("unit",), "i", "1", "class with the largest mean response to training images, -1 without any"
    ),
}


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    text = (
        "Each unit's mean response to training images, its standard deviation over images and the norm of the weights it"
        " reads its input by; and its class selectivity, from training images as well: the largest class mean minus the"
        " mean of the other classes', over their sum."
    )
    return (("Activity of units", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.activity.arrays import activity_arrays

    return activity_arrays(subject.compiled.responses, subject.compiled.model, subject.layers, subject.partition)


def _on_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.activity.external import photograph_activity

    return photograph_activity(subject)


MEASUREMENT = Measurement(
    name="activity",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    where_asked={EXTERNAL: lambda subject: subject.files is not None},
    follows=("tuning",),
    cost=lambda work: Cost(work.train / INFERENCE_SPEED, 0.05),
    methods=_methods,
    once_analysed=_once_analysed,
    on_external=_on_external,
)

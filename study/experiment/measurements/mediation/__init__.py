"""Whether ablation costs by variation under shifts: the loss once the first dense layer receives none of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from study.experiment.speeds import INFERENCE_SPEED, SUFFIX_SHARE
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable, Workload
from study.vocabulary.schema import EXTERNAL, GENERALIZATION, HALVES, RECEIVED, SHIFTS, TARGETS

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import ExternalSubject, TrainedSubject

SPLITS = 4  # random ones, both halves of each: eight random halves

_LOSS = "with the target units held at output zero"

VARIABLES = {
    "intact_loss": Variable(
        ("received",), "f", "nat", "cross-entropy of the intact network by what its first dense layer receives", True
    ),
    "loss": Variable(
        ("layer", "target", "received"),
        "f",
        "nat",
        f"cross-entropy {_LOSS}, by what the first dense layer receives; NaN where it does not depend on the layer",
        True,
    ),
    "loss_by_block": Variable(
        ("layer", "target", "received", "null_block"),
        "f",
        "nat",
        f"cross-entropy {_LOSS}, by block of images, whose mean is loss",
        True,
    ),
    "random_loss": Variable(
        ("layer", "draw", "half", "received"),
        "f",
        "nat",
        "cross-entropy with a random half of ablation's null held at output zero, by what the first dense layer receives",
        True,
    ),
    "random_loss_by_block": Variable(
        ("layer", "received", "null_block"),
        "f",
        "nat",
        "mean over the random halves of the cross-entropy by block of images, whose mean is that of random_loss",
        True,
    ),
}


def _cost(work: Workload) -> Cost:
    config = work.config
    sets = 1 + len(TARGETS) + 2 * min(SPLITS, config.ablation.null_draws)
    views = (1 + len(SHIFTS)) * min(config.ablation.null_images, work.test)
    shown = views * (1 + SUFFIX_SHARE * 1.5 * sets * len(config.shift_invariance.layers))
    return Cost(shown / INFERENCE_SPEED, 0.02)


def _coordinates(subject: TrainedSubject | ExternalSubject) -> Mapping[str, object]:
    return {
        "layer": [layer.name for layer in subject.mediated],
        "target": list(TARGETS),
        "received": list(RECEIVED),
        "half": list(HALVES),
        "draw": np.arange(min(SPLITS, subject.ablation.null_draws)),
    }


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    splits = study["mediation"].sizes["draw"]
    text = (
        f"With a half of {', '.join(config.shift_invariance.layers)} held at output zero, what the first dense layer receives is"
        " replaced by its mean over the image and its three shifts, which takes away variation under shifts and nothing"
        " else; the loss is compared with the mean loss over the same four views. Control: the deviations from that mean"
        " of another image, drawn at random, are added to it, and the loss is again the mean over the four. Labels only"
        f" score. The halves are those of the ablation, top, bottom and both halves of its first {splits} random splits,"
        f" the images those of its null ({config.ablation.null_images})."
    )
    return (("Mediation by variation under shifts", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.mediation.arrays import arrays_of_study

    return arrays_of_study(subject, groups["tuning"]["gosi"][-1], splits=SPLITS)


def _on_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.mediation.arrays import arrays_of_external

    return arrays_of_external(subject, groups["tuning"]["gosi"][-1], splits=SPLITS)


MEASUREMENT = Measurement(
    name="mediation",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    where_asked={EXTERNAL: lambda subject: subject.is_ablated},
    follows=("tuning", "ablation", "shift_invariance"),
    settings=("ablation", "shift_invariance"),
    cost=_cost,
    coordinates=_coordinates,
    methods=_methods,
    once_analysed=_once_analysed,
    on_external=_on_external,
)

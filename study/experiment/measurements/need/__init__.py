"""Whether the network needs a half or is only surprised: loss at the best constants, and with moments re-estimated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from study.experiment.measurements.need.sizes import IMAGES, ROUNDS, SEARCH_BATCH, SPLITS, search_steps, searched_images
from study.experiment.speeds import INFERENCE_SPEED, SUFFIX_SHARE
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable, Workload
from study.vocabulary.schema import EXTERNAL, GENERALIZATION, HALVES, STEPS, TARGETS, WAYS

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import ExternalSubject, TrainedSubject

VARIABLES = {
    "loss": Variable(
        ("layer", "way", "target"),
        "f",
        "nat",
        "cross-entropy on the null's images with the target units ablated; NaN without moments to re-estimate",
        True,
    ),
    "loss_by_block": Variable(
        ("layer", "way", "target", "null_block"),
        "f",
        "nat",
        "cross-entropy with the target units ablated by block of the null's images, whose mean is loss",
        True,
    ),
    "random_loss": Variable(
        ("layer", "way", "draw", "half"),
        "f",
        "nat",
        "cross-entropy with a random half of ablation's null ablated",
        True,
    ),
    "random_loss_by_block": Variable(
        ("layer", "way", "null_block"),
        "f",
        "nat",
        "mean over the random halves of the cross-entropy by block of images, whose mean is that of random_loss",
        True,
    ),
    "training_loss": Variable(
        ("layer", "target", "step"),
        "f",
        "nat",
        "cross-entropy on the training images that the best constants are sought on, as they are sought",
    ),
    "random_training_loss": Variable(
        ("layer", "draw", "half", "step"),
        "f",
        "nat",
        "cross-entropy on the images of training_loss with a random half held at constants, as they are sought",
    ),
}


def _cost(work: Workload) -> Cost:
    config = work.config
    test = min(config.ablation.null_images, work.test)
    images = searched_images(test, work.train)
    sets = len(TARGETS) + 2 * min(SPLITS, config.ablation.null_draws)
    searched = 2 * sets * (search_steps(images) * SEARCH_BATCH + len(STEPS) * images)
    clamped = searched + sets * (images + len(WAYS) * test)
    return Cost((images + test + SUFFIX_SHARE * clamped * len(config.shift_invariance.layers)) / INFERENCE_SPEED, 0.02)


def _coordinates(subject: TrainedSubject | ExternalSubject) -> Mapping[str, object]:
    return {
        "layer": [layer.name for layer in subject.mediated],
        "way": list(WAYS),
        "target": list(TARGETS),
        "half": list(HALVES),
        "draw": np.arange(min(SPLITS, subject.ablation.null_draws)),
        "step": list(STEPS),
    }


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    images = searched_images(config.ablation.null_images, IMAGES)
    text = (
        f"The top, the bottom and both halves of the first random split of {', '.join(config.shift_invariance.layers)} are also"
        " ablated in two ways that leave less of the surprise of it. Best constants: each unit of the half is held at a"
        f" constant, and all of them are sought together, by {search_steps(images)} steps of Adam in batches of {SEARCH_BATCH}"
        f" from {images} training images (all, where there are fewer), each {ROUNDS} times, for the loss on these, weights"
        " frozen; the search begins at"
        " the units' means or at 0, whichever costs less, and the loss is stored at both, at three quarters of the steps and"
        " at the end. Moments: every batch normalisation behind the layer is given the moments of what it receives from the"
        " same training images while the half is held at output zero; labels are not used. Losses are on the images of the"
        f" ablation's null ({config.ablation.null_images} test images)."
    )
    return (("Need and surprise", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.need.arrays import arrays_of_study

    return arrays_of_study(subject, groups["tuning"]["gosi"][-1])


def _on_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.need.external import arrays_of_external

    return arrays_of_external(subject, groups["tuning"]["gosi"][-1])


MEASUREMENT = Measurement(
    name="need",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    where_asked={EXTERNAL: lambda subject: subject.is_ablated},
    follows=("tuning", "ablation", "mediation"),
    settings=("ablation", "shift_invariance"),
    cost=_cost,
    coordinates=_coordinates,
    methods=_methods,
    once_analysed=_once_analysed,
    on_external=_on_external,
)

"""What a half costs once the network has learnt on without it: one more epoch of training with a half held clamped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.config.population import is_retrained
from study.config.sections import RETRAINED
from study.experiment.speeds import INFERENCE_SPEED, TRAINING_SPEED
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable, Workload
from study.vocabulary.schema import AROUND_EPOCH, GENERALIZATION, SETS_ABLATED

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import TrainedSubject

_HELD = "with a set of a layer's units held at output zero, before and after one more epoch of training with it held"
_FREE = "with nothing held, before and after one more epoch of training"
_UNDEFINED = "; NaN where that training diverged"

VARIABLES = {
    "loss": Variable(
        ("layer", "held", "trained"), "f", "nat", f"cross-entropy on test images {_HELD}{_UNDEFINED}", True
    ),
    "accuracy": Variable(("layer", "held", "trained"), "f", "1", f"test accuracy {_HELD}{_UNDEFINED}", True),
    "training_loss": Variable(
        ("layer", "held"), "f", "nat", f"mean cross-entropy over the batches of that epoch{_UNDEFINED}", True
    ),
    "free_loss": Variable(("trained",), "f", "nat", f"cross-entropy on test images {_FREE}{_UNDEFINED}", True),
    "free_accuracy": Variable(("trained",), "f", "1", f"test accuracy {_FREE}{_UNDEFINED}", True),
    "free_training_loss": Variable(
        (), "f", "nat", f"mean cross-entropy over the batches of that epoch with nothing held{_UNDEFINED}", True
    ),
}


def _cost(work: Workload) -> Cost:
    config, sets = work.config, 1 + len(SETS_ABLATED) * len(work.config.shift_invariance.layers)
    population = len(config.population.augmentations) * (config.population.seeds + config.replication.seeds)
    share = config.need.retrained_networks / population  # of the networks of the arm
    evaluated = work.validation + len(AROUND_EPOCH) * work.test
    return Cost(share * sets * (work.train / TRAINING_SPEED + evaluated / INFERENCE_SPEED), 0.01)


def _coordinates(subject: TrainedSubject) -> Mapping[str, object]:
    return {
        "layer": [layer.name for layer in subject.mediated],
        "held": list(SETS_ABLATED),
        "trained": list(AROUND_EPOCH),
    }


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    text = (
        f"The networks of the first {config.need.retrained_networks} seeds with augmentation {RETRAINED} learn on for one more"
        f" epoch, from the analysed weights, while the top half, the bottom half or a random half of"
        f" {', '.join(config.shift_invariance.layers)} (the first of the ablation's null) is held at output zero, one at a"
        " time, in every step and at evaluation; and once with nothing held. Adam begins anew, with the learning rate of"
        " training; images are the network's own, in an order and augmented by a random stream of its own, the same for all"
        " these trainings. Losses are on all test images. Weights are the analysed ones again afterwards. Output zero is the"
        " ablation's own clamp, and what another constant would add, the biases of the layer behind can learn."
    )
    return (("One more epoch with halves held", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.retraining.arrays import retraining_arrays

    return retraining_arrays(subject, groups["tuning"]["gosi"][-1])


MEASUREMENT = Measurement(
    name="retraining",
    variables=VARIABLES,
    where_asked={GENERALIZATION: lambda config: config.need.retrained_networks > 0},
    only_on=is_retrained,
    follows=("tuning", "ablation", "need"),
    settings=("shift_invariance",),
    cost=_cost,
    coordinates=_coordinates,
    methods=_methods,
    once_analysed=_once_analysed,
)

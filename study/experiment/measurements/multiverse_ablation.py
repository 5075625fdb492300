"""What the network loses without the halves that other probes rank: every other read-out with every other set of gratings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from study.experiment.measurements.multiverse import specification_labels, specifications_beside
from study.experiment.speeds import INFERENCE_SPEED, SUFFIX_SHARE
from study.vocabulary.measurement import Arrays, Cost, Measurement, Variable, Workload
from study.vocabulary.schema import GENERALIZATION, TARGETS

if TYPE_CHECKING:
    from study.experiment.subjects import TrainedSubject

VARIABLES = {
    "target_loss": Variable(
        ("specification", "layer", "target"),
        "f",
        "nat",
        "cross-entropy on the null's images with the halves by this specification's gOSI clamped to output zero",
    ),
}


def _cost(work: Workload) -> Cost:
    names, ablation = specifications_beside(work.config), work.config.ablation
    clamped = 2 * len(ablation.layers) * len(names) * ablation.null_images
    return Cost(SUFFIX_SHARE * clamped / INFERENCE_SPEED, 0.0)


def _coordinates(subject: TrainedSubject) -> Mapping[str, object]:
    return {
        "layer": [layer.name for layer in subject.layers if layer.name in subject.ablation.layers],
        "target": list(TARGETS),
        "specification": specification_labels(subject.config),
    }


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.multiverse.arrays import target_losses

    losses = target_losses(
        subject.compiled.clamped,
        subject.partition,
        groups["multiverse"]["gosi"][-1],
        specifications_beside(subject.config),
        subject.ablation.layers,
        null_images=subject.null_images,
        streams=subject.streams,
    )
    return {"target_loss": losses}


MEASUREMENT = Measurement(
    name="multiverse_ablation",
    variables=VARIABLES,
    where_asked={GENERALIZATION: lambda config: bool(specifications_beside(config))},
    follows=("multiverse", "ablation"),
    settings=("probe", "ablation", "multiverse"),
    cost=_cost,
    coordinates=_coordinates,
    once_analysed=_once_analysed,
)

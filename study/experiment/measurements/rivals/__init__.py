"""What the network loses without the halves that rivals of gOSI rank: other selectivities, sparseness, variation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.experiment.speeds import INFERENCE_SPEED, SUFFIX_SHARE
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable, Workload
from study.vocabulary.schema import EXTERNAL, GENERALIZATION, RANKINGS, TARGETS

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import ExternalSubject, TrainedSubject

VARIABLES = {
    "ranking_loss": Variable(
        ("layer", "ranking", "target"),
        "f",
        "nat",
        "cross-entropy on the null's images with the halves by another quantity clamped to output zero",
    ),
    "ranking_size": Variable(("layer", "ranking"), "i", "1", "number of units in either half by that quantity"),
}


def _cost(work: Workload) -> Cost:
    ablation = work.config.ablation
    clamped = len(TARGETS) * len(RANKINGS) * len(ablation.layers) * ablation.null_images
    return Cost(SUFFIX_SHARE * clamped / INFERENCE_SPEED, 0.01)


def _coordinates(subject: TrainedSubject | ExternalSubject) -> Mapping[str, object]:
    return {
        "layer": [layer.name for layer in subject.layers if layer.name in subject.ablation.layers],
        "ranking": list(RANKINGS),
        "target": list(TARGETS),
    }


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    text = (
        "The same halves, clamped to output zero on the same images as random halves, ranked by another quantity in place of"
        " gOSI: selectivity for spatial frequency, phase modulation, variation of the response over training images, sparseness"
        " (the mean gOSI of a unit's own shuffles), and gOSI from one half of the gratings. The half with the larger values is"
        " the top one. Halves by class selectivity are those of the ablation's controls."
    )
    return (("Rivals of orientation selectivity", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.rivals.arrays import ranking_arrays, rival_quantities

    return ranking_arrays(
        subject.compiled.clamped,
        subject.partition,
        groups["tuning"]["gosi"][-1],
        rival_quantities(groups),
        subject.ablation.layers,
        null_images=subject.null_images,
        streams=subject.streams,
    )


def _on_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.rivals.arrays import rankings_by_layer

    return rankings_by_layer(subject, groups)


MEASUREMENT = Measurement(
    name="rivals",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    where_asked={EXTERNAL: lambda subject: subject.is_ablated},
    follows=("other_tuning", "ablation"),
    settings=("probe", "ablation"),
    cost=_cost,
    coordinates=_coordinates,
    methods=_methods,
    once_analysed=_once_analysed,
    on_external=_on_external,
)

"""What halves cost that were designed to differ in selectivity and in little else, and which units are in which half."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.experiment.measurements.dose.doses import DESIGNED, DOSES, kept_draws
from study.experiment.speeds import INFERENCE_SPEED, SUFFIX_SHARE
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable, Workload
from study.vocabulary.schema import GENERALIZATION

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import TrainedSubject

VARIABLES = {
    "designed_loss": Variable(
        ("layer", "designed_half"),
        "f",
        "nat",
        "cross-entropy on the null's images with a designed half clamped to output zero",
    ),
    "membership": Variable(
        ("layer", "dosed_half", "member_byte"),
        "i",
        "1",
        "which units are in a half, eight a byte: first and second half of each random split in turn, then designed halves",
    ),
}


def _cost(work: Workload) -> Cost:
    ablation = work.config.ablation
    clamped = DESIGNED * len(ablation.layers) * ablation.null_images
    halves = 2 * kept_draws(ablation.null_draws) + DESIGNED
    return Cost(SUFFIX_SHARE * clamped / INFERENCE_SPEED, 4.5e-4 * halves)


def _coordinates(subject: TrainedSubject) -> Mapping[str, object]:
    return {"layer": [layer.name for layer in subject.layers if layer.name in subject.ablation.layers]}


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    text = (
        f"Beside random halves of a layer, {DESIGNED} designed ones are clamped to output zero on the same images: the units"
        " with the largest sum of a standard normal number and d times what is left of their gOSI (in half of them: of their"
        " selectivity for spatial frequency), in standard deviations, once the other index, sparseness, mean and standard"
        " deviation of the activity, weight norm and class selectivity are regressed out over the units of the layer; d goes"
        f" from {DOSES[0]:g} to {DOSES[-1]:g}. So these halves differ in one index and balance the rest. The members of these"
        f" and of {kept_draws(config.ablation.null_draws)} random splits are stored."
    )
    return (("Dose of selectivity", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.dose.arrays import dose_arrays, dose_quantities

    return dose_arrays(
        subject.compiled.clamped,
        subject.partition,
        groups["tuning"]["gosi"][-1],
        dose_quantities(groups),
        subject.ablation,
        null_images=subject.null_images,
        streams=subject.streams,
    )


MEASUREMENT = Measurement(
    name="dose",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    follows=("other_tuning", "ablation"),
    settings=("probe", "ablation"),
    cost=_cost,
    coordinates=_coordinates,
    methods=_methods,
    once_analysed=_once_analysed,
)

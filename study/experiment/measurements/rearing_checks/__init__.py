"""What a condition of rearing did to the network's layers, beside their selectivity, and how the network bears small shifts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.experiment.speeds import INFERENCE_SPEED
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable, Workload
from study.vocabulary.schema import REARING

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import TrainedSubject

DECODING_SECONDS = 0.4  # all layers
PASSES = 4.0  # of a whole network, for each test image: as it is, and under three shifts

_LAYER = ("layer",)

VARIABLES = {
    "weight_norm": Variable(
        _LAYER,
        "f",
        "1",
        "Euclidean norm of the weights a unit reads its input by, mean over the layer's units; NaN for sums, which have none",
        nan_allowed=True,
    ),
    "effective_rank": Variable(
        _LAYER,
        "f",
        "1",
        "exponential of the entropy of the eigenvalues of the covariance of units' mean responses over test images; 0 for a"
        " layer that does not vary",
    ),
    "orientation_decoding": Variable(
        _LAYER,
        "f",
        "1",
        "share of the variance of the doubled angle's cosine and sine that a linear readout of the layer's units explains at"
        " spatial frequencies and phases it was not fitted to; 0 for a layer that does not vary",
    ),
    "spatial_frequency_selectivity": Variable(
        _LAYER,
        "f",
        "1",
        "(mean response to the best spatial frequency - mean of those to the others) / (their sum), mean over the units"
        " that respond to some grating; NaN without any",
        True,
    ),
    "class_selectivity": Variable(
        _LAYER,
        "f",
        "1",
        "(best class mean - mean of the others) / (their sum), test images, mean over the units that respond to some; NaN"
        " without any",
        True,
    ),
    "silent_share": Variable(_LAYER, "f", "1", "share of the layer's units that respond to no grating"),
    "shifted_loss": Variable((), "f", "nat", "cross-entropy on shifted test images, mean over the three shifts"),
    "shifted_accuracy": Variable((), "f", "1", "accuracy on shifted test images, mean over the three shifts"),
}


def _cost(work: Workload) -> Cost:
    return Cost(DECODING_SECONDS + PASSES * work.test / INFERENCE_SPEED, 0.01)


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    text = (
        "Of every network reared under a condition, layer by layer, with the analysed weights: the mean norm of the weights"
        " that a unit reads its input by; the effective rank of units' mean responses to test images (the exponential of the"
        " entropy of their covariance's normalised eigenvalues; Roy and Vetterli 2007); the selectivity of units for spatial"
        " frequency and for class, either as (best - mean of the others) / (best + mean of the others); the share of silent"
        " units. How well the layer tells orientation: a ridge regression from its units' responses to gratings to the cosine"
        " and the sine of twice the orientation, in six folds, each tested on every third spatial frequency with every second"
        " phase and fitted to gratings that have neither; the ridge is chosen within the fitted ones. The share of variance"
        " explained is 1 where orientation is read without error, 0 (or somewhat less) where nothing linear tells it. A"
        " layer may tell orientation though none of its units is selective. Loss and accuracy are also taken on test images"
        " shifted by 10 % of their size (down, to the right, both; edges repeated), mean over the three."
    )
    return (("Checks of rearing", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.rearing_checks.arrays import rearing_arrays

    return rearing_arrays(
        subject.compiled.responses,
        subject.compiled.model,
        subject.layers,
        subject.partition,
        grating_responses=subject.responses,
        scores=subject.scores,
    )


MEASUREMENT = Measurement(
    name="rearing_checks",
    variables=VARIABLES,
    arms=(REARING,),
    follows=("tuning",),
    settings=("probe",),
    cost=_cost,
    methods=_methods,
    once_analysed=_once_analysed,
)

"""How much components change when the image shifts: in the intact network, and behind ablated halves of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.experiment.speeds import INFERENCE_SPEED
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Stage, Variable, Workload
from study.vocabulary.schema import GENERALIZATION, SHIFTS, conditions

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import TrainedSubject

SHIFT_PASSES = 18.0  # of a whole network, for each test image: its views, seen twice, intact and with halves ablated

_CONDITION = ("condition", "layer")

VARIABLES = {
    "cv_mean": Variable(
        _CONDITION, "f", "1", "coefficient of variation under shifts, mean over the layer's active components", True
    ),
    "cv_standard_error": Variable(
        _CONDITION, "f", "1", "standard error over components of the mean coefficient of variation", True
    ),
    "n_components": Variable(_CONDITION, "i", "1", "number of components that some test image activates"),
    "n_inactive": Variable(_CONDITION, "i", "1", "number of components no test image activates, left out"),
    "prediction_consistency": Variable(
        ("condition", "shift"), "f", "1", "share of test images whose predicted class the shift does not change"
    ),
}

_STAGE = Stage("shift", 1)


def _cost(work: Workload) -> Cost:
    return Cost(SHIFT_PASSES * (work.config.shift_invariance.test_images or work.test) / INFERENCE_SPEED, 0.05)


def _coordinates(subject: TrainedSubject) -> Mapping[str, object]:
    ablated = subject.config.shift_invariance.layers
    return {
        "shift": list(SHIFTS),
        "condition": list(conditions([layer.name for layer in subject.layers if layer.name in ablated])),
    }


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    shift = config.shift_invariance
    seen = f"{shift.test_images:,}" if shift.test_images else "all"
    text = (
        f"A component is one position of a map, or one dense unit. For each, on the test images ({seen}) that drive it above"
        " 90 % of its maximum: the coefficient of variation of its activations over the image and three shifts of it by"
        " 10 % of its size (down, to the right, both; edges repeated), averaged over those images and then over the layer's"
        " components. Measured in the intact network and behind the top, the bottom and a random half of"
        f" {', '.join(shift.layers)}, clamped to output_zero; so is how often the predicted class survives the shift."
    )
    return (("Shift invariance", text),)


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.shift_invariance.arrays import ablated_halves, shift_arrays
    from study.experiment.unit_sets import layer_halves
    from study.networks.interventions.watched import WatchedNetwork

    gosi, settings = groups["tuning"]["gosi"][-1], subject.config.shift_invariance
    watched = subject.compiled.once(
        ("watched", settings.layers), lambda: WatchedNetwork.of(subject.compiled.model, subject.layers, settings.layers)
    )
    halves = layer_halves(gosi, subject.layers, rng=subject.streams("ties"))
    return shift_arrays(
        watched,
        subject.partition,
        ablated_halves(watched, gosi, halves, rng=subject.streams("shift")),
        test_images=settings.test_images,
        on_progress=lambda share: subject.report(_STAGE.name, share, "shifting images"),
    )


MEASUREMENT = Measurement(
    name="shift_invariance",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    follows=("tuning", "ablation"),
    settings=("shift_invariance",),
    cost=_cost,
    coordinates=_coordinates,
    stage=_STAGE,
    methods=_methods,
    once_analysed=_once_analysed,
)

"""What the network loses when units are ablated: halves of a layer, random halves, controls, growing fractions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from study.experiment.speeds import INFERENCE_SPEED, SUFFIX_SHARE
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Stage, Variable, Workload
from study.vocabulary.schema import CONTROLS, EXTERNAL, FRACTIONS, GENERALIZATION, HALVES, ORDERS, TARGETS

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import ExternalSubject, TrainedSubject

_LAYER = ("clamp", "layer", "target")
_CURVE = ("layer", "order", "fraction")

VARIABLES = {
    "baseline_loss": Variable((), "f", "nat", "test cross-entropy of the intact network"),
    "baseline_accuracy": Variable((), "f", "1", "test accuracy of the intact network"),
    "baseline_class_loss": Variable(("class",), "f", "nat", "test cross-entropy of the intact network, by class"),
    "baseline_class_accuracy": Variable(("class",), "f", "1", "test accuracy of the intact network, by class"),
    "loss": Variable(_LAYER, "f", "nat", "test cross-entropy with the target units clamped"),
    "accuracy": Variable(_LAYER, "f", "1", "test accuracy with the target units clamped"),
    "baseline_loss_by_block": Variable(
        ("test_block",),
        "f",
        "nat",
        "test cross-entropy of the intact network by block of test images, whose mean is baseline_loss",
    ),
    "loss_by_block": Variable(
        (*_LAYER, "test_block"),
        "f",
        "nat",
        "test cross-entropy with the target units clamped by block of test images, whose mean is loss",
    ),
    "class_loss": Variable(
        (*_LAYER, "class"), "f", "nat", "test cross-entropy with the target units clamped, by class"
    ),
    "class_accuracy": Variable((*_LAYER, "class"), "f", "1", "test accuracy with the target units clamped, by class"),
    "half_size": Variable(("layer",), "i", "1", "number of units in either half"),
    "silent_units": Variable(("layer",), "i", "1", "number of silent units, in neither half"),
    "null_baseline_loss": Variable((), "f", "nat", "cross-entropy of the intact network on the null's images"),
    "null_baseline_accuracy": Variable((), "f", "1", "accuracy of the intact network on the null's images"),
    "null_target_loss": Variable(
        ("layer", "target"),
        "f",
        "nat",
        "cross-entropy on the null's images with the target units clamped to output zero",
    ),
    "null_target_loss_by_block": Variable(
        ("layer", "target", "null_block"),
        "f",
        "nat",
        "cross-entropy with the target units clamped by block of the null's images, whose mean is null_target_loss",
    ),
    "null_target_accuracy": Variable(
        ("layer", "target"), "f", "1", "accuracy on the null's images with the target units clamped to output zero"
    ),
    "null_loss": Variable(
        ("layer", "draw", "half"),
        "f",
        "nat",
        "cross-entropy on the null's images with a random half clamped to output zero",
    ),
    "null_accuracy": Variable(
        ("layer", "draw", "half"), "f", "1", "accuracy on the null's images with a random half clamped to output zero"
    ),
    "null_effect": Variable(
        ("layer", "draw"),
        "f",
        "nat",
        "cross-entropy with the first random half clamped minus with the second, on the null's images",
    ),
    "control_loss": Variable(
        ("layer", "control", "target"),
        "f",
        "nat",
        "cross-entropy on the null's images with a control's halves clamped to output zero",
    ),
    "control_accuracy": Variable(
        ("layer", "control", "target"),
        "f",
        "1",
        "accuracy on the null's images with a control's halves clamped to output zero",
    ),
    "control_size": Variable(("layer", "control"), "i", "1", "number of units in either of a control's halves"),
    "curve_loss": Variable(
        _CURVE, "f", "nat", "cross-entropy on the null's images with a fraction of the units clamped to output zero"
    ),
    "curve_accuracy": Variable(
        _CURVE, "f", "1", "accuracy on the null's images with a fraction of the units clamped to output zero"
    ),
    "curve_size": Variable(("layer", "fraction"), "i", "1", "number of units clamped at each fraction"),
}

_CLAMPS = {
    "output_zero": "the next layer receives 0",
    "relu_zero": "the response before batch normalisation is 0",
    "mean": "the next layer receives the unit's mean over training images and positions",
    "resample": "the next layer receives what the unit sends on for another test image",
}
_STAGE = Stage("ablate", 3)


def _cost(work: Workload) -> Cost:
    ablation = work.config.ablation
    masks = ablation.null_draws + len(CONTROLS) + len(ORDERS) * len(FRACTIONS) / 2
    clamped = 2 * len(ablation.layers) * (len(ablation.clamps) * work.test + masks * ablation.null_images)
    return Cost(SUFFIX_SHARE * clamped / INFERENCE_SPEED, 0.5)


def _coordinates(subject: TrainedSubject | ExternalSubject) -> Mapping[str, object]:
    ablation = subject.ablation
    return {
        "layer": [layer.name for layer in subject.layers if layer.name in ablation.layers],
        "clamp": list(ablation.clamps),
        "target": list(TARGETS),
        "half": list(HALVES),
        "draw": np.arange(ablation.null_draws),
        "control": list(CONTROLS),
        "order": list(ORDERS),
        "fraction": np.array(FRACTIONS),
    }


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    ablation = config.ablation
    clamps = "; ".join(f"{clamp}: {_CLAMPS[clamp]}" for clamp in ablation.clamps)
    blocks = study["ablation"].to_dataset()
    halves = (
        "Units of a layer are ranked by gOSI, ties broken at random, silent units set aside; the top and the bottom"
        " floor(n / 2) are clamped in turn and the loss on all test images is measured, also class by class."
        f" Clamps ({clamps}). Null: {ablation.null_draws} random splits into equal halves, on the same"
        f" {ablation.null_images} test images as the difference they are compared with. Losses of these halves are also kept"
        f" by blocks of test images: {blocks.sizes['test_block']} of all, {blocks.sizes['null_block']} of the null's."
    )
    controls = (
        "On the same images: halves by class selectivity in place of gOSI; halves alike in mean activity, in its standard"
        " deviation, in weight norm or in sparseness (the mean gOSI of a unit's own shuffles) but different in gOSI, made by"
        " pairing neighbours in that quantity and parting each pair by gOSI; and 5 to 95 % of a layer's units clamped, in the"
        " order of rising or of falling gOSI, or in a random order."
    )
    return (("Ablation", halves), ("Controls of the ablation", controls))


def _once_analysed(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.ablation.arrays import ablation_arrays
    from study.experiment.unit_sets import layer_halves

    training, gosi = groups["training"], groups["tuning"]["gosi"][-1]
    return ablation_arrays(
        subject.compiled.clamped,
        subject.partition,
        gosi,
        layer_halves(gosi, subject.layers, rng=subject.streams("ties")),
        _quantities(groups),
        subject.ablation,
        baseline=(float(training["test_loss"]), float(training["test_accuracy"])),
        null_images=subject.null_images,
        streams=subject.streams,
        on_progress=lambda share: subject.report(_STAGE.name, share, "ablating units"),
    )


def _on_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.measurements.ablation.external import arrays_by_layer

    return arrays_by_layer(subject, groups["tuning"]["gosi"][-1], _quantities(groups))


def _quantities(groups: Mapping[str, Arrays]) -> Arrays:
    """Return what controls are made by: how units behave on photographs, and how sparse their responses to gratings are."""
    from study.experiment.unit_sets import SPARSENESS

    return {**groups["activity"], SPARSENESS: groups["tuning"][SPARSENESS][-1]}


MEASUREMENT = Measurement(
    name="ablation",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    where_asked={EXTERNAL: lambda subject: subject.is_ablated},
    follows=("training", "tuning", "activity"),
    settings=("ablation",),
    cost=_cost,
    coordinates=_coordinates,
    stage=_STAGE,
    methods=_methods,
    once_analysed=_once_analysed,
    on_external=_on_external,
)

"""Every dataset the study stores, in one place: dimensions, types, units, meaning; and the validator.

A network is one `xarray.DataTree` with the groups below. The compacted store has the same groups with a leading
dimension `network`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from study.vocabulary.errors import StudyError

SCHEMA_VERSION = 2

GENERALIZATION, MATURATION, MEMORIZATION = "generalization", "maturation", "memorization"
ARM_GROUPS = {
    GENERALIZATION: ("training", "tuning", "responses", "activity", "ablation", "shift_invariance"),
    MATURATION: ("training", "maturation"),
    MEMORIZATION: ("training", "tuning"),
}  # what is measured in the networks of each arm
OPTIONAL_GROUPS: dict[str, tuple[str, ...]] = {GENERALIZATION: ("variants",)}  # and what only if the study asks for it
SECOND_SET = 2  # of initialisations, which repeats the first
PROBED = "probed"  # stands in place of an arm: a network from elsewhere, which is probed and not trained
GROUPS_OF = {**ARM_GROUPS, PROBED: ("tuning", "responses", "rectification")}
OPTIONAL_GROUPS_OF = {**OPTIONAL_GROUPS, PROBED: ("activity", "ablation")}  # where there are photographs

STATES = ("initial", "analysed")
TARGETS = ("top", "bottom")
HALVES = ("first", "second")
CONTROLS = ("class_selectivity", "matched_activity", "matched_activity_sd", "matched_weight_norm")
ORDERS = ("ascending", "descending", "random")
FRACTIONS = tuple(round(0.05 * step, 2) for step in range(1, 20))
SHIFTS = ("vertical", "horizontal", "both")
SETS_SILENCED = ("top", "bottom", "random")


def conditions(layers: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions that shift invariance is measured under: intact, then each layer's silenced halves."""
    return ("intact", *(f"{layer}_{half}" for layer in layers for half in SETS_SILENCED))


@dataclass(frozen=True)
class Variable:
    """One variable: its dimensions (without `network`), NumPy kind ('f' float, 'i' integer, 'b' bool), units, meaning."""

    dims: tuple[str, ...]
    kind: str
    units: str
    long_name: str
    nan_allowed: bool = False


_UNIT = ("state", "unit")
_VARIANT = ("state", "variant", "unit")
_LAYER = ("clamp", "layer", "target")
_CURVE = ("layer", "order", "fraction")
_CONDITION = ("condition", "layer")

GROUPS: dict[str, dict[str, Variable]] = {
    "training": {
        "train_loss": Variable(("epoch",), "f", "nat", "mean training cross-entropy over the epoch's batches"),
        "train_accuracy": Variable(("epoch",), "f", "1", "training accuracy over the epoch's batches"),
        "validation_loss": Variable(("epoch",), "f", "nat", "validation cross-entropy after the epoch"),
        "validation_accuracy": Variable(("epoch",), "f", "1", "validation accuracy after the epoch"),
        "analysed_epoch": Variable((), "i", "1", "epoch whose weights are analysed"),
        "final_train_loss": Variable((), "f", "nat", "training cross-entropy of the analysed weights, not augmented"),
        "final_train_accuracy": Variable((), "f", "1", "training accuracy of the analysed weights, not augmented"),
        "test_loss": Variable((), "f", "nat", "test cross-entropy of the analysed weights"),
        "test_accuracy": Variable((), "f", "1", "test accuracy of the analysed weights"),
    },
    "tuning": {
        "gosi": Variable(_UNIT, "f", "1", "global orientation selectivity index", nan_allowed=True),
        "osi": Variable(_UNIT, "f", "1", "orientation selectivity index (preferred against orthogonal)", True),
        "preferred_orientation": Variable(_UNIT, "f", "degree", "orientation of the largest response", True),
        "preferred_spatial_frequency": Variable(_UNIT, "f", "cycle/pixel", "frequency of the largest response", True),
        "spatial_frequency_range": Variable(
            _UNIT,
            "f",
            "degree",
            "shortest arc holding the preferred orientations of all frequencies above half peak",
            True,
        ),
        "spatial_frequency_count": Variable(_UNIT, "i", "1", "number of spatial frequencies above half peak"),
        "silent": Variable(_UNIT, "b", "1", "whether the unit responds to no grating at all"),
        "mean_response": Variable(_UNIT, "f", "activation", "mean response over all gratings"),
        "tuning_curve": Variable((*_UNIT, "orientation"), "f", "activation", "response at the preferred frequency"),
        "gosi_null_mean": Variable(_UNIT, "f", "1", "mean gOSI of the unit's own shuffled responses", True),
        "gosi_null_sd": Variable(_UNIT, "f", "1", "standard deviation of the shuffled gOSI", True),
        "gosi_null_selective": Variable(_UNIT, "f", "1", "share of shuffles with gOSI above 0.33", True),
        "gosi_pvalue": Variable(
            _UNIT, "f", "1", "share of shuffles with gOSI at least the observed, (k+1)/(n+1)", True
        ),
        "gosi_orientation_null_mean": Variable(
            _UNIT, "f", "1", "mean gOSI after shuffling orientation labels within spatial frequency", True
        ),
        "gosi_orientation_pvalue": Variable(
            _UNIT, "f", "1", "p of gOSI against orientation labels shuffled within spatial frequency", True
        ),
        "gosi_null_count": Variable(
            ("state", "layer", "gosi_bin"), "i", "1", "number of shuffled gOSI values of the layer's units in each bin"
        ),
    },
    "responses": {
        "response": Variable(
            (*_UNIT, "orientation", "spatial_frequency", "phase"), "f", "activation", "response to each grating"
        ),
    },
    "rectification": {
        "rectified": Variable(
            ("unit",), "f", "1", "share of the responses to gratings that were below 0 and read as 0"
        ),
    },
    "maturation": {
        "gosi": Variable(("epoch", "unit"), "f", "1", "global orientation selectivity index after each epoch", True),
    },
    "activity": {
        "mean_activity": Variable(
            ("unit",), "f", "activation", "mean over training images of the response (spatial mean after the ReLU)"
        ),
        "activity_sd": Variable(
            ("unit",), "f", "activation", "standard deviation over training images of the response"
        ),
        "mean_output": Variable(
            ("unit",), "f", "1", "mean over training images and positions of what the next layer receives"
        ),
        "weight_norm": Variable(
            ("unit",), "f", "1", "Euclidean norm of the weights the unit reads its input by, if it has any", True
        ),
        "class_selectivity": Variable(
            ("unit",), "f", "1", "(best class mean - mean of the others) / (their sum), test images", True
        ),
        "preferred_class": Variable(("unit",), "i", "1", "class with the largest mean response, -1 without any"),
    },
    "ablation": {
        "baseline_loss": Variable((), "f", "nat", "test cross-entropy of the intact network"),
        "baseline_accuracy": Variable((), "f", "1", "test accuracy of the intact network"),
        "baseline_class_loss": Variable(("class",), "f", "nat", "the same, for the images of each class"),
        "baseline_class_accuracy": Variable(("class",), "f", "1", "the same, for the images of each class"),
        "loss": Variable(_LAYER, "f", "nat", "test cross-entropy with the target units clamped"),
        "accuracy": Variable(_LAYER, "f", "1", "test accuracy with the target units clamped"),
        "class_loss": Variable((*_LAYER, "class"), "f", "nat", "the same, for the images of each class"),
        "class_accuracy": Variable((*_LAYER, "class"), "f", "1", "the same, for the images of each class"),
        "ablated": Variable(("unit",), "i", "1", "1: top half by gOSI, -1: bottom half, 0: in neither half"),
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
        "null_target_accuracy": Variable(("layer", "target"), "f", "1", "the accuracy there"),
        "null_loss": Variable(
            ("layer", "draw", "half"), "f", "nat", "cross-entropy on the null's images with a random half clamped"
        ),
        "null_accuracy": Variable(("layer", "draw", "half"), "f", "1", "the accuracy there"),
        "null_effect": Variable(("layer", "draw"), "f", "nat", "loss(first) - loss(second) of a random split"),
        "control_loss": Variable(
            ("layer", "control", "target"),
            "f",
            "nat",
            "cross-entropy on the null's images with a control's halves clamped to output zero",
        ),
        "control_accuracy": Variable(("layer", "control", "target"), "f", "1", "the accuracy there"),
        "control_size": Variable(("layer", "control"), "i", "1", "number of units in either of a control's halves"),
        "curve_loss": Variable(
            _CURVE, "f", "nat", "cross-entropy on the null's images with a fraction of the units clamped to output zero"
        ),
        "curve_accuracy": Variable(_CURVE, "f", "1", "the accuracy there"),
        "curve_size": Variable(("layer", "fraction"), "i", "1", "number of units clamped"),
    },
    "shift_invariance": {
        "cv_mean": Variable(
            _CONDITION, "f", "1", "coefficient of variation under shifts, mean over the layer's active components", True
        ),
        "cv_standard_error": Variable(_CONDITION, "f", "1", "standard error of that mean over components", True),
        "n_components": Variable(_CONDITION, "i", "1", "number of active components"),
        "n_inactive": Variable(_CONDITION, "i", "1", "number of components no test image activates, left out"),
        "prediction_consistency": Variable(
            ("condition", "shift"), "f", "1", "share of test images whose predicted class the shift does not change"
        ),
    },
    "variants": {
        "gosi": Variable(_VARIANT, "f", "1", "global orientation selectivity index by this reading", True),
        "silent": Variable(_VARIANT, "b", "1", "whether the unit responds to no grating at all by this reading"),
        "gosi_null_mean": Variable(
            _VARIANT, "f", "1", "mean gOSI of the unit's own shuffled responses, few shuffles", True
        ),
        "gosi_null_selective": Variable(
            _VARIANT, "f", "1", "share of shuffles with gOSI above 0.33, few shuffles", True
        ),
        "spatial_frequency_range": Variable(
            _VARIANT,
            "f",
            "degree",
            "shortest arc holding the preferred orientations of all frequencies above half peak",
            True,
        ),
        "spatial_frequency_count": Variable(_VARIANT, "i", "1", "number of spatial frequencies above half peak"),
        "target_loss": Variable(
            ("variant", "layer", "target"),
            "f",
            "nat",
            "cross-entropy on the null's images with the halves by this reading's gOSI clamped to output zero",
        ),
    },
}

# Coordinates of the `network` dimension in the compacted store; attributes of a single network's root. A network from
# elsewhere has only the first, and `seed`: how it was trained is not known here.
NETWORK_COORDINATES = ("arm", "augmentation", "label_corruption", "seed", "initialization_set")

UNIT_COORDINATES = ("unit_layer", "channel")  # on `unit`: the layer a unit belongs to, and its index there
COORDINATE_UNITS = {"orientation": "degree", "spatial_frequency": "cycle/pixel", "phase": "degree", "gosi_bin": "1"}


def validate(tree: xr.DataTree, *, source: str) -> None:
    """Raise `StudyError` naming group, variable and what is wrong unless `tree` is one whole network.

    Parameters
    ----------
    tree
        A single network's tree (no `network` dimension); groups of `OPTIONAL_GROUPS` may be missing.
    source
        Where the tree came from, for the message.

    Raises
    ------
    StudyError
        On a wrong schema version, a missing or unexpected variable, wrong dimensions or type, or NaN where none may be.
    """
    found = tree.attrs.get("schema_version")
    if found != SCHEMA_VERSION:
        raise StudyError(f"{source}: schema version {found!r}, this program reads {SCHEMA_VERSION}; use another --name")
    arm = tree.attrs.get("arm")
    if arm not in GROUPS_OF:
        raise StudyError(f"{source}: arm {arm!r} is unknown; arms are {', '.join(GROUPS_OF)}")
    optional = OPTIONAL_GROUPS_OF.get(arm, ())
    if unexpected := sorted(set(tree.children) - {*GROUPS_OF[arm], *optional}):
        raise StudyError(f"{source}: group {unexpected[0]!r} is not one of arm {arm!r}")
    for group in (*GROUPS_OF[arm], *(name for name in optional if name in tree.children)):
        variables = GROUPS[group]
        if group not in tree.children:
            raise StudyError(f"{source}: group {group!r} is missing")
        dataset = tree[group].to_dataset()
        if difference := set(dataset.data_vars) ^ set(variables):
            raise StudyError(
                f"{source}: group {group!r} has missing or unexpected variables {sorted(map(str, difference))}"
            )
        for name, variable in variables.items():
            if problem := _problem(dataset[name], variable):
                raise StudyError(f"{source}: {group}/{name} {problem}")


def _problem(array: xr.DataArray, variable: Variable) -> str:
    if array.dims != variable.dims:
        return f"has dimensions {array.dims}, must be {variable.dims}"
    kind = {"u": "i"}.get(array.dtype.kind, array.dtype.kind)
    if kind != variable.kind:
        return f"has type {array.dtype}, must be of kind {variable.kind!r}"
    if kind == "f" and not variable.nan_allowed and not np.isfinite(array.values).all():
        return "holds NaN or infinity where none may be"
    return ""


def described(group: str, arrays: dict[str, np.ndarray], coords: dict[str, object]) -> xr.Dataset:
    """Return a group's arrays as a labelled dataset with `long_name` and `units` on every variable.

    Raises
    ------
    KeyError
        When an array is not in the schema: a programming error, not a user's.
    """
    variables = {
        name: (
            GROUPS[group][name].dims,
            values,
            {"units": GROUPS[group][name].units, "long_name": GROUPS[group][name].long_name},
        )
        for name, values in arrays.items()
    }
    used = {dim for dims, _, _ in variables.values() for dim in dims}
    attached = {
        key: value
        for key, value in coords.items()
        if key in used or (isinstance(value, tuple) and set(np.atleast_1d(value[0])) <= used)
    }
    dataset = xr.Dataset(variables, coords=attached)
    for name, units in COORDINATE_UNITS.items():
        if name in dataset.coords:
            dataset[name].attrs.update(units=units, long_name=name.replace("_", " "))
    return dataset

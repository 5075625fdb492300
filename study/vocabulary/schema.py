"""Every dataset the study stores: which groups a network has, what they hold, and the validator.

A network is one `xarray.DataTree` with the groups below, one a measurement (see `study.vocabulary.measurement`). The
compacted store has the same groups with a leading dimension `network`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from study.vocabulary.device import DEVICE
from study.vocabulary.errors import StudyError
from study.vocabulary.measurement import Variable, measurements

SCHEMA_VERSION = 6

GENERALIZATION, MATURATION, MEMORIZATION, REARING = ARMS = ("generalization", "maturation", "memorization", "rearing")
EXTERNAL = "external"  # stands in place of an arm: an external network, which is probed and not trained here
SECOND_SET = 2  # of initialisations, which repeats the first

STATES = ("initial", "analysed")  # of the weights, in the order in which a network has them
NORMALISED = "initial_normalised"  # initial weights, batch normalisation's moments computed from training images
TUNED_STATES = (STATES[0], NORMALISED, STATES[1])  # those that the tuning of units is measured in
TARGETS = ("top", "bottom")
HALVES = ("first", "second")
CONTROLS = (
    "class_selectivity",
    "matched_activity",
    "matched_activity_sd",
    "matched_weight_norm",
    "matched_sparseness",
)
RANKINGS = (  # what halves are made by in place of gOSI, beside the controls' class selectivity
    "spatial_frequency",
    "phase_modulation",
    "response_variance",
    "sparseness",
    "gosi_half_of_gratings",
)
DOSED = ("gosi", "spatial_frequency_selectivity")  # whose dose halves are designed by
DOSE_COVARIATES = ("gosi_null_mean", "mean_activity", "activity_sd", "weight_norm", "class_selectivity")
ORDERS = ("ascending", "descending", "random")
FRACTIONS = tuple(round(0.05 * step, 2) for step in range(1, 20))
SHIFTS = ("vertical", "horizontal", "both")
SETS_ABLATED = ("top", "bottom", "random")
RECEIVED = ("unshifted", "own", "restored", "exchanged")  # by the first dense layer, see the measurement of mediation
WAYS = ("output_zero", "best_constant", "moments")  # to ablate a half, once what surprise adds is taken away
AROUND_EPOCH = ("before", "after")  # one more epoch of training
STEPS = ("output_zero", "mean", "three_quarters", "end")  # at which constants are scored while they are sought


def conditions(layers: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions that shift invariance is measured under: intact, then each layer's ablated halves."""
    return ("intact", *(f"{layer}_{half}" for layer in layers for half in SETS_ABLATED))


def variables_by_group() -> dict[str, Mapping[str, Variable]]:
    """Return the variables of every group that a network may have, in the order of measurements."""
    return {name: measurement.variables for name, measurement in measurements().items()}


def group_title(group: str) -> str:
    """Return what a group holds, in a line."""
    return measurements()[group].title


def groups_of(arm: str) -> tuple[str, ...]:
    """Return the groups that every network of an arm has."""
    return tuple(name for name, measurement in measurements().items() if arm in measurement.arms)


def optional_groups_of(arm: str) -> tuple[str, ...]:
    """Return the groups that networks of an arm have only if the study asks for them."""
    return tuple(name for name, measurement in measurements().items() if arm in measurement.where_asked)


# Coordinates of the `network` dimension in the compacted store; attributes of a single network's root. An external
# network has only the first, and `seed`: how it was trained is not known here.
NETWORK_COORDINATES = (
    "arm",
    "augmentation",
    "label_corruption",
    "seed",
    "initialization_set",
    "rearing",
    "reared_layers",
)
# Likewise, of a network that a study trained: the digest of the registration in force when it was published. It decides
# nothing that is measured, so it is no part of the network's key.
REGISTRATION_DIGEST = "registration_digest"

# What a store of a whole study says of itself, in the words of the Attribute Convention for Data Discovery.
STORE_ATTRIBUTES: Mapping[str, str] = {
    "Conventions": f"study-{SCHEMA_VERSION}",
    "title": "Orientation selectivity and generalisation: everything a study measured",
    "source": "convolutional networks trained and probed by the Python package study",
    "references": "Ukita (2020), Causal importance of low-level feature selectivity for generalization in image recognition,"
    " Neural Networks 125:185-193",
}

UNIT_COORDINATES = ("layer", "channel")  # on `unit`: the layer a unit belongs to, and its index there
# Units and meaning of every coordinate.
COORDINATES: Mapping[str, tuple[str, str]] = {
    "network": ("1", "digest of all that determines the network"),
    "arm": ("1", "part of the study the network belongs to"),
    "augmentation": ("1", "augmentation of the training images"),
    "label_corruption": ("1", "probability of replacing a label by a random class"),
    "seed": ("1", "number of the network within its arm and augmentation"),
    "initialization_set": ("1", "which of the two sets of initialisations"),
    "rearing": ("1", "condition that the network learnt under; free where nothing was confined or penalised"),
    "reared_layers": ("1", "layers that the condition of rearing acts on, first-last; none where it is free"),
    REGISTRATION_DIGEST: (
        "1",
        "digest of the registration under which the network was trained; empty where it does not say",
    ),
    DEVICE: ("1", "kind of device that the network was trained and measured on: cpu, gpu, or gpu_tf32"),
    "state": (
        "1",
        "which weights: initial, initial with moments of training images, or analysed, which training chose",
    ),
    "epoch": ("1", "epoch of training; 0 is before it"),
    "unit": ("1", "number of the unit in the network, layers in order"),
    "layer": ("1", "layer, of a unit or of what is measured by layer"),
    "channel": ("1", "number of the unit in its layer"),
    "first_layer_unit": ("1", "number of the unit in the first layer"),
    "orientation": ("degree", "orientation of the grating"),
    "spatial_frequency": ("cycle/pixel", "spatial frequency of the grating"),
    "phase": ("degree", "phase of the grating"),
    "gosi_bin": ("1", "lower end of a bin of gOSI"),
    "class": ("1", "number of the class among the network's outputs"),
    "class_name": ("1", "name of the class"),
    "clamp": ("1", "what the next layer receives from ablated units"),
    "target": ("1", "half of the layer by gOSI that is ablated"),
    "half": ("1", "which half of a random split is ablated"),
    "draw": ("1", "number of the random split"),
    "control": ("1", "quantity that a control's halves are made by, or made alike in"),
    "ranking": ("1", "quantity that halves are made by in place of gOSI"),
    "dosed_half": ("1", "number of a half of the layer: random ones, then those designed to differ in selectivity"),
    "designed_half": ("1", "number of a half that was designed to differ in selectivity"),
    "member_byte": (
        "1",
        "number of a byte of eight units of a layer, in their order, each a bit, the first the highest",
    ),
    "order": ("1", "order by gOSI in which growing fractions of a layer are ablated"),
    "fraction": ("1", "share of the layer's units that are ablated"),
    "condition": ("1", "what is ablated while shift invariance is measured"),
    "shift": ("1", "direction of the shift"),
    "received": ("1", "what the first dense layer receives: unshifted, own variation, its mean, another's variation"),
    "way": ("1", "how a half is ablated: at output zero, at the best constants, or with moments re-estimated"),
    "held": ("1", "set of a layer's units that is held at output zero while the network learns on"),
    "trained": ("1", "before or after one more epoch of training"),
    "step": (
        "1",
        "when constants are scored: at output zero, at the mean, at three quarters of the search, at its end",
    ),
    "tensor": ("1", "name of a tensor of weights or moments, as Keras names it"),
    "specification": ("1", "how units are read / which gratings they are shown"),
}


def validate(tree: xr.DataTree, *, source: str) -> None:
    """Raise `StudyError` naming group, variable and what is wrong unless `tree` is one whole network.

    Parameters
    ----------
    tree
        A single network's tree (no `network` dimension); those of `optional_groups_of` its arm may be missing.
    source
        Where the tree came from, for the message.

    Raises
    ------
    StudyError
        On a wrong schema version, a missing or unexpected variable, wrong dimensions or type, or NaN where none may be.
    """
    version = tree.attrs.get("schema_version")
    if version != SCHEMA_VERSION:
        raise StudyError(
            f"{source}: schema version {version!r}, this program reads {SCHEMA_VERSION}; use another --name"
        )
    arm = tree.attrs.get("arm")
    if arm not in (*ARMS, EXTERNAL):
        raise StudyError(f"{source}: arm {arm!r} is unknown; arms are {', '.join((*ARMS, EXTERNAL))}")
    always, optional = groups_of(arm), optional_groups_of(arm)
    if unexpected := sorted(set(tree.children) - {*always, *optional}):
        raise StudyError(f"{source}: group {unexpected[0]!r} is not one of arm {arm!r}")
    for group in (*always, *(name for name in optional if name in tree.children)):
        variables = variables_by_group()[group]
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
    values = _trained(array.values) if variable.ends_early else array.values
    if kind == "f" and not variable.nan_allowed and not (values.size and np.isfinite(values).all()):
        return "holds NaN or infinity where none may be"
    return ""


def _trained(curve: np.ndarray) -> np.ndarray:
    """Return a curve, (epoch,), up to its last value; empty where it has none."""
    return curve[: int(np.flatnonzero(~np.isnan(curve)).max(initial=-1)) + 1]


def described(group: str, arrays: dict[str, np.ndarray], coords: dict[str, object]) -> xr.Dataset:
    """Return a group's arrays as a labelled dataset with `long_name` and `units` on every variable.

    Raises
    ------
    KeyError
        When an array is not in the schema: a programming error, not a user's.
    """
    declared = variables_by_group()[group]
    variables = {
        name: (declared[name].dims, values, {"units": declared[name].units, "long_name": declared[name].long_name})
        for name, values in arrays.items()
    }
    used = {dim for dims, _, _ in variables.values() for dim in dims}
    attached = {
        key: value
        for key, value in coords.items()
        if key in used or (isinstance(value, tuple) and set(np.atleast_1d(value[0])) <= used)
    }
    dataset = xr.Dataset(variables, coords=attached)
    return with_meanings(dataset)


def class_names_of(attributes: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return the names of the classes that a store's attributes hold as a JSON text; none where they hold none."""
    names = attributes.get("class_names", ())
    return tuple(json.loads(names) if isinstance(names, str) else names)


def with_meanings(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset whose coordinates say what they are and in which unit, those of the schema that is."""
    for name in COORDINATES.keys() & set(map(str, dataset.coords)):
        units, meaning = COORDINATES[name]
        dataset[name].attrs.update(units=units, long_name=meaning)
    return dataset

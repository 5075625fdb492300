"""What is stored is described in one place, and nothing else passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from study.vocabulary.errors import StudyError
from study.vocabulary.measurement import Variable
from study.vocabulary.schema import (
    ARMS,
    EXTERNAL,
    NETWORK_COORDINATES,
    SCHEMA_VERSION,
    described,
    groups_of,
    optional_groups_of,
    validate,
    variables_by_group,
)
from tests.example_external_network import example_external_network
from tests.example_networks import example_network

SMALL = {"conv1": 4, "fc1": 6}
GROUPS = variables_by_group()
EVERY_ARM = (*ARMS, EXTERNAL)
VARIABLES = [(group, name) for group, variables in GROUPS.items() for name in variables]


def network(arm: str = "generalization") -> xr.DataTree:
    """Return a small valid network with every group that its arm may have."""
    rng, specifications = np.random.default_rng(0), ("max/min_max", "mean/fixed", "max/fixed")
    if arm == EXTERNAL:
        return example_external_network(rng, layers=SMALL, draws=5)
    return example_network(rng, arm=arm, layers=SMALL, epochs=3, draws=5, specifications=specifications)


def arm_with(group: str) -> str:
    """Return an arm that has a group, one that always has it if there is one."""
    having = [arm for arm in EVERY_ARM if group in (*groups_of(arm), *optional_groups_of(arm))]
    return max(having, key=lambda arm: group in groups_of(arm))


def changed(
    change: Callable[[dict[str, xr.Dataset]], None], *, arm: str = "generalization", **attributes: Any
) -> xr.DataTree:
    """Return a network whose datasets by group went through `change`."""
    tree = network(arm)
    groups = {name: tree[name].to_dataset() for name in tree.children}
    change(groups)
    made = xr.DataTree.from_dict({f"/{name}": dataset for name, dataset in groups.items()})
    made.attrs = {**tree.attrs, **attributes}
    return made


def refusal(tree: xr.DataTree) -> str:
    """Return the one line with which a network is refused."""
    with pytest.raises(StudyError) as caught:
        validate(tree, source="store/net")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("arm", EVERY_ARM)
def test_a_whole_network_passes(arm: str) -> None:
    """The example that other tests build on is what the schema asks for, in every arm."""
    validate(network(arm), source="example")


def test_every_group_belongs_to_an_arm() -> None:
    """And what has epochs is a fraction or a loss: the store fills epochs to come with NaN."""
    assert set().union(*map(groups_of, EVERY_ARM), *map(optional_groups_of, EVERY_ARM)) == set(GROUPS)
    assert not any(set(groups_of(arm)) & set(optional_groups_of(arm)) for arm in EVERY_ARM)
    assert {GROUPS[group][name].kind for group, name in VARIABLES if "epoch" in GROUPS[group][name].dims} == {"f"}


def test_an_unknown_arm_is_refused() -> None:
    """The line names the allowed ones."""
    tree = network()
    tree.attrs["arm"] = "guessing"
    message = refusal(tree)
    assert (
        message
        == "store/net: arm 'guessing' is unknown; arms are generalization, maturation, memorization, rearing, external"
    )


def test_a_group_of_another_arm_is_refused() -> None:
    """A network of the memorization arm is not ablated."""
    tree = network()
    tree.attrs["arm"] = "memorization"
    assert refusal(tree) == "store/net: group 'ablation' is not one of arm 'memorization'"


def test_an_optional_group_may_be_missing() -> None:
    """A study that asks for no other specification of the probe has networks without it."""
    assert [optional_groups_of(arm) for arm in ARMS] == [
        ("kernels", "multiverse", "multiverse_ablation", "retraining", "weights"),
        ("weights",),
        ("weights",),
        ("slices", "weights"),
    ]
    assert "multiverse" in network().children
    validate(changed(lambda groups: groups.pop("multiverse") and None), source="store/net")
    validate(example_external_network(np.random.default_rng(0), layers=SMALL, photographs=False), source="store/net")
    assert "multiverse" not in network("maturation").children


def test_an_optional_group_of_another_arm_is_refused() -> None:
    """Only the population is probed in other ways."""
    tree = network("memorization")
    tree["multiverse"] = network()["multiverse"]
    assert refusal(tree) == "store/net: group 'multiverse' is not one of arm 'memorization'"


def test_every_variable_says_what_it_is() -> None:
    """Meaning and units for each, one kind of three, dimensions without repeats and without `network`."""
    for group, name in VARIABLES:
        variable = GROUPS[group][name]
        assert variable.long_name and variable.units
        assert variable.kind in ("f", "i", "b")
        assert len(set(variable.dims)) == len(variable.dims)
        assert "network" not in variable.dims


def test_no_loss_may_be_undefined() -> None:
    """NaN means a silent unit, a layer of nothing else, or one that no replaced input depends on; else a broken network."""
    undefined = {group for group, name in VARIABLES if GROUPS[group][name].nan_allowed}
    assert undefined == {
        "kernels",
        "tuning",
        "maturation",
        "activity",
        "shift_invariance",
        "multiverse",
        "rearing_checks",
        "mediation",
        "need",
        "other_tuning",
        "retraining",
        "slices",
    }
    in_nats = {
        group for group, name in VARIABLES if GROUPS[group][name].nan_allowed and GROUPS[group][name].units == "nat"
    }
    assert in_nats == {"mediation", "need", "retraining"}
    counts = {"gosi_null_count", "spatial_frequency_count", "spatial_frequency_count_midpoint"}
    never = {"silent", "mean_response", "tuning_curve"} | counts
    assert {name for name, variable in GROUPS["tuning"].items() if not variable.nan_allowed} == never


def test_a_network_says_which_it_is() -> None:
    """The attributes of its root are what the compacted store turns into coordinates."""
    assert set(NETWORK_COORDINATES) <= set(network().attrs)


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, SCHEMA_VERSION - 1, None, "1"])
def test_another_schema_version_is_refused(version: object) -> None:
    """The line names both versions and what to do."""
    message = refusal(changed(lambda groups: None, schema_version=version))
    assert message.startswith(f"store/net: schema version {version!r}, this program reads {SCHEMA_VERSION}")
    assert "--name" in message


@pytest.mark.parametrize("group", sorted(set().union(*map(groups_of, EVERY_ARM))))
def test_a_missing_group_is_named(group: str) -> None:
    """Each of them, in an arm that has it."""
    assert (
        refusal(changed(lambda groups: groups.pop(group) and None, arm=arm_with(group)))
        == f"store/net: group {group!r} is missing"
    )


@pytest.mark.parametrize(("group", "name"), VARIABLES)
def test_a_missing_variable_is_named(group: str, name: str) -> None:
    """Every one of them."""

    def drop(groups: dict[str, xr.Dataset]) -> None:
        groups[group] = groups[group].drop_vars(name)

    assert (
        refusal(changed(drop, arm=arm_with(group)))
        == f"store/net: group {group!r} has missing or unexpected variables [{name!r}]"
    )


def test_an_unexpected_variable_is_named() -> None:
    """What the schema does not describe is not stored."""

    def add(groups: dict[str, xr.Dataset]) -> None:
        groups["training"] = groups["training"].assign(mood=3.0)

    assert refusal(changed(add)) == "store/net: group 'training' has missing or unexpected variables ['mood']"


@pytest.mark.parametrize(
    ("group", "name", "change", "problem"),
    [
        ("tuning", "gosi", lambda v: v.transpose("unit", "state"), "('unit', 'state'), must be ('state', 'unit')"),
        ("training", "test_loss", lambda v: v.expand_dims("image"), "has dimensions ('image',), must be ()"),
        ("ablation", "null_loss", lambda v: v.isel(half=0), "must be ('layer', 'draw', 'half')"),
        ("tuning", "silent", lambda v: v.astype(float), "has type float64, must be of kind 'b'"),
        ("ablation", "half_size", lambda v: v.astype(float), "has type float64, must be of kind 'i'"),
        ("ablation", "loss", lambda v: v.astype(int), "has type int64, must be of kind 'f'"),
        ("training", "test_loss", lambda v: v.astype(object), "has type object, must be of kind 'f'"),
        ("multiverse", "gosi", lambda v: v.isel(specification=0), "must be ('state', 'specification', 'unit')"),
        (
            "multiverse_ablation",
            "target_loss",
            lambda v: v.expand_dims("draw"),
            "must be ('specification', 'layer', 'target')",
        ),
        ("multiverse", "silent", lambda v: v.astype(int), "has type int64, must be of kind 'b'"),
    ],
)
def test_a_wrong_shape_or_type_is_named(group: str, name: str, change: Any, problem: str) -> None:
    """The line names group, variable, what it has and what it must have."""

    def apply(groups: dict[str, xr.Dataset]) -> None:
        array = change(groups[group][name])
        rest = groups[group].drop_vars(name)
        groups[group] = rest.assign({name: (array.dims, array.values)})

    message = refusal(changed(apply))
    assert message.startswith(f"store/net: {group}/{name} ")
    assert problem in message


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint16])
def test_any_width_of_a_kind_will_do(dtype: type) -> None:
    """Counts may be stored in the type that fits them, unsigned ones too."""

    def narrow(groups: dict[str, xr.Dataset]) -> None:
        groups["ablation"] = groups["ablation"].assign(half_size=groups["ablation"]["half_size"].astype(dtype))

    validate(changed(narrow), source="store/net")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("training", "validation_loss"),
        ("ablation", "null_effect"),
        ("responses", "response"),
        ("tuning", "mean_response"),
        ("multiverse_ablation", "target_loss"),
    ],
)
def test_undefined_values_are_refused_where_none_may_be(group: str, name: str, value: float) -> None:
    """A loss or a response that is no number is damage."""

    def spoil(groups: dict[str, xr.Dataset]) -> None:
        array = groups[group][name].copy()
        array.values.flat[0] = value
        groups[group] = groups[group].assign({name: array})

    assert refusal(changed(spoil)) == f"store/net: {group}/{name} holds NaN or infinity where none may be"


def test_silent_units_may_be_undefined() -> None:
    """NaN where the schema allows it passes, even everywhere."""

    def make_silent(groups: dict[str, xr.Dataset]) -> None:
        groups["tuning"] = groups["tuning"].assign(gosi=groups["tuning"]["gosi"] * np.nan)

    validate(changed(make_silent), source="store/net")


def test_described_arrays_carry_labels_units_and_meaning() -> None:
    """Dimensions from the schema, coordinates where their dimension occurs and nowhere else."""
    coords = {"epoch": [1, 2], "layer": ("unit", ["conv1"]), "orientation": [0.0, 90.0]}
    dataset = described("training", {"train_loss": np.array([1.0, 0.5]), "test_loss": np.array(2.0)}, coords)
    assert dataset["train_loss"].dims == ("epoch",)
    assert dataset["train_loss"].attrs == {
        "units": "nat",
        "long_name": "mean training cross-entropy over the epoch's batches",
    }
    assert set(dataset.coords) == {"epoch"}
    curve = described("tuning", {"tuning_curve": np.ones((2, 1, 2))}, coords)
    assert set(curve.coords) == {"layer", "orientation"}
    assert curve["orientation"].attrs == {"units": "degree", "long_name": "orientation of the grating"}


def test_an_array_that_is_not_in_the_schema_is_a_programming_error() -> None:
    """No array is stored without a description."""
    with pytest.raises(KeyError, match="mood"):
        described("training", {"mood": np.array(1.0)}, {})


def test_a_variable_is_a_frozen_record() -> None:
    """The schema cannot be changed in passing."""
    with pytest.raises(AttributeError):
        Variable((), "f", "1", "x").kind = "i"  # type: ignore[misc]

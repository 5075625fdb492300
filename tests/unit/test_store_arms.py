"""Arms in one store: each group holds the networks that have it, and an analysis gets back what was published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.networks import networks_of
from study.store import StudyFolder, compact, open_study, publish_network
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import ARMS, groups_of, optional_groups_of, variables_by_group
from tests.example_networks import example_network

LAYERS = {"conv1": 4, "fc1": 6}
EPOCHS = {"generalization": 2, "maturation": 5, "memorization": 3, "rearing": 4}


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


def made(arm: str, seed: int, initialization_set: int, **options: object) -> xr.DataTree:
    """Return a small network of an arm."""
    network_options = {"layers": LAYERS, "epochs": EPOCHS[arm], "draws": 3} | options
    rng = np.random.default_rng([seed, initialization_set, list(EPOCHS).index(arm)])
    return example_network(rng, arm=arm, seed=seed, initialization_set=initialization_set, **network_options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trees() -> dict[str, xr.DataTree]:
    """Return two networks of each arm in either set of initialisations, as a study plans them.

    Of the population the second network of the first set and the first of the second have been probed in other ways.
    """
    probed = {(1, 1), (0, 2)}
    networks = [
        made(arm, seed, number, specifications=("max/min_max", "mean/fixed") if (seed, number) in probed else ())
        for number in (1, 2)
        for arm in EPOCHS
        for seed in (0, 1)
    ]
    return {tree.attrs["key"]: tree for tree in networks}


@pytest.fixture(scope="module")
def study(trees: dict[str, xr.DataTree], tmp_path_factory: pytest.TempPathFactory) -> Iterator[xr.DataTree]:
    """Return all of them, published, compacted and opened."""
    folder = StudyFolder(tmp_path_factory.mktemp("arms"))
    for key, tree in trees.items():
        publish_network(folder, key, tree)
    compact(folder, list(trees), {"config_digest": "c0ffee"})
    with open_study(folder.compacted) as opened:
        yield opened.load()


@pytest.mark.parametrize(
    "group", [name for name in variables_by_group() if name != "rectification"]
)  # which no arm has
def test_a_group_holds_the_networks_that_have_it(study: xr.DataTree, trees: dict[str, xr.DataTree], group: str) -> None:
    """In the order of the plan, with arm and set beside each."""
    expected = [key for key, tree in trees.items() if group in tree.children]
    assert study[group]["network"].values.tolist() == expected
    assert study[group]["arm"].values.tolist() == [trees[key].attrs["arm"] for key in expected]
    assert study[group]["initialization_set"].values.tolist() == [
        trees[key].attrs["initialization_set"] for key in expected
    ]


def test_epochs_to_which_an_arm_is_not_trained_are_nan(study: xr.DataTree) -> None:
    """The longest arm decides the length, the others end in NaN; the maturation group starts before training."""
    assert study["training"]["epoch"].values.tolist() == [1, 2, 3, 4, 5]
    trained = study["training"]["validation_loss"].notnull().sum("epoch")
    assert trained.values.tolist() == [EPOCHS[arm] for arm in study["training"]["arm"].values]
    assert study["maturation"]["epoch"].values.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("arm", ARMS)
def test_an_analysis_gets_back_what_was_published(
    study: xr.DataTree, trees: dict[str, xr.DataTree], arm: str, number: int
) -> None:
    """Every value of every network of the arm and set, no other network, and no epoch but its own."""
    of_arm = networks_of(study, arm, number)
    assert of_arm is not None
    optional = optional_groups_of(arm)
    assert set(of_arm.children) == {*groups_of(arm), *optional}
    members = [
        tree for tree in trees.values() if (tree.attrs["arm"], tree.attrs["initialization_set"]) == (arm, number)
    ]
    for group in of_arm.children:
        having = [tree for tree in members if group in tree.children]
        assert len(having) == (1 if group in optional else 2)
        for name in variables_by_group()[group]:
            expected = np.stack([tree[group][name].values for tree in having])
            np.testing.assert_array_equal(of_arm[group][name].values, expected)
            assert of_arm[group][name].dtype == expected.dtype


def test_an_optional_group_is_labelled_as_the_others(study: xr.DataTree) -> None:
    """Its own coordinate says what it is, every variable has units and a meaning, and a specification is found by its name."""
    specifications = study["multiverse"].to_dataset()
    assert specifications["specification"].values.tolist() == ["max/min_max", "mean/fixed"]
    assert specifications["gosi"].sel(specification="mean/fixed", state="analysed").dims == ("network", "unit")
    for name in (*variables_by_group()["multiverse"], "network", "arm"):
        assert specifications[name].attrs["units"] and specifications[name].attrs["long_name"], name
    assert {"schema_version", "config_digest"} <= set(specifications.attrs)


def test_an_arm_that_is_not_there_is_none(study: xr.DataTree) -> None:
    """A third set of initialisations, or a study of one arm alone."""
    assert networks_of(study, "generalization", 3) is None
    first = study.filter(lambda node: node.name != "maturation")
    alone = networks_of(first, "memorization", 1)
    assert alone is not None and "maturation" not in alone.children


def test_arms_of_different_networks_are_refused(tmp_path: Path) -> None:
    """The same groups of other layers: no study holds both."""
    folder = StudyFolder(tmp_path)
    networks = [made("generalization", 0, 1), made("memorization", 0, 1, layers={"conv1": 4, "fc1": 7})]
    for tree in networks:
        publish_network(folder, tree.attrs["key"], tree)
    with pytest.raises(StudyError, match="an arm is unlike another in t"):
        compact(folder, [tree.attrs["key"] for tree in networks], {})

"""Every arm and the second set of initialisations, from the command line to the report."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from study.vocabulary.schema import ARMS as ARMS_OF_STUDIES
from study.vocabulary.schema import EXTERNAL, class_names_of, groups_of, variables_by_group
from tests.opened_page import opened_page
from tests.pipeline.tiny_study import WHOLE_REGISTRATION, Finished, arguments, manifests, run

ARMS = (
    "population.augmentations=shift_flip",
    "need.retrained_networks=1",
    "maturation.seeds=1",
    "maturation.epochs=3",
    "memorization.seeds=1",
    "memorization.label_corruptions=0,1",
    "memorization.epochs=2",
    "memorization.train_images=100",
    "rearing.seeds=1",
    "rearing.epochs=2",
    "replication.seeds=1",
    "multiverse.readouts=max",
    "multiverse.gratings=fixed",
    "execution.keep_weights=analysed",
)
GIVEN = arguments(
    "--preregistration", str(WHOLE_REGISTRATION), *(part for setting in ARMS for part in ("--set", setting))
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Return a study of eight networks in four arms and two sets, run in a process of its own."""
    return run(tmp_path_factory.mktemp("arms"), *GIVEN)


@pytest.mark.slow
def test_every_arm_is_trained_compacted_and_reported(finished: Finished) -> None:
    """Exit code 0 and nothing said on standard error; each group of the store holds the networks that have it."""
    assert (finished.code, finished.err) == (0, "")
    with xr.open_datatree(finished.folder.compacted, engine="zarr") as study:
        of_external_networks = {*groups_of(EXTERNAL)} - {group for arm in ARMS_OF_STUDIES for group in groups_of(arm)}
        assert of_external_networks == {"rectification"}
        assert set(study.children) == {*variables_by_group(), "results"} - of_external_networks
        arms = study["training"]["arm"].values.tolist()
        reared = ["rearing"] * 3
        assert arms == ["generalization", "maturation", "memorization", "memorization", *reared, "generalization"]
        assert study["training"]["initialization_set"].values.tolist() == [1] * 7 + [2]
        assert study["rearing_checks"]["rearing"].values.tolist() == ["free", "isotropic", "parted"]
        assert study["rearing_checks"]["reared_layers"].values.tolist() == ["none", "conv1-conv3", "conv1-conv3"]
        assert study["ablation"]["initialization_set"].values.tolist() == [1, 2]
        assert study["maturation"]["gosi"].shape == (1, 4, 960)
        assert study["multiverse"]["gosi"].shape == (2, 2, 1, 960)
        assert study["multiverse"]["specification"].values.tolist() == ["max/fixed"]
        assert study["tuning"]["label_corruption"].values.tolist() == [0, 0, 1, 0, 0, 0, 0]
        assert len(class_names_of(study["ablation"].attrs)) == 10
    page = opened_page(finished.report.read_text(encoding="utf-8"))
    for question in ("maturation", "memorization", "shift_invariance", "replication", "necessity"):
        assert f"{question}-" in page
    assert "second set" in page


@pytest.mark.slow
def test_a_rerun_trains_nothing(finished: Finished) -> None:
    """Whatever the arm: networks stay as they are, byte for byte."""
    before = manifests(finished.folder)
    again = run(finished.place, *GIVEN)
    assert again.code == 0, again.err
    assert "training images a second" not in again.out
    assert manifests(again.folder) == before


@pytest.mark.slow
def test_a_dry_run_counts_the_networks_of_each_arm(finished: Finished, tmp_path: Path) -> None:
    """By arm and set, and writes nothing."""
    told = run(tmp_path, *GIVEN, "--dry-run")
    assert told.code == 0, told.err
    for line in (
        "arm memorization, initialisation set 1: 2 networks",
        "arm rearing, initialisation set 1: 3 networks",
        "arm generalization, initialisation set 2: 1 networks",
    ):
        assert line in told.out
    assert "plan: 8 networks: 0 done, 8 to do" in told.out
    assert list(tmp_path.iterdir()) == []

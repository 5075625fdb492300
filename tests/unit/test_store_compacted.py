"""The compacted study: everything measured, labelled, in one store; derived, and never half of it."""

from __future__ import annotations

import gc
import json
import os
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from study.store import (
    DamagedNetworkError,
    StudyFolder,
    compact,
    open_study,
    publish_network,
    read_network,
    sweep_staging,
    write_results,
)
from study.store import compacted as compacted_module
from study.store import datasets as datasets_module
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import NETWORK_COORDINATES, SCHEMA_VERSION, groups_of
from tests.children import in_child
from tests.example_networks import POPULATION_GROUPS as GROUPS
from tests.example_networks import example_network

LAYERS = {"conv1": 4, "fc1": 6}
ATTRIBUTES = {"config_digest": "c0ffee", "packages": {"numpy": "2.0"}, "git_commit": "abc"}
STORED = {**ATTRIBUTES, "packages": json.dumps(ATTRIBUTES["packages"], sort_keys=True)}  # as other formats hold it


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


def publish(folder: StudyFolder, count: int, first: int = 0, arm: str = "memorization") -> list[str]:
    """Publish small networks of alternating augmentation, by default of an arm with few groups, and return their keys."""
    keys = []
    for seed in range(first, first + count):
        tree = example_network(
            np.random.default_rng(seed),
            arm=arm,
            layers=LAYERS,
            epochs=2,
            draws=3,
            seed=seed,
            augmentation=("none", "shift_flip")[seed % 2],
            label_corruption=seed / 10,
        )
        publish_network(folder, tree.attrs["key"], tree)
        keys.append(tree.attrs["key"])
    return keys


@pytest.fixture(scope="module")
def compacted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder to copy: publishing takes longer than most tests."""
    folder = StudyFolder(tmp_path_factory.mktemp("compacted"))
    compact(folder, publish(folder, 3), ATTRIBUTES)
    return folder.path


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Return a study folder of three networks that have every group of most, compacted; tests leave it as it is."""
    folder = StudyFolder(tmp_path_factory.mktemp("population"))
    compact(folder, publish(folder, 3, arm="generalization"), ATTRIBUTES)
    return folder


@pytest.fixture
def folder(compacted: Path, tmp_path: Path) -> StudyFolder:
    """Return a study folder of three networks, compacted."""
    return StudyFolder(shutil.copytree(compacted, tmp_path / "study"))


def keys_of(folder: StudyFolder) -> list[str]:
    """Return the keys of the published networks, in the order they were compacted."""
    with open_study(folder.compacted) as study:
        return [str(key) for key in study["training"]["network"].values]


def contents(path: Path) -> dict[str, bytes]:
    """Return every file below a path."""
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def results(estimate: float = 1.0, layers: tuple[str, ...] = ("conv1", "fc1")) -> xr.Dataset:
    """Return a dataset of results as an analysis would."""
    return xr.Dataset(
        {
            "estimate": (("hypothesis", "layer"), np.full((1, len(layers)), estimate), {"units": "1"}),
            "verdict": (("hypothesis",), ["inconclusive"]),
        },
        coords={"hypothesis": ["existence"], "layer": list(layers)},
    )


def test_every_value_is_the_networks(population: StudyFolder) -> None:
    """Selecting a network by its key gives, in every group, what that network's own store holds."""
    with open_study(population.compacted) as opened:
        study = opened.load()
        for key in study["training"]["network"].values:
            network = read_network(population, str(key))
            for group, variables in GROUPS.items():
                chosen = study[group].to_dataset().sel(network=key)
                for name in variables:
                    np.testing.assert_array_equal(chosen[name].values, network[group][name].values)
                    assert chosen[name].dtype == network[group][name].dtype
                for name, coordinate in network[group].coords.items():
                    assert (chosen[name].values == coordinate.values).all()


def test_opened_with_xarray_it_is_labelled(population: StudyFolder) -> None:
    """Plain xarray shows units on every variable, who each network is, and where the data come from."""
    with xr.open_datatree(population.compacted, engine="zarr") as study:
        assert {"schema_version": SCHEMA_VERSION, **STORED}.items() <= study.attrs.items()
        for group in GROUPS:
            dataset = study[group].to_dataset()
            assert {"schema_version": SCHEMA_VERSION, **STORED}.items() <= dataset.attrs.items()
            assert {"network", *NETWORK_COORDINATES} <= set(dataset.coords)
            for name, variable in dataset.variables.items():
                if name in NETWORK_COORDINATES or name in dataset.data_vars:
                    assert variable.attrs["units"], name
                    assert variable.attrs["long_name"], name
                    assert variable.dims[0] == "network"
        tuning = study["tuning"].to_dataset()
        assert list(tuning["augmentation"].values) == ["none", "shift_flip", "none"]
        assert list(tuning["seed"].values) == [0, 1, 2]
        assert list(tuning["label_corruption"].values) == [0.0, 0.1, 0.2]
        chosen = tuning["gosi"].sel(state="analysed").where(tuning["layer"] == "fc1", drop=True)
        assert chosen.shape == (3, LAYERS["fc1"])
        assert list(tuning["gosi"].groupby("augmentation").mean(...)["augmentation"].values) == ["none", "shift_flip"]
        assert set(tuning["mean_response"].to_dataframe().reset_index()["layer"]) == set(LAYERS)


@pytest.mark.parametrize("count", [1, 6])
def test_batches_and_chunks_change_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Many small batches, chunks that split, a last batch that is not full: the same values, every chunk there."""
    folder = StudyFolder(tmp_path)
    keys = publish(folder, count)
    size = sum(tree.to_dataset().nbytes for tree in read_network(folder, keys[0]).children.values())
    compact(folder, keys, ATTRIBUTES)
    with open_study(folder.compacted) as study:
        expected = study.load()
    monkeypatch.setattr(compacted_module, "BATCH_BYTES", 5 * size)  # 4 networks a batch
    monkeypatch.setattr(datasets_module, "CHUNK_BYTES", 700)
    compact(folder, keys, {**ATTRIBUTES, "again": 1})
    with open_study(folder.compacted) as study:
        assert study["tuning/tuning_curve"].encoding["chunks"][0] == 1
        for group in groups_of("memorization"):
            xr.testing.assert_equal(study[group].to_dataset().load(), expected[group].to_dataset())
    arrays = [node for _, node in zarr.open_group(folder.compacted).members(max_depth=None) if hasattr(node, "nchunks")]
    assert arrays
    assert all(array.nchunks_initialized == array.nchunks for array in arrays)


def test_the_same_networks_give_the_same_bytes(folder: StudyFolder, tmp_path: Path) -> None:
    """No byte of the compacted store depends on when or where it was made."""
    other = StudyFolder(tmp_path / "other")
    shutil.copytree(folder.networks, other.networks)
    compact(other, keys_of(folder), ATTRIBUTES)
    assert contents(other.compacted) == contents(folder.compacted)


def test_nothing_changed_nothing_done(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same networks and attributes: the store stays, results and all, and no network is read."""
    write_results(folder, results())
    keys, before = keys_of(folder), contents(folder.compacted)
    monkeypatch.setattr(compacted_module, "read_groups", None)
    compact(folder, keys, dict(ATTRIBUTES))
    assert contents(folder.compacted) == before


@pytest.mark.parametrize("change", ["more", "fewer", "order", "attributes", "retrained", "chunk", "metadata"])
def test_any_change_compacts_again(folder: StudyFolder, change: str) -> None:
    """Other networks, order, attributes or content, or a store with a part missing: made anew, without old results."""
    write_results(folder, results())
    keys, attributes = keys_of(folder), dict(ATTRIBUTES)
    if change == "more":
        keys += publish(folder, 1, first=3)
    elif change == "fewer":
        keys = keys[:2]
    elif change == "order":
        keys = keys[::-1]
    elif change == "attributes":
        attributes["git_commit"] = "def"
    elif change == "retrained":
        (folder.networks / f"{keys[0]}.zarr").rename(folder.path / "old")
        tree = read_network(folder, keys[1])
        tree.attrs["key"] = keys[0]
        publish_network(folder, keys[0], tree)
    elif change == "chunk":
        (folder.compacted / "tuning/gosi/c/0/0/0").unlink()
    else:
        (folder.compacted / "zarr.json").write_text("{")
    compact(folder, keys, attributes)
    assert keys_of(folder) == keys
    with open_study(folder.compacted) as study:
        assert "results" not in study.children
        np.testing.assert_array_equal(
            study["tuning/gosi"].sel(network=keys[0]).values, read_network(folder, keys[0])["tuning/gosi"].values
        )
    assert not list(folder.staging.iterdir())


def test_a_damaged_network_stops_compaction_and_the_old_study_stays(folder: StudyFolder) -> None:
    """The file is named; what was compacted before is untouched."""
    keys = keys_of(folder) + publish(folder, 1, first=3)
    before = contents(folder.compacted)
    chunk = folder.networks / f"{keys[-1]}.zarr" / "tuning/gosi/c/0/0"
    chunk.write_bytes(b"\0" + chunk.read_bytes()[1:])
    with pytest.raises(DamagedNetworkError, match="tuning/gosi/c/0/0"):
        compact(folder, keys, ATTRIBUTES)
    assert contents(folder.compacted) == before
    assert not list(folder.staging.iterdir())
    with pytest.raises(DamagedNetworkError, match="absent"):
        compact(folder, [*keys, "absent"], ATTRIBUTES)


def test_networks_that_are_unlike_are_named(folder: StudyFolder) -> None:
    """Networks of two configs do not fit into one study."""
    rng = np.random.default_rng(9)
    other = example_network(rng, arm="memorization", layers=LAYERS, epochs=3, draws=3, seed=9, key="other")
    publish_network(folder, "other", other)
    with pytest.raises(StudyError, match="network other is unlike the first in training/train_loss"):
        compact(folder, [*keys_of(folder), "other"], ATTRIBUTES)


def test_no_network_is_said(tmp_path: Path) -> None:
    """There is nothing to compact before the first network."""
    with pytest.raises(StudyError, match="no network to compact"):
        compact(StudyFolder(tmp_path), [], ATTRIBUTES)


@pytest.mark.parametrize("step", ["study group written", "study consolidated", "study sealed"])
def test_killed_while_compacting_the_old_study_stays(folder: StudyFolder, step: str) -> None:
    """Until the new store is whole, the old one is in its place."""
    before = contents(folder.compacted)
    assert in_child(compact, folder, keys_of(folder), {**ATTRIBUTES, "again": 1}, step=step).code == -9
    assert contents(folder.compacted) == before
    assert sweep_staging(folder) == 1
    compact(folder, keys_of(folder), ATTRIBUTES)
    assert contents(folder.compacted) == before


def test_killed_between_the_two_renames_the_old_study_comes_back(folder: StudyFolder) -> None:
    """The one window in which there is no study: the next sweep puts the old one back."""
    keys, before = keys_of(folder), contents(folder.compacted)
    assert in_child(compact, folder, keys, {**ATTRIBUTES, "again": 1}, step="old study moved").code == -9
    assert not folder.compacted.exists()
    assert sweep_staging(folder) == 2
    assert contents(folder.compacted) == before
    compact(folder, keys, {**ATTRIBUTES, "again": 1})
    assert keys_of(folder) == keys


def test_a_swap_that_fails_puts_the_old_study_back(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused rename is one line, and the study is where it was."""
    keys, before, replace = keys_of(folder), contents(folder.compacted), os.replace

    def refuse(source: Path, target: Path) -> None:
        if Path(source).name.startswith("study.zarr.") and Path(target) == folder.compacted:
            raise OSError(5, "Input/output error", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StudyError, match=r"study\.zarr: cannot be written \(Input/output error\); check the disk"):
        compact(folder, keys, {**ATTRIBUTES, "again": 1})
    assert contents(folder.compacted) == before


def test_results_are_added_and_replaced(folder: StudyFolder) -> None:
    """Results of any shape take the place of the old ones; the rest keeps its every byte."""
    before = contents(folder.compacted)
    for estimate, layers in ((1.0, ("conv1", "fc1")), (2.0, ("conv1", "conv2", "fc1"))):
        write_results(folder, results(estimate, layers))
        with open_study(folder.compacted) as study:
            stored = study["results"].to_dataset(inherit=False).load()
            xr.testing.assert_equal(stored, results(estimate, layers))
            assert STORED.items() <= stored.attrs.items()
    after = contents(folder.compacted)
    rest = {name: content for name, content in after.items() if not name.startswith("results")}
    assert {**rest, "zarr.json": b""} == {**before, "zarr.json": b""}
    assert not list(folder.staging.iterdir())


@pytest.mark.parametrize(
    "step", ["results staged", "results written", "old results hidden", "old results removed", "results renamed"]
)
def test_killed_while_writing_results_the_rest_is_readable(folder: StudyFolder, step: str) -> None:
    """The store shows the old results or none, never missing chunks as NaN; then they can be written."""
    write_results(folder, results())
    with open_study(folder.compacted) as study:
        gosi = study["tuning/gosi"].values
    new = results(2.0, ("conv1", "fc1", "new"))
    assert in_child(write_results, folder, new, step=step).code == -9
    with open_study(folder.compacted) as study:
        np.testing.assert_array_equal(study["tuning/gosi"].values, gosi)
        if "results" in study.children:
            xr.testing.assert_equal(study["results"].to_dataset(inherit=False).load(), results())
        assert ("results" in study.children) == (step in ("results staged", "results written"))
    write_results(folder, results(3.0))
    with open_study(folder.compacted) as study:
        xr.testing.assert_equal(study["results"].to_dataset(inherit=False).load(), results(3.0))


def test_results_need_a_study(tmp_path: Path) -> None:
    """Results go with the data they were computed from."""
    with pytest.raises(StudyError, match="there is no study"):
        write_results(StudyFolder(tmp_path), results())


@pytest.mark.parametrize("harm", ["absent", "empty", "broken", "version"])
def test_what_is_no_study_is_one_line(folder: StudyFolder, harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent, empty, broken, or of another schema version: said with the path."""
    path = folder.compacted
    if harm == "absent":
        path = path / "none"
    elif harm == "empty":
        path = folder.path / "empty"
        path.mkdir()
    elif harm == "broken":
        (path / "zarr.json").write_text("{")
    else:
        monkeypatch.setattr(compacted_module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    with pytest.raises(StudyError, match=str(path)) as refusal:
        open_study(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("batch_bytes", "held"), [(1, 2), (10**9, 6)])
def test_no_more_than_a_batch_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_bytes: int, held: int
) -> None:
    """Of six networks, those of one batch are alive at a time, and the first, which all are compared with."""
    alive: list[weakref.ref[xr.Dataset]] = []
    counts = []

    def counted(folder: StudyFolder, key: str) -> dict[str, xr.Dataset]:
        tree = example_network(np.random.default_rng(0), arm="memorization", layers=LAYERS, key=key)
        groups = datasets_module.groups_of(tree)
        alive.append(weakref.ref(groups["tuning"]))
        gc.collect()
        counts.append(sum(reference() is not None for reference in alive))
        return groups

    monkeypatch.setattr(compacted_module, "read_groups", counted)
    monkeypatch.setattr(compacted_module, "manifest_digest", lambda folder, key: key)
    monkeypatch.setattr(compacted_module, "network_attributes", lambda folder, key: {"arm": "memorization"})
    monkeypatch.setattr(compacted_module, "network_groups", lambda folder, key: ("training", "tuning"))
    monkeypatch.setattr(compacted_module, "BATCH_BYTES", batch_bytes)
    compact(StudyFolder(tmp_path), [str(number) for number in range(6)], ATTRIBUTES)
    assert max(counts) == held

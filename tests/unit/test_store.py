"""The store: what is published is what was measured, whatever happens on the way."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from study.store import (
    DamagedNetworkError,
    StudyFolder,
    network_state,
    publish_network,
    read_network,
    set_aside,
    sweep_staging,
)
from study.store import networks as networks_module
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import SCHEMA_VERSION
from tests.children import CONTEXT, in_child
from tests.example_networks import POPULATION_GROUPS as GROUPS
from tests.example_networks import example_network

LAYERS = {"conv1": 4, "fc1": 6}
KEY = "0123456789abcdef0123"


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


def small_network(seed: int = 0, key: str = KEY) -> xr.DataTree:
    """Return a network of ten units, of the arm that has few groups."""
    rng = np.random.default_rng(seed)
    return example_network(rng, arm="memorization", layers=LAYERS, epochs=2, draws=3, seed=seed, key=key)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder to copy: publishing takes longer than most tests."""
    folder = StudyFolder(tmp_path_factory.mktemp("published"))
    publish_network(folder, KEY, small_network())
    return folder.path


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> StudyFolder:
    """Return a study folder with one small network in it."""
    return StudyFolder(shutil.copytree(published, tmp_path / "study"))


def contents(path: Path) -> dict[str, bytes]:
    """Return every file below a path."""
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def assert_same(written: xr.DataTree, read_back: xr.DataTree) -> None:
    """Assert that labels, values (NaN equals NaN), attributes and numeric types are the same."""
    assert read_back.identical(written)
    for group in GROUPS:
        for name, array in written[group].data_vars.items():
            assert read_back[group][name].dtype == array.dtype


@st.composite
def random_networks(draw: st.DrawFn) -> xr.DataTree:
    """Any sizes, any width of number, zeros, NaN and infinity wherever the schema lets them stand."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    layers = {f"layer {number} é": draw(st.integers(1, 4)) for number in range(draw(st.integers(1, 3)))}
    tree = example_network(rng, layers=layers, epochs=draw(st.integers(1, 3)), draws=draw(st.integers(1, 3)), key=KEY)
    types = {"f": draw(st.sampled_from(("f4", "f8"))), "i": draw(st.sampled_from(("i1", "u2", "i4", "i8")))}
    fill = draw(st.sampled_from((None, 0, 1, np.nan, np.inf, -np.inf, -0.0)))
    for group, variables in GROUPS.items():
        dataset = tree[group].to_dataset()
        for name, variable in variables.items():
            values = dataset[name].values.astype(types.get(variable.kind, "?"))
            if fill is not None and (variable.nan_allowed or (np.isfinite(fill) and variable.kind == "f")):
                values = np.where(rng.random(values.shape) < draw(st.sampled_from((0.1, 1.0))), fill, values)
            dataset[name] = dataset[name].copy(data=values.astype(types.get(variable.kind, "?")))
        tree[group] = xr.DataTree(dataset)
    return tree


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(random_networks())
def test_round_trip_is_identity(tree: xr.DataTree) -> None:
    """Labels, values, types and attributes come back as they went in, and twice the same bytes."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        one, two = StudyFolder(Path(first)), StudyFolder(Path(second))
        publish_network(one, KEY, tree)
        read_back = read_network(one, KEY)
        assert_same(tree, read_back)
        publish_network(two, KEY, read_back)
        assert contents(one.networks) == contents(two.networks)


def test_full_size_round_trip_gives_the_same_bytes_and_few_files(tmp_path: Path) -> None:
    """The real shapes: 960 units, one chunk a variable, no byte that depends on when or where."""
    tree = example_network(np.random.default_rng(0))
    key = str(tree.attrs["key"])
    folders = [StudyFolder(tmp_path / name) for name in ("a", "b")]
    paths = [publish_network(folder, key, tree) for folder in folders]
    assert contents(paths[0]) == contents(paths[1])
    assert_same(tree, read_network(folders[0], key))
    variables = sum(len(tree[group].to_dataset().variables) for group in GROUPS)
    assert len(contents(paths[0])) == 2 * variables + len(GROUPS) + 2  # chunk and metadata; groups, root, manifest


def test_order_of_attributes_and_variables_changes_no_byte(folder: StudyFolder, tmp_path: Path) -> None:
    """Equal trees give equal folders, however they were put together."""
    tree = small_network()
    shuffled = xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs=dict(reversed(tree.attrs.items()))),
            **{
                name: group.to_dataset()[list(reversed(GROUPS[name]))]
                for name, group in reversed(list(tree.children.items()))
            },
        }
    )
    other = StudyFolder(tmp_path / "other")
    publish_network(other, KEY, shuffled)
    assert contents(other.networks) == contents(folder.networks)


def test_no_fixed_width_strings_and_all_chunks_are_checked(folder: StudyFolder) -> None:
    """Every array is compressed with a checksum, labels are variable-width strings, nothing is consolidated."""
    for name, content in contents(folder.networks).items():
        if not name.endswith("zarr.json"):
            continue
        metadata = json.loads(content)
        assert metadata.get("consolidated_metadata") is None
        if metadata["node_type"] == "array":
            assert metadata["data_type"] in ("string", "bool", "int64", "float32", "float64")
            assert metadata["codecs"][-1]["configuration"]["checksum"] is True


def test_a_network_that_is_another_is_refused(tmp_path: Path) -> None:
    """The key in the tree and the key it is stored under cannot differ."""
    with pytest.raises(ValueError, match="says it is"):
        publish_network(StudyFolder(tmp_path), "another", small_network())


def test_an_invalid_network_leaves_nothing(tmp_path: Path) -> None:
    """NaN where none may be: refused by name, nothing published, nothing staged."""
    folder, tree = StudyFolder(tmp_path), small_network()
    tree["training/test_loss"] = tree["training/test_loss"] * np.nan
    with pytest.raises(StudyError, match="training/test_loss holds NaN"):
        publish_network(folder, KEY, tree)
    assert network_state(folder, KEY) == "to do"
    assert not list(tmp_path.rglob("*.zarr"))


def test_what_reads_back_differently_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that returns something else than was written is caught before anything becomes visible."""
    folder = StudyFolder(tmp_path)
    write = networks_module.write_group

    def faulty(store: Path, group: str, dataset: xr.Dataset) -> None:
        write(store, group, dataset.assign(gosi=dataset["gosi"] + 1e-12) if group == "tuning" else dataset)

    monkeypatch.setattr(networks_module, "write_group", faulty)
    with pytest.raises(StudyError, match="tuning/gosi reads back as something else"):
        publish_network(folder, KEY, small_network())
    assert network_state(folder, KEY) == "to do"
    assert not list(folder.staging.iterdir())


def test_a_damaged_network_is_set_aside_and_is_to_do(folder: StudyFolder) -> None:
    """Set aside twice, both stay; in between the network is trained and published again."""
    assert network_state(folder, KEY) == "done"
    first = set_aside(folder, KEY)
    assert network_state(folder, KEY) == "to do"
    publish_network(folder, KEY, small_network())
    second = set_aside(folder, KEY)
    assert (first.name, second.name) == (f"{KEY}.1", f"{KEY}.2")
    assert contents(first) == contents(second)


def test_an_absent_network_is_named(tmp_path: Path) -> None:
    """Reading what is not there says so in one line."""
    with pytest.raises(DamagedNetworkError, match=r"does not exist.*absent"):
        read_network(StudyFolder(tmp_path), "absent")


def test_another_schema_version_is_refused(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of another schema is not damaged, and is not read."""
    monkeypatch.setattr("study.vocabulary.schema.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    with pytest.raises(StudyError, match=f"schema version {SCHEMA_VERSION}, this program reads") as refusal:
        read_network(folder, KEY)
    assert not isinstance(refusal.value, DamagedNetworkError)


def test_first_writer_wins(folder: StudyFolder) -> None:
    """A second network under the same key changes nothing and leaves nothing in staging."""
    before = contents(folder.networks)
    publish_network(folder, KEY, small_network(seed=1))
    assert contents(folder.networks) == before
    assert not list(folder.staging.iterdir())


def _publish_at_once(folder: StudyFolder, seed: int, start: Barrier) -> None:
    start.wait(60)
    publish_network(folder, KEY, small_network(seed))


def _publish_on_a_small_disk(folder: StudyFolder) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
    publish_network(folder, KEY, small_network())


def test_two_processes_publish_the_same_network(tmp_path: Path) -> None:
    """Whoever is second, exactly one whole network is there, one of the two."""
    folder, start = StudyFolder(tmp_path / "study"), CONTEXT.Barrier(2)
    processes = [CONTEXT.Process(target=_publish_at_once, args=(folder, seed, start)) for seed in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    assert network_state(folder, KEY) == "done"
    tree = read_network(folder, KEY)
    assert any(tree.identical(small_network(seed)) for seed in range(2))
    assert not list(folder.staging.iterdir())


def test_the_living_and_the_foreign_are_not_swept(folder: StudyFolder) -> None:
    """What a living process, or another machine, may be writing stays; after a day the foreign goes."""
    living = folder.staged("own")
    foreign = folder.staging / "foreign.ffffffff.1"
    strange = folder.staging / "strange"
    for path in (living, foreign, strange):
        path.mkdir()
    assert sweep_staging(folder) == 0
    os.utime(foreign, (0, 0))
    assert sweep_staging(folder) == 1
    assert sorted(path.name for path in folder.staging.iterdir()) == sorted([living.name, "strange"])


def test_sweeping_what_is_not_there(tmp_path: Path) -> None:
    """A study that was never started has nothing to sweep, and is not made."""
    assert sweep_staging(StudyFolder(tmp_path / "none")) == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.ENFILE])
def test_a_failing_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Full, read-only, failing: one line with path and remedy, nothing published, nothing staged."""
    folder = StudyFolder(tmp_path)

    def refuse(path: Path, content: bytes) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(networks_module, "write_synced", refuse)
    with pytest.raises(StudyError, match=r"manifest\.json: cannot be written") as refusal:
        publish_network(folder, KEY, small_network())
    assert "\n" not in str(refusal.value)
    assert os.strerror(number) in str(refusal.value)
    assert network_state(folder, KEY) == "to do"
    assert not list(folder.staging.iterdir())


def test_a_disk_that_fills_up_while_chunks_are_written(tmp_path: Path) -> None:
    """A real refusal of the system in the middle of Zarr's own writing is one line too."""
    ended = in_child(_publish_on_a_small_disk, StudyFolder(tmp_path))
    assert "cannot be written" in ended.said
    assert "\n" not in ended.said
    assert network_state(StudyFolder(tmp_path), KEY) == "to do"

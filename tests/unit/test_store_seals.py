"""Whatever is changed in `study.zarr`: it is not believed, it is made again from the networks, and that is said."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from study.store import (
    StudyFolder,
    compact,
    compacted_damage,
    open_study,
    read_journal,
    read_network,
    remade_sentences,
    results_source,
    source_digest,
    write_results,
)
from study.store.manifests import MANIFEST
from study.store.seals import RESULTS_MANIFEST
from study.vocabulary.errors import StudyError
from tests.children import ATTRIBUTES, conclude, key_of, publish
from tests.pipeline.tiny_study import snapshot

KEYS = [key_of(0), key_of(1)]
CHUNK = "tuning/gosi/c/0/0/0"
Harm = Callable[[Path], object]


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Do not wait for the disk: nothing here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two networks, compacted, with results."""
    folder = StudyFolder(tmp_path_factory.mktemp("sealed"))
    for seed in (0, 1):
        publish(folder, seed)
    compact(folder, KEYS, ATTRIBUTES)
    conclude(folder, 1.0)
    return folder.path


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> StudyFolder:
    """A copy of the prepared study."""
    return StudyFolder(shutil.copytree(prepared, tmp_path / "study"))


def halve(store: Path) -> None:
    """Halve the selectivity, as a notebook would that has opened the store for writing."""
    array = zarr.open_group(store, mode="r+")["tuning/gosi"]
    assert isinstance(array, zarr.Array)
    array[:] = 0.5 * np.asarray(array[:])


def at(name: str, harm: Harm) -> Harm:
    """Return how a file of a store is harmed."""
    return lambda store: harm(store / name)


def flip(path: Path) -> None:
    """Turn one bit of the middle byte round; size and time stay as they are."""
    state, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def cut(path: Path) -> None:
    """Lose the second half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def grow(path: Path) -> None:
    """Become a terabyte, of which nothing is on the disk."""
    os.truncate(path, 10**12)


def instead(put: Harm) -> Harm:
    """Return how something else is put in a file's place."""

    def harm(path: Path) -> None:
        path.unlink()
        put(path)

    return harm


def attribute(store: Path) -> None:
    """Rewrite what the store says of its registration, in the root alone."""
    root = json.loads((store / "zarr.json").read_text())
    root["attributes"]["config_digest"] = "0ther"
    (store / "zarr.json").write_text(json.dumps(root, indent=2))


HARMS: dict[str, tuple[Harm, str]] = {
    "values": (halve, CHUNK),
    "a bit": (at(CHUNK, flip), f"{CHUNK}: its sha256 is not the manifest's"),
    "half a chunk": (at(CHUNK, cut), "bytes, must be"),
    "a terabyte": (at(CHUNK, grow), "1000000000000 bytes, must be"),
    "a lost chunk": (at(CHUNK, Path.unlink), f"{CHUNK}: missing"),
    "a lost group": (at("tuning/zarr.json", Path.unlink), "tuning/zarr.json: missing"),
    "another file": (at("notes\n.txt", Path.touch), r"notes\n.txt: not in the manifest"),
    "a pipe": (at(CHUNK, instead(os.mkfifo)), "is a pipe, must be a file"),
    "a device": (at(CHUNK, instead(lambda path: path.symlink_to("/dev/zero"))), "is a device, must be a file"),
    "a link to itself": (at(CHUNK, instead(lambda path: path.symlink_to(path))), "cannot be read"),
    "a folder": (at(CHUNK, instead(Path.mkdir)), "is a directory, must be a file"),
    "the root": (at("zarr.json", cut), "zarr.json: is not valid JSON"),
    "the root's attributes": (attribute, "zarr.json: not what was written"),
    "no root": (at("zarr.json", Path.unlink), "zarr.json: does not exist"),
    "half a manifest": (at(MANIFEST, cut), f"{MANIFEST}: is not valid JSON"),
    "a manifest that is a list": (at(MANIFEST, lambda path: path.write_text("[]")), "not a manifest as it was written"),
    "a manifest nested deep": (at(MANIFEST, lambda path: path.write_text("[" * 10**5)), "is nested deeper than 64"),
    "a manifest of other types": (
        at(MANIFEST, lambda path: path.write_text('{"files": [1], "format": {}}')),
        "not a manifest as it was written",
    ),
}


@pytest.mark.parametrize("what", HARMS)
def test_what_was_changed_is_named_and_refused(folder: StudyFolder, what: str) -> None:
    """No reader of ours gets it; the line names the file, says how it differs and what to do, and nothing hangs."""
    harm, named = HARMS[what]
    harm(folder.compacted)
    damage = compacted_damage(folder)
    assert any(named in line for line in damage)
    assert all(line.isprintable() for line in damage)
    with pytest.raises(StudyError, match="rerun the study to make it again from its networks"):
        open_study(folder.compacted)


@pytest.mark.parametrize("what", ["values", "another file", "a pipe", "the root", "half a manifest"])
def test_what_was_changed_is_made_again_and_said(folder: StudyFolder, what: str) -> None:
    """What is made is what was, byte for byte; what lay there is kept; the sentence names the file, here and later."""
    whole = compacted_bytes(folder)
    HARMS[what][0](folder.compacted)
    damage = compacted_damage(folder)
    [said] = compact(folder, KEYS, ATTRIBUTES)
    assert damage[0] in said
    assert f"made again from the networks; what was there is kept in {folder.damaged}" in said
    assert [said in sentence for sentence in remade_sentences(folder)] == [True]
    assert read_journal(folder) == []
    assert [path.name for path in folder.damaged.iterdir()] == ["study.zarr.1"]
    conclude(folder, 1.0)
    assert compacted_bytes(folder) == whole
    assert compact(folder, KEYS, ATTRIBUTES) == compacted_damage(folder) == []


def compacted_bytes(folder: StudyFolder) -> dict[str, object]:
    """Return every byte of a compacted study."""
    return snapshot(folder.compacted)


RESULT = "results/estimate/c/0/0"
RESULT_HARMS: dict[str, tuple[Harm, str]] = {
    "a bit": (at(RESULT, flip), f"{RESULT}: its sha256 is not the manifest's"),
    "a lost value": (at(RESULT, Path.unlink), f"{RESULT}: missing"),
    "an added value": (at("results/more", Path.touch), "results/more: not in the manifest"),
    "all of them": (at("results", shutil.rmtree), f"{RESULT}: missing"),
    "their manifest": (at(RESULTS_MANIFEST, Path.unlink), f"{RESULTS_MANIFEST}: does not exist"),
    "half their manifest": (at(RESULTS_MANIFEST, cut), f"{RESULTS_MANIFEST}: is not valid JSON"),
    "attributes": (
        lambda store: zarr.open_group(store / "results", mode="r+").attrs.update(look=7),
        "results/zarr.json",
    ),
}


@pytest.mark.parametrize("what", RESULT_HARMS)
def test_changed_results_are_dropped_and_said(folder: StudyFolder, what: str) -> None:
    """The data stay; the results go until they are computed again, and the file is named."""
    harm, named = RESULT_HARMS[what]
    whole = compacted_bytes(folder)
    harm(folder.compacted)
    assert any(named in line for line in compacted_damage(folder))
    with pytest.raises(StudyError, match="was changed"):
        open_study(folder.compacted)
    [said] = compact(folder, KEYS, ATTRIBUTES)
    assert named in said and said.endswith("these results are computed again")
    assert compacted_damage(folder) == []
    with open_study(folder.compacted) as study:
        assert "results" not in study.children
    conclude(folder, 1.0)
    assert compacted_bytes(folder) == whole


def test_results_say_what_they_were_computed_from(folder: StudyFolder) -> None:
    """The digest is that of the data's manifest; results of other data in their place are seen."""
    before = source_digest(folder.compacted)
    assert results_source(folder.compacted) == before
    other = StudyFolder(shutil.copytree(folder.path, folder.path.with_name("other")))
    compact(folder, KEYS[:1], ATTRIBUTES)
    conclude(folder, 2.0)
    assert results_source(folder.compacted) == source_digest(folder.compacted) != before
    for name in ("results", RESULTS_MANIFEST):
        place = other.compacted / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        (folder.compacted / name).rename(place)
    assert compacted_damage(other) == [f"{other.compacted}/results: computed from other data than lie there"]


def test_a_store_without_manifest_is_made_again_and_said(folder: StudyFolder) -> None:
    """Versions before 0.8 wrote none: its values may be anybody's, but it is no damage to keep."""
    whole = compacted_bytes(folder)
    for name in (MANIFEST, RESULTS_MANIFEST):
        (folder.compacted / name).unlink()
    [said] = compact(folder, KEYS, ATTRIBUTES)
    assert "no manifest, as versions before 0.8 wrote none" in said and "made again from the networks" in said
    assert not folder.damaged.exists()
    conclude(folder, 1.0)
    assert compacted_bytes(folder) == whole


@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to(path)])
def test_something_else_in_its_place_is_set_aside(folder: StudyFolder, put: Harm) -> None:
    """A pipe, a link to itself: nothing hangs, nothing is lost, and the store is made."""
    whole = compacted_bytes(folder)
    shutil.rmtree(folder.compacted)
    put(folder.compacted)
    with pytest.raises(StudyError, match="there is no study"):
        open_study(folder.compacted)
    [said] = compact(folder, KEYS, ATTRIBUTES)
    assert f"is kept in {folder.damaged}" in said
    assert os.path.lexists(folder.damaged / "study.zarr.1")
    conclude(folder, 1.0)
    assert compacted_bytes(folder) == whole


def test_readers_are_not_disturbed_and_disturb_nothing(folder: StudyFolder) -> None:
    """Opened by xarray and Zarr, whole or by group, with warnings as errors; the manifests are no part of what they see."""
    before = compacted_bytes(folder)
    with xr.open_datatree(folder.compacted, engine="zarr") as study:
        assert set(study.children) == {*read_network(folder, KEYS[0]).children, "results"}
        study.load()
    for group in ("tuning", "results"):
        with xr.open_dataset(folder.compacted, engine="zarr", group=group) as dataset:
            dataset.load()
    assert "results" in dict(zarr.open_group(folder.compacted, mode="r").members())
    assert compacted_bytes(folder) == before
    assert compacted_damage(folder) == []


def test_the_metadata_are_those_zarr_consolidates(folder: StudyFolder, recwarn: pytest.WarningsRecorder) -> None:
    """What the root says of the results is what Zarr would have written."""
    ours = json.loads((folder.compacted / "zarr.json").read_bytes())
    for name in (MANIFEST, RESULTS_MANIFEST):
        (folder.compacted / name).unlink()
    with pytest.warns(UserWarning, match="Consolidated metadata"):
        zarr.consolidate_metadata(folder.compacted, zarr_format=3)
    assert json.loads((folder.compacted / "zarr.json").read_bytes()) == ours


def test_many_changes_are_counted(folder: StudyFolder) -> None:
    """Three are named, the rest is counted: a line stays a line."""
    shutil.rmtree(folder.compacted / "tuning")
    count = len(compacted_damage(folder))
    [said] = compact(folder, KEYS, ATTRIBUTES)
    assert said.count(": missing") == 3
    assert f"; and {count - 3} more: the store is made again" in said


def test_nothing_there_is_no_damage(tmp_path: Path) -> None:
    """A study that was not compacted yet has nothing that could be changed."""
    assert compacted_damage(StudyFolder(tmp_path)) == []
    with pytest.raises(StudyError, match="does not exist"):
        source_digest(tmp_path / "study.zarr")
    with pytest.raises(StudyError, match="there is no study"):
        write_results(StudyFolder(tmp_path), xr.Dataset())

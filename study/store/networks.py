"""One network, one immutable folder: published by rename, verified byte by byte whenever it is read.

`manifest.json` is written last and lists size and sha256 of every other file. Checksums inside the chunks would not do:
a chunk that is missing reads as NaN without an error.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any, Literal

import xarray as xr

from study.store.datasets import as_tree, decoded, files_in, first_difference, groups_of, write_group
from study.store.faults import reached
from study.store.folder import StudyFolder, remove, sync, write_synced, writing
from study.store.manifests import (
    MANIFEST,
    MANIFEST_FORMAT,
    content_of,
    listed,
    manifest_text,
    names_below,
    read_manifest,
    sha256,
)
from study.vocabulary.errors import StudyError, shown
from study.vocabulary.reading import read_bytes, read_json
from study.vocabulary.schema import validate

State = Literal["done", "to do", "damaged"]


class DamagedNetworkError(StudyError):
    """A published network is not what was written; the message names the file."""


def network_path(folder: StudyFolder, key: str) -> Path:
    """Return where a network lies, or will."""
    return folder.networks / f"{key}.zarr"


def publish_network(folder: StudyFolder, key: str, tree: xr.DataTree) -> Path:
    """Write a network beside, read it back, compare, validate, and rename it into place; return where it lies.

    A network that is there already stays: the first writer wins, and this copy is removed.

    Parameters
    ----------
    key
        Digest of all that determines the network; `tree.attrs["key"]` must be the same.
    tree
        The whole network, as `study.vocabulary.schema` says. NaN only where the schema allows it.

    Raises
    ------
    StudyError
        When the tree breaks the schema, the disk refuses, or what is read back is not what was written.
    ValueError
        When the tree says it is another network.
    """
    if tree.attrs.get("key") != key:
        raise ValueError(f"network {key!r} says it is {tree.attrs.get('key')!r}")
    groups = groups_of(tree)
    validate(as_tree(groups), source=f"network {key}")
    target = network_path(folder, key)
    staged = folder.staged(key)
    with writing(target):
        try:
            remove(staged)
            staged.mkdir(parents=True)
            reached("network staged")
            for group, dataset in groups.items():
                write_group(staged, group, dataset)
                reached("network group written")
            _seal(staged, key, groups)
            _move(staged, target)
        finally:
            remove(staged)
    return target


def _seal(staged: Path, key: str, groups: dict[str, xr.Dataset]) -> None:
    """Write the manifest of the very bytes that were read back and hold `groups`."""
    files = files_in(staged, without=MANIFEST)
    try:
        read_back = decoded(files)
    except Exception as error:
        raise StudyError(f"{staged}: cannot be read back ({type(error).__name__}); check the disk and rerun") from error
    if problem := first_difference(groups, read_back):
        raise StudyError(f"{staged}: {problem} reads back as something else than was written; check the disk and rerun")
    validate(as_tree(read_back), source=str(staged))
    reached("network read back")
    for name in files:
        sync(staged / name)
    reached("network synced")
    manifest = {name: listed(content) for name, content in files.items()}
    write_synced(staged / MANIFEST, manifest_text({"format": MANIFEST_FORMAT, "key": key, "files": manifest}))
    reached("manifest written")
    sync(staged)
    reached("network sealed")


def _move(staged: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(staged, target)
    except OSError:
        if not target.is_dir():
            raise
        return  # a rename onto a folder that is not empty fails: somebody was first
    reached("network renamed")
    sync(target.parent)


def network_state(folder: StudyFolder, key: str) -> State:
    """Return whether a network is done, still to do, or damaged; every byte of it is read."""
    if not os.path.lexists(network_path(folder, key)):
        return "to do"
    return "damaged" if damage(folder, key) else "done"


def damage(folder: StudyFolder, key: str) -> str:
    """Return '' for a whole network, else one line that names the file and what is wrong with it."""
    return _verified_files(network_path(folder, key), key)[0]


def _verified_files(path: Path, key: str) -> tuple[str, dict[str, bytes]]:
    """Return what is wrong ('' for nothing), and every file's content."""
    try:
        manifest = read_manifest(path / MANIFEST, texts=("key",))
        if manifest["key"] != key:
            return f"{path / MANIFEST}: belongs to network {shown(manifest['key'])}", {}
        names = sorted({*manifest["files"], *names_below(path) - {MANIFEST}})
        return "", {name: content_of(path, name, manifest["files"]) for name in names}
    except StudyError as error:
        return str(error), {}


def _damaged(key: str, problem: str) -> DamagedNetworkError:
    return DamagedNetworkError(f"{problem}; network {key} is damaged or missing: rerun the study")


def read_network(folder: StudyFolder, key: str) -> xr.DataTree:
    """Return a network, in memory, after every byte of it has been verified against its manifest.

    Raises
    ------
    DamagedNetworkError
        When a file is missing, unexpected, or not what was written.
    StudyError
        When the network is of another schema version.
    """
    return as_tree(read_groups(folder, key))


def read_groups(folder: StudyFolder, key: str) -> dict[str, xr.Dataset]:
    """Return the datasets of a network by group ('/' the root); as `read_network`."""
    path = network_path(folder, key)
    problem, files = _verified_files(path, key)
    if problem:
        raise DamagedNetworkError(f"{problem}; network {key} is damaged: rerun to set it aside and train it again")
    groups = decoded(files)
    validate(as_tree(groups), source=str(path))
    return groups


def network_attributes(folder: StudyFolder, key: str) -> dict[str, Any]:
    """Return what a network says it is, without reading or verifying the rest of it.

    Raises
    ------
    DamagedNetworkError
        When that cannot be read.
    """
    metadata = network_path(folder, key) / "zarr.json"
    try:
        attributes = read_json(metadata)["attributes"]
        return {str(name): value for name, value in attributes.items()}
    except StudyError as error:
        raise _damaged(key, str(error)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(key, f"{metadata}: not as it was written") from error


def network_groups(folder: StudyFolder, key: str) -> tuple[str, ...]:
    """Return the names of a network's groups in alphabetical order, without reading or verifying them.

    Raises
    ------
    DamagedNetworkError
        When its folder cannot be read.
    """
    path = network_path(folder, key)
    try:
        return tuple(sorted(entry.name for entry in path.iterdir() if entry.is_dir()))
    except OSError as error:
        raise _damaged(key, f"{path}: {os.strerror(error.errno or 0)}") from error


def manifest_digest(folder: StudyFolder, key: str) -> str:
    """Return the digest of a network's manifest, and so of its every byte, without reading those.

    Raises
    ------
    DamagedNetworkError
        When the manifest cannot be read.
    """
    try:
        return sha256(read_bytes(network_path(folder, key) / MANIFEST))
    except StudyError as error:
        raise _damaged(key, str(error)) from error


def set_aside(folder: StudyFolder, key: str) -> Path:
    """Move a network to `damaged/<key>.<n>`, so that it counts as to do, and return where it went.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    return move_aside(folder, network_path(folder, key), key)


def move_aside(folder: StudyFolder, path: Path, name: str) -> Path:
    """Move what is damaged to `damaged/<name>.<n>`, the first number that is free, and return where it went.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    with writing(folder.damaged):
        folder.damaged.mkdir(parents=True, exist_ok=True)
        reached("damaged folder made")
        for number in itertools.count(1):
            target = folder.damaged / f"{name}.{number}"
            if not os.path.lexists(target):
                os.replace(path, target)
                reached("set aside")
                return target
    raise AssertionError("unreachable")

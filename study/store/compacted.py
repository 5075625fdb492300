"""`study.zarr`: all networks in one labelled store, for people and for the analysis.

It is derived and written by one process: whatever happens to it, compacting again restores it from the networks. It is
sealed (see `study.store.seals`) and every byte of it is compared with its seal before it is kept or read: one that was
changed is made again, and kept in `damaged/`, since it may hold what somebody added. Otherwise the old store is moved
into staging, the new one takes its place, the old one is deleted; a process killed between the two renames leaves no
`study.zarr`, and the next `sweep_staging` or `compact` puts the old one back.

Found by trying: several processes writing regions of one array lose updates silently where they share a chunk, hence
one process, whose batches end where chunks end; consolidated metadata goes stale, hence it is written last, and does
not list the results while they change.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from study.store.datasets import STRING, portable, write_group
from study.store.faults import reached
from study.store.folder import REPLACED, StudyFolder, remove, sweep_staging, sync, writing
from study.store.manifests import MANIFEST
from study.store.networks import manifest_digest, move_aside, network_attributes, network_groups, read_groups
from study.store.remade import note_remade
from study.store.results import drop_results
from study.store.seals import data_damage, read_root, results_damage, seal_data, unfinished_results
from study.vocabulary.device import CPU, DEVICE
from study.vocabulary.errors import StudyError, one_line, shown
from study.vocabulary.schema import (
    EXTERNAL,
    NETWORK_COORDINATES,
    REGISTRATION_DIGEST,
    SCHEMA_VERSION,
    STORE_ATTRIBUTES,
    group_title,
    with_meanings,
)

BATCH_BYTES = 128_000_000  # networks are held together up to this size
BATCH_NETWORKS = 16
FINGERPRINT = "compaction_digest"


def compact(folder: StudyFolder, keys: Sequence[str], attributes: Mapping[str, Any]) -> list[str]:
    """Gather published networks into `study.zarr` with a leading dimension `network`.

    The store there is kept when it was made of the same networks, in the same order, with the same attributes, and every
    byte of it is as it was written; results that are not are removed. Otherwise it is made anew, without results: they
    were of other data.

    Parameters
    ----------
    folder
        Locked.
    keys
        The networks, in the order they get along `network`.
    attributes
        What else every group says of itself: config digest, package versions, git commit, registration digest, data
        fingerprint. JSON values.

    Returns
    -------
    list of str
        What was found changed in the store, and what was done about it, in one sentence that the journal has, too; empty
        where nothing was.

    Raises
    ------
    DamagedNetworkError
        When a network is missing or not what was written.
    StudyError
        When there is no network, networks differ in shape or labels, or the disk refuses.
    """
    if not keys:
        raise StudyError(f"{folder.networks}: no network to compact; run the study first")
    sweep_staging(folder)
    fingerprint = _fingerprint(folder, keys, attributes)
    damage = data_damage(folder.compacted) if os.path.lexists(folder.compacted) else []
    if not damage and _stored_attribute(folder.compacted, FINGERPRINT) == fingerprint:
        return _with_whole_results(folder)
    staged = folder.staged(folder.compacted.name)
    with writing(folder.compacted):
        try:
            remove(staged)
            staged.mkdir(parents=True)
            reached("study staged")
            _stream(folder, keys, staged, {**attributes, FINGERPRINT: fingerprint})
            consolidate(staged)
            reached("study consolidated")
            seal_data(staged)
            reached("study sealed")
            return _put_in_place(folder, staged, damage)
        finally:
            remove(staged)


def _with_whole_results(folder: StudyFolder) -> list[str]:
    """Drop results that are not what was written; return what is to be said of that.

    What a killed process left half written goes without a word: no reader has seen it.
    """
    damage = results_damage(folder.compacted)
    said = [note_remade(folder, damage, done="these results are computed again")] if damage else []
    if damage or unfinished_results(folder.compacted):
        drop_results(folder)
    return said


def _put_in_place(folder: StudyFolder, staged: Path, damage: Sequence[str]) -> list[str]:
    """Put a new store in the place of the old one, of which `damage` is known; return what is to be said of that."""
    if not damage:
        _swap(folder, staged, folder.staged(REPLACED))
        return []
    store = folder.compacted
    if not os.path.lexists(store / MANIFEST) and _stored_attribute(store, FINGERPRINT) is not None:
        unsealed = [
            f"{store}: no manifest, as versions before 0.8 wrote none, so that nobody can tell whether it was changed"
        ]
        said = note_remade(folder, unsealed, done="made again from the networks")
        _swap(folder, staged, folder.staged(REPLACED))
        return [said]
    said = note_remade(
        folder, damage, done=f"the store is made again from the networks; what was there is kept in {folder.damaged}"
    )
    _swap(folder, staged, None)
    return [said]


def _fingerprint(folder: StudyFolder, keys: Sequence[str], attributes: Mapping[str, Any]) -> str:
    parts = {
        "schema_version": SCHEMA_VERSION,
        "networks": [[key, manifest_digest(folder, key)] for key in keys],
        "attributes": dict(attributes),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _stored_attribute(path: Path, name: str) -> Any:
    """Return an attribute of a store, None where it has none."""
    try:
        attributes = read_root(path)["attributes"]
    except (StudyError, KeyError):
        return None
    return attributes.get(name) if isinstance(attributes, dict) else None


def _stream(folder: StudyFolder, keys: Sequence[str], store: Path, attributes: Mapping[str, Any]) -> None:
    """Write the networks batch by batch; no more than one batch is in memory at a time."""
    kinds = {key: (network_attributes(folder, key).get("arm"), network_groups(folder, key)) for key in keys}
    first_keys = {kind: key for key, kind in reversed(kinds.items())}
    firsts = {kind: read_groups(folder, first_keys[kind]) for kind in dict.fromkeys(kinds.values())}
    longest = _longest(firsts)
    described = {**STORE_ATTRIBUTES, "schema_version": SCHEMA_VERSION, **_common_attributes(folder, keys), **attributes}
    write_group(store, "/", portable(xr.Dataset(attrs=described)))
    size = _batch_size(max(sum(dataset.nbytes for dataset in first.values()) for first in firsts.values()))
    written: set[str] = set()
    for kind, members in itertools.groupby(keys, kinds.__getitem__):
        alike = list(members)
        for start in range(0, len(alike), size):
            first = first_keys[kind], firsts[kind]
            for group, stacked in _batch(folder, alike[start : start + size], first, longest, described):
                append_dim = "network" if group in written else None
                write_group(store, group, stacked, append_dim=append_dim, chunk=size)
                written.add(group)
                reached("study group written")


def _common_attributes(folder: StudyFolder, keys: Sequence[str]) -> dict[str, Any]:
    """Return the attributes of networks that are the study's as well: the architecture, where networks state it."""
    stated = {network_attributes(folder, key).get("architecture") for key in keys}
    if len(stated) > 1:
        raise StudyError(
            f"networks of {len(stated)} architectures: a study holds networks of one config; use another --name"
        )
    return {} if stated == {None} else {"architecture": stated.pop()}


def _batch(
    folder: StudyFolder,
    keys: Sequence[str],
    first: tuple[str, dict[str, xr.Dataset]],
    longest: Mapping[str, np.ndarray],
    described: Mapping[str, Any],
) -> Iterator[tuple[str, xr.Dataset]]:
    """Yield each group of some networks of an arm that have the same, stacked, NaN in epochs the arm is not trained to.

    `first` is the network that all must be like, with its key.
    """
    first_key, groups = first
    networks = {key: groups if key == first_key else read_groups(folder, key) for key in keys}
    for key, network in networks.items():
        _refuse_unlike(groups, network, f"network {key} is unlike the first")
    for group in (name for name in groups if name != "/"):
        stacked = _stacked(networks, group, described)
        yield group, portable(stacked.reindex(epoch=longest[group]) if group in longest else stacked, group)


def _longest(firsts: Mapping[Any, Mapping[str, xr.Dataset]]) -> dict[str, np.ndarray]:
    """Return the epochs of every group that has any, of the arm that has most; refuse arms that differ in more."""
    longest: dict[str, np.ndarray] = {}
    seen: dict[str, xr.Dataset] = {}
    for groups in firsts.values():
        for group, dataset in groups.items():
            if "epoch" in dataset.dims:
                epochs = dataset["epoch"].values
                longest[group] = max(epochs, longest.get(group, epochs), key=len)
            rest = dataset.drop_dims("epoch", errors="ignore")
            _refuse_unlike({group: seen.setdefault(group, rest)}, {group: rest}, "an arm is unlike another")
    return longest


def _batch_size(network_bytes: int) -> int:
    """Return how many networks are held together: a power of two, so that halved chunks still divide it."""
    size = BATCH_NETWORKS
    while size > 1 and size * network_bytes > BATCH_BYTES:
        size //= 2
    return size


def _refuse_unlike(first: Mapping[str, xr.Dataset], other: Mapping[str, xr.Dataset], complaint: str) -> None:
    for group, dataset in first.items():
        variables = other[group].variables if group in other else {}
        for name, variable in dataset.variables.items():
            if not _alike(variable, variables.get(name), same_values=name in dataset.coords):
                where = f"{group}/{name}"
                raise StudyError(f"{complaint} in {where}: a study holds networks of one config; use another --name")


def _alike(variable: xr.Variable, other: xr.Variable | None, *, same_values: bool) -> bool:
    if other is None or other.sizes != variable.sizes or other.dtype != variable.dtype:
        return False
    return not same_values or np.array_equal(variable.values, other.values)


def _stacked(networks: Mapping[str, Mapping[str, xr.Dataset]], group: str, attributes: Mapping[str, Any]) -> xr.Dataset:
    """Return one group of several networks, stacked along `network`, with what identifies each as coordinates.

    The root has none of them: not every group holds every network, and groups must agree with their root. A network of
    a study says under which registration it was trained, '' where it is of a version that did not store that.
    """
    datasets = [network[group] for network in networks.values()]
    template = datasets[0]
    identity: dict[str, Any] = {"network": np.array(list(networks), dtype=STRING)}
    known = next(iter(networks.values()))["/"].attrs
    for name in (name for name in NETWORK_COORDINATES if name in known):
        values = np.array([network["/"].attrs[name] for network in networks.values()])
        identity[name] = values.astype(STRING) if values.dtype.kind == "U" else values
    if known.get("arm") != EXTERNAL:
        stated = [network["/"].attrs.get(REGISTRATION_DIGEST, "") for network in networks.values()]
        identity[REGISTRATION_DIGEST] = np.array(stated, dtype=STRING)
    kinds = [
        network["/"].attrs.get(DEVICE, CPU) for network in networks.values()
    ]  # before 0.10 there was the processor
    identity[DEVICE] = np.array(kinds, dtype=STRING)
    variables = {
        name: (("network", *array.dims), np.stack([dataset[name].values for dataset in datasets]), array.attrs)
        for name, array in template.data_vars.items()
    }
    coordinates: dict[str, Any] = {name: ("network", values) for name, values in identity.items()}
    if "class" in template.coords and "class_names" in attributes:
        coordinates["class_name"] = ("class", np.array(attributes["class_names"], dtype=STRING))
    stacked = xr.Dataset(variables, {**template.coords, **coordinates}, {**template.attrs, **attributes})
    return with_meanings(stacked.assign_attrs(title=group_title(group)))


def consolidate(store: Path) -> None:
    """List a store's groups and variables in its root, so that it opens at once."""
    with warnings.catch_warnings():
        # Zarr says that format 3 does not specify consolidated metadata; xarray reads it, and a study opens at once.
        warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)
        zarr.consolidate_metadata(store, zarr_format=3)


def _swap(folder: StudyFolder, staged: Path, replaced: Path | None) -> None:
    """Put a new store into place; the old one goes by way of `replaced`, or is set aside where that is None."""
    if replaced is None:
        old = move_aside(folder, folder.compacted, folder.compacted.name)
    else:
        old = replaced
        remove(old)
        with contextlib.suppress(FileNotFoundError):
            os.replace(folder.compacted, old)
    try:
        reached("old study moved")
        os.replace(staged, folder.compacted)
    except OSError:
        if os.path.lexists(old):
            os.replace(old, folder.compacted)
        raise
    reached("study renamed")
    sync(folder.path)
    if replaced is not None:
        remove(replaced)
    reached("old study removed")


def open_study(path: Path) -> xr.DataTree:
    """Open a compacted study after every byte of it was compared with its manifest; values are read when asked for.

    Raises
    ------
    StudyError
        When there is no study, it is of another schema version, or anything in it is not as it was written.
    """
    if not path.is_dir():
        raise StudyError(f"{path}: there is no study; run `python -m study run` first")
    version = _stored_attribute(path, "schema_version")
    if version not in (None, SCHEMA_VERSION):
        raise StudyError(
            f"{path}: schema version {shown(version)}, this program reads {SCHEMA_VERSION}; use another --name"
        )
    if damage := [*data_damage(path), *results_damage(path)]:
        more = f", and {len(damage) - 1} more" if len(damage) > 1 else ""
        raise StudyError(
            f"{damage[0]}{more}: the store was changed; rerun the study to make it again from its networks"
        )
    try:
        return xr.open_datatree(path, engine="zarr", consolidated=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyError(
            f"{path}: cannot be read ({one_line(error)}); delete it and rerun to compact it again"
        ) from error

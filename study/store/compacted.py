"""`study.zarr`: all networks in one labelled store, for people and for the analysis.

It is derived and written by one process: whatever happens to it, compacting again restores it from the networks. The
old store is moved into staging, the new one takes its place, the old one is deleted; a process killed between the two
renames leaves no `study.zarr`, and the next `sweep_staging` or `compact` puts the old one back.

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
from study.store.folder import REPLACED, StudyFolder, remove, replace_file, sweep_staging, sync, writing
from study.store.networks import manifest_digest, network_attributes, network_groups, read_groups
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import EXTERNAL, NETWORK_COORDINATES, REGISTRATION_DIGEST, SCHEMA_VERSION

BATCH_BYTES = 128_000_000  # networks are held together up to this size
BATCH_NETWORKS = 16
RESULTS = "results"
FINGERPRINT = "compaction_digest"

_LONG_NAMES = {
    "network": "digest of all that determines the network",
    "arm": "part of the study the network belongs to",
    "augmentation": "augmentation of the training images",
    "label_corruption": "probability of replacing a label by a random class",
    "seed": "number of the network within its arm and augmentation",
    "initialization_set": "which of the two sets of initialisations",
    REGISTRATION_DIGEST: "digest of the registration under which the network was trained; empty where it does not say",
}


def compact(folder: StudyFolder, keys: Sequence[str], attributes: Mapping[str, Any]) -> Path:
    """Gather published networks into `study.zarr` with a leading dimension `network`, and return its path.

    Nothing is done when the store there was made of the same networks, in the same order, with the same attributes, and
    no chunk of it is missing. Otherwise the results in it are dropped with it: they were of other data.

    Parameters
    ----------
    keys
        The networks, in the order they get along `network`.
    attributes
        What else every group says of itself: config digest, package versions, git commit, registration digest, data
        fingerprint. JSON values.

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
    if _is_current(folder.compacted, fingerprint):
        return folder.compacted
    staged = folder.staged(folder.compacted.name)
    with writing(folder.compacted):
        try:
            remove(staged)
            staged.mkdir(parents=True)
            reached("study staged")
            _stream(folder, keys, staged, {**attributes, FINGERPRINT: fingerprint})
            _consolidate(staged)
            reached("study consolidated")
            _swap(folder, staged)
        finally:
            remove(staged)
    return folder.compacted


def _fingerprint(folder: StudyFolder, keys: Sequence[str], attributes: Mapping[str, Any]) -> str:
    parts = {
        "schema_version": SCHEMA_VERSION,
        "networks": [[key, manifest_digest(folder, key)] for key in keys],
        "attributes": dict(attributes),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _is_current(path: Path, fingerprint: str) -> bool:
    """Return whether a store is the one with this fingerprint, with all its chunks: a missing one would read as NaN."""
    try:
        group = zarr.open_group(path, mode="r", use_consolidated=True)
        if group.attrs.get(FINGERPRINT) != fingerprint:
            return False
        arrays = [member for _, member in group.members(max_depth=None) if isinstance(member, zarr.Array)]
        return bool(arrays) and all(array.nchunks_initialized == array.nchunks for array in arrays)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _stream(folder: StudyFolder, keys: Sequence[str], store: Path, attributes: Mapping[str, Any]) -> None:
    """Write the networks batch by batch; no more than one batch is in memory at a time."""
    kinds = {key: (network_attributes(folder, key).get("arm"), network_groups(folder, key)) for key in keys}
    firsts: dict[Any, dict[str, xr.Dataset]] = {}
    for key, kind in kinds.items():
        if kind not in firsts:
            firsts[kind] = read_groups(folder, key)
    longest = _longest(firsts)
    described = {"schema_version": SCHEMA_VERSION, **_common_attributes(folder, keys), **attributes}
    write_group(store, "/", portable(xr.Dataset(attrs=described)))
    size = _batch_size(max(sum(dataset.nbytes for dataset in first.values()) for first in firsts.values()))
    written: set[str] = set()
    for kind, members in itertools.groupby(keys, kinds.__getitem__):
        alike = list(members)
        for start in range(0, len(alike), size):
            for group, stacked in _batch(folder, alike[start : start + size], firsts[kind], longest, described):
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
    first: Mapping[str, xr.Dataset],
    longest: Mapping[str, np.ndarray],
    described: Mapping[str, Any],
) -> Iterator[tuple[str, xr.Dataset]]:
    """Yield each group of some networks of an arm that have the same, stacked, NaN in epochs the arm is not trained to.

    `first` is the network that all must be like.
    """
    networks = {key: read_groups(folder, key) for key in keys}
    for key, network in networks.items():
        _refuse_unlike(first, network, f"network {key} is unlike the first")
    for group in (name for name in first if name != "/"):
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
    variables = {
        name: (("network", *array.dims), np.stack([dataset[name].values for dataset in datasets]), array.attrs)
        for name, array in template.data_vars.items()
    }
    coordinates = {
        name: ("network", values, {"long_name": _LONG_NAMES[name], "units": "1"}) for name, values in identity.items()
    }
    return xr.Dataset(variables, {**template.coords, **coordinates}, {**template.attrs, **attributes})


def _consolidate(store: Path) -> None:
    with warnings.catch_warnings():
        # Zarr says that format 3 does not specify consolidated metadata; xarray reads it, and a study opens at once.
        warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)
        zarr.consolidate_metadata(store, zarr_format=3)


def _swap(folder: StudyFolder, staged: Path) -> None:
    replaced = folder.staged(REPLACED)
    remove(replaced)
    with contextlib.suppress(FileNotFoundError):
        os.replace(folder.compacted, replaced)
    try:
        reached("old study moved")
        os.replace(staged, folder.compacted)
    except OSError:
        if replaced.exists():
            os.replace(replaced, folder.compacted)
        raise
    reached("study renamed")
    sync(folder.path)
    remove(replaced)
    reached("old study removed")


def open_study(path: Path) -> xr.DataTree:
    """Open a compacted study; values are read when they are asked for.

    Raises
    ------
    StudyError
        When there is no study, it cannot be read, or it is of another schema version.
    """
    if not path.is_dir():
        raise StudyError(f"{path}: there is no study; run `python -m study run` first")
    try:
        tree = xr.open_datatree(path, engine="zarr", consolidated=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        kind = type(error).__name__
        raise StudyError(f"{path}: cannot be read ({kind}); delete it and rerun to compact it again") from error
    version = tree.attrs.get("schema_version")
    if version != SCHEMA_VERSION:
        tree.close()
        raise StudyError(f"{path}: schema version {version!r}, this program reads {SCHEMA_VERSION}; use another --name")
    return tree


def write_results(folder: StudyFolder, results: xr.Dataset) -> None:
    """Add the group `results` to `study.zarr`, or replace it.

    Written beside and renamed into place while the metadata says there are none: whatever interrupts it, the store
    shows the old results, none, or the new ones, and the rest as before.

    Raises
    ------
    StudyError
        When there is no `study.zarr`, or the disk refuses.
    """
    with open_study(folder.compacted) as study:
        attributes = {**study.attrs, **results.attrs}
    target, staged = folder.compacted / RESULTS, folder.staged(RESULTS)
    with writing(target):
        try:
            remove(staged)
            staged.mkdir(parents=True)
            reached("results staged")
            write_group(staged, "/", portable(results.assign_attrs(attributes), RESULTS))
            reached("results written")
            _hide_results(folder)
            reached("old results hidden")
            remove(target)
            reached("old results removed")
            os.replace(staged, target)
            reached("results renamed")
            _consolidate(folder.compacted)
            reached("results consolidated")
        finally:
            remove(staged)


def _hide_results(folder: StudyFolder) -> None:
    """Drop the results from the consolidated metadata, at once: else their missing chunks would read as NaN."""
    root = folder.compacted / "zarr.json"
    metadata = json.loads(root.read_text(encoding="utf-8"))
    listed: dict[str, Any] = metadata["consolidated_metadata"]["metadata"]
    kept = {name: entry for name, entry in listed.items() if name.split("/")[0] != RESULTS}
    if len(kept) < len(listed):
        metadata["consolidated_metadata"]["metadata"] = kept
        replace_file(folder, root, json.dumps(metadata, indent=2).encode())

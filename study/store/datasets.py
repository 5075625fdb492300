"""Datasets to and from Zarr, so that what is read is what was written, bit for bit and byte for byte.

Found by trying (xarray 2026.9, zarr 3.1): all-zero and all-NaN chunks are left out unless `write_empty_chunks=True`,
and a missing chunk reads as NaN without an error; zstd without `checksum=True` reads flipped bits as data; fixed-width
string types warn; the order in which members are listed is the file system's; a file that is not part of the hierarchy
warns when a group without consolidated metadata is opened from its folder, not when it is opened from memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numcodecs.zstd import Zstd  # type: ignore[import-untyped]
from zarr.codecs import ZstdCodec
from zarr.core.buffer import cpu
from zarr.storage import MemoryStore

from study.schema import GROUPS

CHUNK_BYTES = 8_000_000  # a variable is one chunk unless it is larger than this
STRING = np.dtypes.StringDType()
_NODE = "zarr.json"
_XARRAYS_OWN = ("coordinates", "_FillValue")  # attributes by which xarray stores what it knows otherwise


def groups_of(tree: xr.DataTree) -> dict[str, xr.Dataset]:
    """Return a tree's datasets by group ('/' the root) in the schema's order, in the form that is stored.

    Strings become variable-width, attributes plain JSON values sorted by name, and encodings are dropped: equal trees
    give equal results, wherever they came from.

    Raises
    ------
    ValueError
        When a group holds groups itself, which no dataset of the study does.
    """
    if nested := [child.path for child in tree.children.values() if child.children]:
        raise ValueError(f"groups within groups are not stored: {nested}")
    names = _in_order(tree.children)
    return {"/": portable(tree.to_dataset())} | {name: portable(tree[name].to_dataset(), name) for name in names}


def _in_order(names: Collection[str]) -> list[str]:
    """Return names of groups in the schema's order, the root first, others by name."""
    known = [name for name in ("/", *GROUPS) if name in names]
    return known + sorted(set(names) - set(known))


def portable(dataset: xr.Dataset, group: str = "") -> xr.Dataset:
    """Return a dataset in the form that is stored; its variables in the schema's order, others by name."""
    return _portable(dataset.variables, {str(name) for name in dataset.coords}, dataset.attrs, group)


def _portable(
    variables: Mapping[Any, xr.Variable], labels: Collection[str], attributes: Mapping[Any, Any], group: str
) -> xr.Dataset:
    measured = set(variables) - set(labels)
    known = [name for name in GROUPS.get(group, {}) if name in measured]
    return xr.Dataset(
        {name: _portable_variable(variables[name]) for name in known + sorted(measured - set(known), key=str)},
        coords={name: _portable_variable(variables[name]) for name in sorted(labels)},
        attrs=_plain_attributes(attributes),
    )


def _portable_variable(variable: xr.Variable) -> xr.Variable:
    values = variable.values
    if values.dtype.kind in "UO":
        values = values.astype(STRING)
    return xr.Variable(variable.dims, values, _plain_attributes(variable.attrs))


def _plain_attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): _plain(attributes[key]) for key in sorted(attributes, key=str)}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return _plain_attributes(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def as_tree(groups: Mapping[str, xr.Dataset]) -> xr.DataTree:
    """Return datasets by group as one tree."""
    return xr.DataTree.from_dict({"/" if name == "/" else f"/{name}": dataset for name, dataset in groups.items()})


def write_group(store: Path, group: str, dataset: xr.Dataset, *, append_dim: str | None = None, chunk: int = 1) -> None:
    """Write one group of a store, or append to it along `append_dim`; `chunk` is the chunk along `network`."""
    encoding = None if append_dim else {name: _encoding(dataset[name].variable, chunk) for name in dataset.variables}
    dataset.to_zarr(
        store,
        group=group,
        mode="a",
        append_dim=append_dim,
        encoding=encoding,
        consolidated=False,
        zarr_format=3,
        write_empty_chunks=True,
    )


def _encoding(variable: xr.Variable, chunk: int) -> dict[str, Any]:
    itemsize = 16 if variable.dtype.kind in "TO" else variable.dtype.itemsize
    sizes = [chunk if dim == "network" else size for dim, size in variable.sizes.items()]
    return {"chunks": chunk_shape(sizes, itemsize), "compressors": [ZstdCodec(level=3, checksum=True)]}


def chunk_shape(sizes: list[int], itemsize: int) -> tuple[int, ...]:
    """Return the chunk of an array: whole, with the leading dimensions halved until it is at most `CHUNK_BYTES`."""
    chunks = [max(size, 1) for size in sizes]
    for axis in range(len(chunks)):
        while chunks[axis] > 1 and math.prod(chunks) * itemsize > CHUNK_BYTES:
            chunks[axis] = -(-chunks[axis] // 2)
    return tuple(chunks)


def files_in(store: Path, *, without: str) -> dict[str, bytes]:
    """Return every file of a folder, save the one named, by its path relative to it."""
    named = {path.relative_to(store).as_posix(): path for path in store.rglob("*")}
    return {name: named[name].read_bytes() for name in sorted(named) if name != without and not named[name].is_dir()}


def decoded(files: Mapping[str, bytes]) -> dict[str, xr.Dataset]:
    """Return the datasets by group that a store's files hold, in memory: exactly the bytes given are decoded.

    They are what xarray reads from the store, without its cost of a group and Zarr's of an array.

    Raises
    ------
    ValueError
        When a group holds groups itself, which no dataset of the study does.
    """
    nodes = {name.removesuffix(_NODE).rstrip("/"): json.loads(files[name]) for name in files if name.endswith(_NODE)}
    groups = {path or "/": node for path, node in nodes.items() if node["node_type"] == "group"}
    if nested := [path for path in groups if "/" in path[1:]]:
        raise ValueError(f"groups within groups are not stored: {nested}")
    arrays: dict[str, dict[str, xr.Variable]] = {name: {} for name in groups}
    for path, node in nodes.items():
        if node["node_type"] == "array":
            group, _, name = path.rpartition("/")
            variable = xr.Variable(node.get("dimension_names") or (), _values(path, node, files), node["attributes"])
            arrays[group or "/"][name] = variable
    return {name: _labelled(arrays[name], groups[name]["attributes"], name) for name in _in_order(groups)}


def _values(path: str, node: Mapping[str, Any], files: Mapping[str, bytes]) -> np.ndarray:
    """Return an array's values; Zarr is asked for text and chunks, and its dozen thread switches spared for the rest."""
    content = files.get("/".join([path, "c", *("0" for _ in node["shape"])]))
    whole = node["chunk_grid"]["configuration"]["chunk_shape"] == node["shape"]
    kept = {codec["name"]: codec.get("configuration", {}) for codec in node["codecs"]}
    little = kept.get("bytes", {}).get("endian", "little") == "little"
    if content is None or not whole or not little or list(kept) != ["bytes", "zstd"]:
        below: dict[str, Any] = {
            name: cpu.Buffer.from_bytes(files[name]) for name in files if name.startswith(f"{path}/")
        }
        store = MemoryStore(below, read_only=True)
        return np.asarray(zarr.open_array(store, path=path, mode="r", zarr_format=3)[...])
    stored = np.dtype(node["data_type"])
    values = np.frombuffer(Zstd().decode(content), stored.newbyteorder("<")).reshape(node["shape"])
    return values.astype(stored)


def _labelled(variables: dict[str, xr.Variable], attributes: Mapping[str, Any], group: str) -> xr.Dataset:
    """Return a group's arrays as a dataset: labels are what xarray says they are, in the attribute `coordinates`."""
    listed = [attributes, *(variable.attrs for variable in variables.values())]
    labels = {name for each in listed for name in str(each.get("coordinates", "")).split()}
    labels |= {name for name, variable in variables.items() if variable.dims == (name,)}
    for variable in variables.values():
        variable.attrs = _without_xarrays_own(variable.attrs)
    return _portable(variables, labels, _without_xarrays_own(attributes), "" if group == "/" else group)


def _without_xarrays_own(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name not in _XARRAYS_OWN}


def first_difference(given: Mapping[str, xr.Dataset], found: Mapping[str, xr.Dataset]) -> str:
    """Return what first differs between two sets of datasets, or '' when they are identical.

    Compared are groups, names, dimensions, types, attributes and values; NaN equals NaN.
    """
    if list(given) != list(found):
        return f"groups {list(found)} in place of {list(given)}"
    for group, dataset in given.items():
        other = found[group]
        if _json(dataset.attrs) != _json(other.attrs):
            return f"attributes of group {group!r}"
        if set(dataset.data_vars) != set(other.data_vars) or set(dataset.coords) != set(other.coords):
            return f"variables of group {group!r}"
        for name, variable in dataset.variables.items():
            if not _identical(variable, other.variables[name]):
                return f"{group}/{name}"
    return ""


def _identical(given: xr.Variable, found: xr.Variable) -> bool:
    if given.dims != found.dims or given.dtype != found.dtype or _json(given.attrs) != _json(found.attrs):
        return False
    return np.array_equal(given.values, found.values, equal_nan=given.dtype.kind in "fc")


def _json(attributes: Mapping[Any, Any]) -> str:
    return json.dumps(attributes, sort_keys=True)

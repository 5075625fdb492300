"""Datasets to and from Zarr, so that what is read is what was written, bit for bit and byte for byte.

Found by trying (xarray 2026.9, zarr 3.1): all-zero and all-NaN chunks are left out unless `write_empty_chunks=True`,
and a missing chunk reads as NaN without an error; zstd without `checksum=True` reads flipped bits as data; fixed-width
string types warn; the order in which members are listed is the file system's; a file that is not part of the hierarchy
warns when a group without consolidated metadata is opened from its folder, not when it is opened from memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from zarr.codecs import ZstdCodec
from zarr.core.buffer import cpu
from zarr.storage import MemoryStore

from study.vocabulary.schema import variables_by_group

CHUNK_BYTES = 8_000_000  # a variable is one chunk unless it is larger than this
STRING = np.dtypes.StringDType()


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
    names = [name for name in variables_by_group() if name in tree.children]
    names += sorted(set(tree.children) - set(names))
    return {"/": portable(tree.to_dataset())} | {name: portable(tree[name].to_dataset(), name) for name in names}


def portable(dataset: xr.Dataset, group: str = "") -> xr.Dataset:
    """Return a dataset in the form that is stored; its variables in the schema's order, others by name."""
    known = [name for name in variables_by_group().get(group, {}) if name in dataset.data_vars]
    names = known + sorted(set(dataset.data_vars) - set(known), key=str)
    return xr.Dataset(
        {name: _portable_variable(dataset[name]) for name in names},
        coords={name: _portable_variable(dataset[name]) for name in sorted(dataset.coords, key=str)},
        attrs=_plain_attributes(dataset.attrs),
    )


def _portable_variable(array: xr.DataArray) -> tuple[tuple[Any, ...], np.ndarray, dict[str, Any]]:
    values = array.values
    if values.dtype.kind in "UO":
        values = values.astype(STRING)
    return array.dims, values, _plain_attributes(array.attrs)


def _plain_attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes as other formats hold them, too: texts, numbers and lists of numbers.

    What has a deeper structure becomes a JSON text, truth 1 or 0, nothing an empty text.
    """
    return {str(key): _plain(attributes[key]) for key in sorted(attributes, key=str)}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, bool):
        return int(value)
    if value is None:
        return ""
    is_list = isinstance(value, list | tuple)
    if isinstance(value, Mapping) or (is_list and not _is_flat(value)):
        return json.dumps(value, sort_keys=True)
    return list(value) if is_list else value


def _is_flat(values: Sequence[Any]) -> bool:
    """Return whether a list is of numbers alone, and of one at least: netCDF 3 has no lists of texts."""
    return len(values) > 0 and all(type(value) in (int, float) for value in values)


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
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if not path.is_dir() and path.relative_to(store).as_posix() != without
    }


def decoded(files: Mapping[str, bytes]) -> dict[str, xr.Dataset]:
    """Return the datasets by group that a store's files hold, in memory: exactly these bytes are decoded."""
    store = MemoryStore({name: cpu.Buffer.from_bytes(content) for name, content in files.items()}, read_only=True)
    with xr.open_datatree(store, engine="zarr", consolidated=False) as tree:  # type: ignore[arg-type]
        return groups_of(tree.load())


def first_difference(written: Mapping[str, xr.Dataset], read_back: Mapping[str, xr.Dataset]) -> str:
    """Return what first differs between two sets of datasets, or '' when they are identical.

    Compared are groups, names, dimensions, types, attributes and values; NaN equals NaN.
    """
    if list(written) != list(read_back):
        return f"groups {list(read_back)} in place of {list(written)}"
    for group, dataset in written.items():
        other = read_back[group]
        if _json(dataset.attrs) != _json(other.attrs):
            return f"attributes of group {group!r}"
        if set(dataset.data_vars) != set(other.data_vars) or set(dataset.coords) != set(other.coords):
            return f"variables of group {group!r}"
        for name, variable in dataset.variables.items():
            if not _identical(variable, other.variables[name]):
                return f"{group}/{name}"
    return ""


def _identical(variable: xr.Variable, other: xr.Variable) -> bool:
    if variable.dims != other.dims or variable.dtype != other.dtype or _json(variable.attrs) != _json(other.attrs):
        return False
    return np.array_equal(variable.values, other.values, equal_nan=variable.dtype.kind in "fc")


def _json(attributes: Mapping[Any, Any]) -> str:
    return json.dumps(attributes, sort_keys=True)

"""`study.zarr.zip`: a compacted study as one file that is published, small enough to be kept with a program's source.

It is a Zarr store like `study.zarr`, sealed alike, without what is large and can be done without; what was left out, it
says itself. In its folder `record/` lies what a study's folder holds beside the store, so that a report can be made, and
verified, from the file alone. The same store gives the same bytes: members in the order of their names, without times.

Found by trying: Zarr 3.1 takes the path of a zip file for that of a folder, so that xarray is given a
`zarr.storage.ZipStore`; several threads of Blosc may write its blocks in any order, hence one.
"""

from __future__ import annotations

import contextlib
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numcodecs.blosc  # type: ignore[import-untyped]
import numpy as np
import xarray as xr
from numcodecs import Blosc
from zarr.codecs import BloscCodec, BloscShuffle, ZstdCodec
from zarr.core.buffer import cpu
from zarr.storage import MemoryStore

from study.store.compacted import consolidate, open_study
from study.store.datasets import chunk_shape, portable
from study.store.folder import StudyFolder, remove, replace_file, writing
from study.store.manifests import names_below
from study.store.results import write_results
from study.store.seals import seal_data
from study.vocabulary.errors import StudyError, one_line, shown
from study.vocabulary.reading import check_regular

RECORD: Final = "record"  # folder of the store: what a study's folder holds beside it
LEFT_OUT: Final = "left_out"  # attribute of the root: one line for each variable that is not there, or not whole
MOST_UNPACKED: Final = 2_000_000_000
MOST_MEMBERS: Final = 100_000
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold
_READABLE = 0o644 << 16
_ORDERS: Final = {"noshuffle": Blosc.NOSHUFFLE, "shuffle": Blosc.SHUFFLE, "bitshuffle": Blosc.BITSHUFFLE}


def write_published(
    folder: StudyFolder,
    groups: Mapping[str, xr.Dataset],
    results: xr.Dataset,
    *,
    record: Mapping[str, bytes],
) -> int:
    """Write `study.zarr.zip`, at once, and return its size in bytes.

    Parameters
    ----------
    folder
        Locked.
    groups
        What is published of every group but the results, '/' the root's attributes.
    results
        What was concluded.
    record
        Files of the folder `record`, by name.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    with writing(folder.published):
        folder.staging.mkdir(parents=True, exist_ok=True)
        place = folder.staged("published")
        try:
            remove(place)
            _write_store(StudyFolder(place), groups, results, record)
            packed = place / folder.published.name
            _pack(StudyFolder(place).compacted, packed)
            content = packed.read_bytes()
            replace_file(folder, folder.published, content)
        finally:
            remove(place)
    return len(content)


def _write_store(
    folder: StudyFolder, groups: Mapping[str, xr.Dataset], results: xr.Dataset, record: Mapping[str, bytes]
) -> None:
    store = folder.compacted
    store.mkdir(parents=True)
    threads = numcodecs.blosc.use_threads
    numcodecs.blosc.use_threads = False
    try:
        for group, dataset in groups.items():
            _write_group(store, group, dataset)
    finally:
        numcodecs.blosc.use_threads = threads
    consolidate(store)
    (store / RECORD).mkdir()
    for name, content in record.items():
        (store / RECORD / name).write_bytes(content)
    seal_data(store)
    write_results(folder, results)


def _write_group(store: Path, group: str, dataset: xr.Dataset) -> None:
    kept = portable(dataset, "" if group == "/" else group)
    encoding = {name: _encoding(kept[name].variable) for name in kept.variables}
    kept.to_zarr(
        store,
        group=group,
        mode="a",
        encoding=encoding,
        consolidated=False,
        zarr_format=3,
        write_empty_chunks=True,
    )


def _encoding(variable: xr.Variable) -> dict[str, Any]:
    """Return how an array is stored: numbers in whichever order of their bytes, or bits, takes the least room."""
    if variable.dtype.kind in "fiu" and variable.dtype.itemsize > 1:
        content = np.ascontiguousarray(variable.values)
        order = min(_ORDERS, key=lambda name: len(Blosc("zstd", 9, _ORDERS[name]).encode(content)))
        codec: Any = BloscCodec(cname="zstd", clevel=9, shuffle=BloscShuffle[order])
        return {"chunks": chunk_shape(list(variable.shape), variable.dtype.itemsize), "compressors": [codec]}
    return {"chunks": chunk_shape(list(variable.shape), 16), "compressors": [ZstdCodec(level=9, checksum=True)]}


def _pack(store: Path, path: Path) -> None:
    """Put a store's files into a zip file; texts are deflated, chunks are compressed already."""
    with zipfile.ZipFile(path, "w") as file:
        for name in sorted(names_below(store)):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system, member.external_attr = 3, _READABLE
            is_text = name.endswith((".json", ".jsonl", ".md"))
            member.compress_type = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
            file.writestr(member, (store / name).read_bytes(), compresslevel=9)


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[StudyFolder]:
    """Give a folder for a while in which a published study lies as a study's own does: store, record and journal.

    Parameters
    ----------
    path
        Of a `study.zarr.zip`.

    Raises
    ------
    StudyError
        When it is no such file, or would unpack to more than any study holds.
    """
    check_regular(path, remedy="restore it, or publish the study again")
    with tempfile.TemporaryDirectory(prefix="study-") as name:
        folder = StudyFolder(Path(name))
        try:
            with zipfile.ZipFile(path) as file:
                _check_members(path, file)
                file.extractall(folder.compacted)
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise StudyError(f"{shown(path)}: is no published study ({one_line(error)}); restore it") from error
        record = folder.compacted / RECORD
        for kept in sorted(record.iterdir()) if record.is_dir() else ():
            (folder.path / kept.name).write_bytes(kept.read_bytes())
        yield folder


def _check_members(path: Path, file: zipfile.ZipFile) -> None:
    members = file.infolist()
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED:
        raise StudyError(f"{shown(path)}: would unpack to more than any study holds; restore it")
    for member in members:
        if Path(member.filename).is_absolute() or ".." in Path(member.filename).parts:
            raise StudyError(f"{shown(path)}: holds {shown(member.filename)}, which lies outside of it; restore it")


def open_published(path: Path) -> xr.DataTree:
    """Open a published study after every byte of it was compared with its manifest; it is held in memory.

    Raises
    ------
    StudyError
        As `unpacked` and `study.store.compacted.open_study`.
    """
    with unpacked(path) as folder:
        store = folder.compacted
        try:
            open_study(store).close()
        except StudyError as error:
            raise StudyError(
                f"{shown(path)}: {str(error).removeprefix(f'{store}: ').replace(str(store), 'in it')}"
            ) from error
        files = {name: cpu.Buffer.from_bytes((store / name).read_bytes()) for name in names_below(store)}
    return xr.open_datatree(MemoryStore(files, read_only=True), engine="zarr", consolidated=True)  # type: ignore[arg-type]

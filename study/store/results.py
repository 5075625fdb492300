"""The group `results` of `study.zarr`: written beside, sealed with what it was computed from, and listed last."""

from __future__ import annotations

import os

import xarray as xr

from study.store.datasets import portable, write_group
from study.store.faults import reached
from study.store.folder import StudyFolder, remove, replace_file, writing
from study.store.seals import (
    RESULTS,
    RESULTS_MANIFEST,
    ROOT,
    listing_results,
    lists_results,
    read_root,
    results_manifest,
    source_digest,
    without_results,
)
from study.vocabulary.errors import StudyError


def write_results(folder: StudyFolder, results: xr.Dataset) -> None:
    """Add the group `results` to `study.zarr`, or replace it.

    Written beside and renamed into place while the metadata says there are none: whatever interrupts it, the store
    shows the old results, none, or the new ones, and the rest as before.

    Parameters
    ----------
    folder
        Locked since `study.zarr` was opened for the analysis, whose every byte was then as its manifest says: the results
        are of that.
    results
        Labelled values.

    Raises
    ------
    StudyError
        When there is no `study.zarr`, or the disk refuses.
    """
    store = folder.compacted
    if not store.is_dir():
        raise StudyError(f"{store}: there is no study; run `python -m study run` first")
    attributes = {**read_root(store)["attributes"], **results.attrs}
    source, target, staged = source_digest(store), store / RESULTS, folder.staged(RESULTS)
    with writing(target):
        try:
            remove(staged)
            staged.mkdir(parents=True)
            reached("results staged")
            write_group(staged, "/", portable(results.assign_attrs(attributes), RESULTS))
            reached("results written")
            seal = results_manifest(staged, source=source)
            _hide_results(folder)
            reached("old results hidden")
            remove(target)
            reached("old results removed")
            replace_file(folder, store / RESULTS_MANIFEST, seal)
            reached("results sealed")
            os.replace(staged, target)
            reached("results renamed")
            _list_results(folder)
            reached("results listed")
        finally:
            remove(staged)


def drop_results(folder: StudyFolder) -> None:
    """Remove the results from `study.zarr`, and what a killed process left half written of them.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    store = folder.compacted
    with writing(store):
        _hide_results(folder)
        reached("damaged results hidden")
        for place in (store / RESULTS, store / RESULTS_MANIFEST):
            remove(place)
        reached("damaged results removed")


def _hide_results(folder: StudyFolder) -> None:
    """Drop the results from the consolidated metadata, at once: else their missing chunks would read as NaN."""
    if lists_results(read_root(folder.compacted)):
        replace_file(folder, folder.compacted / ROOT, without_results(folder.compacted))


def _list_results(folder: StudyFolder) -> None:
    """Add the results that lie in the store to its consolidated metadata, at once."""
    replace_file(folder, folder.compacted / ROOT, listing_results(folder.compacted))

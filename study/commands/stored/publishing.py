"""A finished study as one file that is published with a program's source: what is kept, what is left out, and that it says so."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import xarray as xr

from study.analysis.core.reared_units import reared_networks
from study.analysis.core.unit_choice import shown_network
from study.commands.arguments import default_registration
from study.commands.command import DONE
from study.commands.console import print_plain, standard_console, status
from study.commands.run.described import DescribedStudy, recorded_study, stored_results
from study.commands.run.registered import FROZEN
from study.commands.run.trust import POWER_FILE
from study.commands.stored.crate import check_crate, write_crate
from study.commands.study_folder import held
from study.registration import text_digest
from study.store import LEFT_OUT, RESULTS, open_study, write_published
from study.vocabulary.errors import StudyError, shown
from study.vocabulary.measurement import measurements
from study.vocabulary.reading import read_bytes
from study.vocabulary.schema import REARING, STATES

MOST_BYTES: Final = 20_000_000  # of what is kept with a program's source
_JOURNAL_BYTES: Final = 200_000_000

RESPONSES: Final = "responses"
# Read by nothing that is computed from a compacted study.
UNREAD: Final = {"tuning": ("osi",)}
# Read of the networks alone whose units the page draws.
DRAWN: Final = {"tuning": ("tuning_curve", "gosi_null_sd")}
# Read of the networks of other arms alone: counts, which are 0 here.
UNREAD_OF_REARED: Final = {"tuning": ("gosi_null_count",)}
# Of every unit, and taken from single-precision responses or from shuffles, which are no more exact: kept to 24 bits.
ROUNDED: Final = {
    "tuning": ("gosi", "gosi_null_mean", "gosi_orientation_null_mean", "gosi_null_sd", "mean_response"),
    "multiverse": ("gosi", "gosi_null_mean"),
    "other_tuning": ("spatial_frequency_selectivity", "phase_modulation", "gosi_first_half", "gosi_second_half"),
    "activity": ("mean_output", "mean_activity", "activity_sd", "weight_norm", "class_selectivity"),
}


@dataclass
class Reduction:
    """What is published of each group, and a line for each variable that is not there, not whole or rounded."""

    groups: dict[str, xr.Dataset] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def publish(arguments: argparse.Namespace) -> int:
    """Write `data/NAME/study.zarr.zip`, say what is left out of it, and return the exit code.

    Raises
    ------
    StudyError
        When there is no such study, it has not been analysed, what it registered is not at hand, or somebody writes it;
        as `check_crate` and `write_crate`.
    """
    console = standard_console()
    study, content = recorded_study(arguments.name)
    if arguments.crate is not None:
        check_crate(arguments.crate, arguments.name)
    with held(study.folder, lambda: None, console):
        record = record_files(study, arguments)
        with status(console, "publishing"), open_study(study.folder.compacted) as tree:
            results = stored_results(study, tree)
            reduction = reduced(tree)
            size = write_published(study.folder, reduction.groups, results, record=record)
        if arguments.crate is not None:
            write_crate(arguments.crate, study, content, record[FROZEN])
            print_plain(console, f"{shown(arguments.crate)}: an RO-Crate of it, with its report and registration")
    print_plain(console, *(f"left out: {line}" for line in reduction.lines))
    if results.attrs.get("interim"):
        print_plain(console, "interim: planned or registered networks have not been tried, and the results say so")
    if size > MOST_BYTES:
        print_plain(console, f"larger than the {MOST_BYTES / 1e6:.0f} MB that are kept with a program's source")
    print_plain(
        console,
        f"{shown(study.folder.published)}: {size / 1e6:.1f} MB, registration {study.registration.digest[:12]}",
        f"next: python -m study verify {shown(study.folder.published)}",
    )
    return DONE


def record_files(study: DescribedStudy, arguments: argparse.Namespace) -> dict[str, bytes]:
    """Return what lies beside a study's store and belongs to what is published, the registration as it was frozen first.

    Raises
    ------
    StudyError
        When the text that the study registered lies nowhere where it is looked for.
    """
    folder = study.folder
    places = (
        [folder.path / FROZEN, default_registration()]
        if arguments.preregistration is None
        else [arguments.preregistration]
    )
    frozen = [place for place in places if place.is_file() and text_digest(place) == study.registration.text_digest]
    if not frozen:
        raise StudyError(
            f"{shown(folder.path)}: {' and '.join(map(shown, places))}: not the text that it registered (digest"
            f" {study.registration.text_digest[:12]}); give the file that is, with --preregistration FILE"
        )
    files = {FROZEN: read_bytes(frozen[0])}
    for path in (folder.record_path, folder.journal, folder.path / POWER_FILE):
        if path.is_file():
            files[path.name] = read_bytes(path, most_bytes=_JOURNAL_BYTES)
    return files


def reduced(tree: xr.DataTree) -> Reduction:
    """Return what is published of a compacted study: everything that a report and its verification read, and no more."""
    reduction = Reduction()
    drawn = {name for name in (shown_network(tree), *reared_networks(tree), _first_tuned(tree)) if name}
    for name, child in tree.children.items():
        if name == RESULTS:
            continue
        dataset = child.to_dataset().drop_encoding()
        if name == RESPONSES:
            reduction.groups[name] = _responses(dataset, shown_network(tree), reduction)
        elif name in measurements() and not measurements()[name].analysed:
            reduction.lines.append(f"{name}: {_megabytes(dataset.nbytes)}")
        else:
            reduction.groups[name] = _reduced_group(name, dataset.load(), drawn, reduction)
    root = tree.to_dataset(inherit=False).assign_attrs({LEFT_OUT: "\n".join(reduction.lines)})
    reduction.groups = {"/": root, **reduction.groups}
    return reduction


def _responses(responses: xr.Dataset, network: str, reduction: Reduction) -> xr.Dataset:
    """Return the responses of the network whose units the page draws, with the analysed weights."""
    kept = responses.isel(network=np.flatnonzero(responses["network"].values == network)).sel(state=[STATES[1]])
    left = responses["response"].nbytes - kept["response"].nbytes
    reduction.lines.append(
        f"responses/response: single responses of all networks but {network}, whose units the page draws ({_megabytes(left)})"
    )
    return kept.load()


def _reduced_group(name: str, dataset: xr.Dataset, drawn: Collection[str], reduction: Reduction) -> xr.Dataset:
    for variable in (one for one in UNREAD.get(name, ()) if one in dataset):
        reduction.lines.append(
            f"{name}/{variable}: read by nothing that is computed ({_megabytes(dataset[variable].nbytes)})"
        )
        dataset = dataset.drop_vars(variable)
    is_drawn = dataset["network"].isin(sorted(drawn))
    for variable in (one for one in DRAWN.get(name, ()) if one in dataset):
        left = int(dataset[variable].nbytes * (1 - float(is_drawn.mean())))
        reduction.lines.append(
            f"{name}/{variable}: NaN but in {int(is_drawn.sum())} networks, whose units the page draws ({_megabytes(left)})"
        )
        attributes = dataset[variable].attrs
        dataset[variable] = (
            dataset[variable].where(is_drawn).transpose(*dataset[variable].dims).assign_attrs(attributes)
        )
    return _rounded(name, _without_reared(name, dataset, reduction), reduction)


def _without_reared(name: str, dataset: xr.Dataset, reduction: Reduction) -> xr.Dataset:
    """Return a group in which counts are 0 in the reared networks, of which nothing reads them."""
    for variable in (one for one in UNREAD_OF_REARED.get(name, ()) if one in dataset):
        reared = dataset["arm"] == REARING
        if not reared.any():
            continue
        counts = dataset[variable]
        left = int(counts.nbytes * float(reared.mean()))
        reduction.lines.append(
            f"{name}/{variable}: 0 in {int(reared.sum())} networks of arm {REARING}, of which nothing reads it ({_megabytes(left)})"
        )
        dataset[variable] = (
            counts.where(~reared, 0).astype(counts.dtype).transpose(*counts.dims).assign_attrs(counts.attrs)
        )
    return dataset


def _rounded(name: str, dataset: xr.Dataset, reduction: Reduction) -> xr.Dataset:
    """Return a group whose numbers of units are those of single precision, though their type is still double."""
    rounded: Mapping[str, xr.DataArray] = {
        variable: dataset[variable].copy(data=dataset[variable].values.astype(np.float32).astype(np.float64))
        for variable in ROUNDED.get(name, ())
        if variable in dataset and dataset[variable].dtype == np.float64
    }
    if rounded:
        reduction.lines.append(f"{name}: what is beyond single precision of {', '.join(rounded)}")
    return dataset.assign(rounded)


def _first_tuned(tree: xr.DataTree) -> str:
    """Return the network whose curves stand for those of a layer."""
    return str(tree["tuning"].to_dataset()["network"].values[0]) if "tuning" in tree.children else ""


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB before compression"

"""The folder of one external network: reused where it can be, and gone on with where a run was stopped."""

from __future__ import annotations

import dataclasses
import functools
import time
from typing import Any

import xarray as xr
from rich.console import Console

from study.commands.console import print_plain
from study.commands.external.subject import Subject, tuning_settings, with_checked_photographs
from study.commands.study_folder import kept_record, readable_record
from study.execution.progress import counted
from study.experiment.external_network import IMAGE_REMARKS, gratings_key, measure_external_network, network_key
from study.images.files.decoding import LAID, UPRIGHT
from study.store import (
    Checkpoint,
    StudyFolder,
    append_journal,
    damage,
    network_state,
    publish_network,
    read_network,
    set_aside,
    sweep_checkpoints,
    sweep_staging,
)
from study.vocabulary.device import CPU
from study.vocabulary.errors import StudyError, refuse_unless, shown

LEFT_OUT = "layers_not_read"  # the record's key of why other layers are not
SETTINGS = "external_network"  # the record's key of what decides the tuning that is measured


def check_record(folder: StudyFolder, subject: Subject) -> None:
    """Refuse a folder that holds a study, or an external network measured in another way.

    Raises
    ------
    StudyError
        With what is there, what is here, and the remedy.
    """
    record = readable_record(folder)
    if record is None:
        return
    recorded = record.get(SETTINGS)
    if not isinstance(recorded, dict):
        raise StudyError(f"{folder.path} holds a study, no external network; use another --name")
    recorded = {"device": CPU} | recorded  # before 0.10 there was the processor
    changed = [
        f"{key} = {_short(recorded.get(key))} there, {_short(value)} here"
        for key, value in tuning_settings(subject).items()
        if recorded.get(key) != value
    ]
    if changed:
        raise StudyError(
            f"{folder.path} holds a network measured in another way: {'; '.join(changed)}; use another --name"
        )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def ready_to_measure(folder: StudyFolder, subject: Subject, console: Console) -> Subject:
    """Return what is to be measured once every photograph has been decoded, unless all of it was measured before.

    Raises
    ------
    StudyError
        Naming the first photograph that cannot be read.
    """
    key = network_key(
        gratings_key(subject.network, subject.layers, subject.settings), subject.photographs, subject.settings
    )
    return subject if network_state(folder, key) == "done" else with_checked_photographs(subject, console)


def measured(folder: StudyFolder, subject: Subject, console: Console) -> tuple[xr.DataTree, Subject]:
    """Return the network as the store has it, after measuring what is not there yet, and what was measured.

    The folder's lock is held.

    A network that was measured without photographs, or with others, gives its tuning. Pieces that a stopped run has kept
    are not made again.

    Raises
    ------
    StudyError
        When something can be neither read nor written.
    """
    key_of_tuning = gratings_key(subject.network, subject.layers, subject.settings)
    key = network_key(key_of_tuning, subject.photographs, subject.settings)
    kept_record(folder, lambda: {SETTINGS: tuning_settings(subject), LEFT_OUT: subject.left_out})
    sweep_staging(folder)
    whole = _whole_networks(folder, console)
    if key in whole:
        print_plain(console, "measured before: nothing is measured again")
        return _measured_before(read_network(folder, key), folder, subject, console)
    trees = (read_network(folder, name) for name in whole)
    earlier = next((tree for tree in trees if tree.attrs.get("gratings_key") == key_of_tuning), None)
    if earlier is not None:
        print_plain(console, "the gratings were shown before: their part is kept")
    started = time.monotonic()
    tree = measure_external_network(
        subject.network,
        subject.layers,
        subject.settings,
        subject.photographs,
        earlier=earlier,
        watch=functools.partial(counted, console),
        kept=functools.partial(Checkpoint, folder),
    )
    publish_network(folder, key, tree)
    append_journal(folder, {"key": key, "seconds": time.monotonic() - started})
    sweep_checkpoints(folder, keep=())
    return tree, subject


def _measured_before(
    tree: xr.DataTree, folder: StudyFolder, subject: Subject, console: Console
) -> tuple[xr.DataTree, Subject]:
    """Return a stored network, and what was measured on it, with what was said of its photographs then.

    Raises
    ------
    StudyError
        When it was measured before 0.8 on photographs that are read in another way since.
    """
    if subject.photographs is None:
        return tree, subject
    if (remarks := tree.attrs.get(IMAGE_REMARKS)) is not None:
        return tree, dataclasses.replace(
            subject, photographs=dataclasses.replace(subject.photographs, remarks=tuple(remarks))
        )
    now = with_checked_photographs(subject, console)
    for line in now.photographs.remarks if now.photographs else ():
        refuse_unless(
            UPRIGHT not in line and LAID not in line,
            f"{shown(folder.path)} was measured before 0.8, which did not turn photographs upright or lay transparency over"
            f" grey; now they are {line}; use another --name",
        )
    return tree, now


def _whole_networks(folder: StudyFolder, console: Console) -> list[str]:
    """Return the keys of the networks that are whole; others are set aside, with a line each."""
    whole = []
    for key in sorted(path.stem for path in folder.networks.glob("*.zarr")):
        if network_state(folder, key) == "done":
            whole.append(key)
            continue
        problem = damage(folder, key)
        print_plain(console, f"{problem}; set aside as {set_aside(folder, key)}")
    return whole

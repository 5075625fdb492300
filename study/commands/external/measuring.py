"""The folder of one external network: reused where it can be, and gone on with where a run was stopped."""

from __future__ import annotations

import functools
import time
from typing import Any

import xarray as xr
from rich.console import Console

from study.commands.console import print_plain
from study.commands.external.subject import Subject, tuning_settings
from study.commands.study_folder import kept_record, readable_record
from study.execution.progress import counted
from study.experiment.external_network import gratings_key, measure_external_network, network_key
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
from study.vocabulary.errors import StudyError

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


def measured(folder: StudyFolder, subject: Subject, console: Console) -> xr.DataTree:
    """Return the network as the store has it, after measuring what is not there yet; the folder's lock is held.

    A network that was measured without photographs, or with others, gives its tuning. Pieces that a stopped run has kept
    are not made again.

    Raises
    ------
    StudyError
        When something can be neither read nor written.
    """
    key_of_tuning = gratings_key(subject.network, subject.layers, subject.settings)
    key = network_key(key_of_tuning, subject.photographs, subject.settings)
    kept_record(folder, lambda: {SETTINGS: tuning_settings(subject)})
    sweep_staging(folder)
    whole = _whole_networks(folder, console)
    if key in whole:
        print_plain(console, "measured before: nothing is measured again")
        return read_network(folder, key)
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
    return tree


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

"""The folder of one probed network: nobody else's, reused where it can be, and gone on with where a run was stopped."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator
from pathlib import Path

import xarray as xr
from rich.console import Console

from study.commands.external_texts import probe_settings
from study.execution.progress import counted
from study.experiment.external_network import Asked, measured_network, network_key, probe_key
from study.images.labelled.folder import LabelledFolder
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.pretrained.loading import LoadedModel
from study.store import (
    Checkpoint,
    StudyFolder,
    append_journal,
    check_writable,
    damage,
    locked,
    network_state,
    publish_network,
    read_network,
    read_record,
    set_aside,
    sweep_checkpoints,
    sweep_staging,
    write_record,
)
from study.vocabulary.errors import StudyError, refuse_unless
from study.vocabulary.provenance import environment, git_state
from study.vocabulary.schema import SCHEMA_VERSION


@contextlib.contextmanager
def alone(
    folder: StudyFolder,
    reports: Path,
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    asked: Asked,
    console: Console,
) -> Iterator[None]:
    """Hold the folder's lock, once it is known that results can be written and that nothing else is in it.

    Raises
    ------
    StudyError
        When the folder holds a study or a network probed in another way, somebody else writes it, or the disk refuses.
    """
    check_writable(folder)
    check_writable(StudyFolder(reports))
    _check_record(folder, network, layers, asked)
    with locked(folder) as remark:
        if remark:
            console.print(remark, markup=False, highlight=False)
        _check_record(folder, network, layers, asked)  # again: a run that has just ended may have made it
        yield


def _check_record(folder: StudyFolder, network: LoadedModel, layers: tuple[HiddenLayer, ...], asked: Asked) -> None:
    record = read_record(folder)
    if record is None:
        return
    known = record.get("probe")
    if not isinstance(known, dict):
        raise StudyError(f"{folder.path} holds a study, no probed network; use another --name")
    found = record.get("schema_version")
    refuse_unless(
        found == SCHEMA_VERSION,
        f"{folder.path} has schema version {found!r}, this program writes {SCHEMA_VERSION}; use another --name",
    )
    now = probe_settings(network, layers, asked)
    if changed := [key for key in now if known.get(key) != now[key]]:
        told = "; ".join(f"{key} = {_short(known.get(key))} there, {_short(now[key])} here" for key in changed)
        raise StudyError(f"{folder.path} holds a network probed in another way: {told}; use another --name")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def measured(
    folder: StudyFolder,
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    asked: Asked,
    files: LabelledFolder | None,
    console: Console,
) -> xr.DataTree:
    """Return the network as the store has it, after measuring what is not there yet; the folder's lock is held.

    A network that was measured without photographs, or with others, gives its tuning. Pieces that a stopped run has kept
    are not made again.

    Raises
    ------
    StudyError
        When something can be neither read nor written.
    """
    own_probe_key = probe_key(network, layers, asked)
    key = network_key(own_probe_key, files, asked)
    if read_record(folder) is None:
        write_record(
            folder,
            {
                "schema_version": SCHEMA_VERSION,
                "probe": probe_settings(network, layers, asked),
                "environment": environment(),
                "git": git_state(Path(__file__).parents[2]),
            },
        )
    sweep_staging(folder)
    known = _whole_networks(folder, console)
    if key in known:
        console.print("measured before: nothing is measured again", markup=False, highlight=False)
        return read_network(folder, key)
    trees = (read_network(folder, name) for name in known)
    earlier = next((tree for tree in trees if tree.attrs.get("probe_key") == own_probe_key), None)
    if earlier is not None:
        console.print("the gratings were shown before: their part is kept", markup=False, highlight=False)
    started = time.monotonic()
    tree = measured_network(
        network,
        layers,
        asked,
        files,
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
        console.print(f"{problem}; set aside as {set_aside(folder, key)}", markup=False, highlight=False)
    return whole

"""What is done to a study's folder, done by a process of its own that is killed, or refused by the disk, at a step.

The processes are forked from a server that has imported everything and started no thread: one takes milliseconds.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from study.store import (
    StudyFolder,
    append_journal,
    compact,
    faults,
    locked,
    network_state,
    publish_network,
    set_aside,
    sweep_staging,
    write_record,
    write_results,
)
from study.vocabulary.errors import StudyError
from tests.example_networks import example_network

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pytest", "tests.children", "zarr.storage", "xarray.backends.zarr", "dask.array"])

LAYERS = {"conv1": 4, "fc1": 6}
ATTRIBUTES = {"config_digest": "c0ffee", "packages": {"numpy": "2.0"}, "git_commit": "abc"}
REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
NO_PROCESS = 2**22 + 1  # one more than Linux ever counts to


@dataclass(frozen=True)
class Ended:
    """How a child ended: exit code, the steps it reached if it lived, and what it would have witness the user."""

    code: int | None
    steps: tuple[str, ...] = ()
    said: str = ""


def in_child(
    action: Callable[..., Any], *arguments: Any, step: str = "", occurrence: int = 1, number: int = 0
) -> Ended:
    """Do something in a process of its own; at a step's nth occurrence it is killed, or gets an error of the system.

    Parameters
    ----------
    number
        Of the system's error; 0 for kill -9.
    """
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_run, args=(sender, action, arguments, step, occurrence, number))
    process.start()
    sender.close()
    process.join(60)
    assert process.exitcode is not None, "the child did not end"
    try:
        steps, said = receiver.recv()
    except EOFError:
        steps, said = (), ""
    receiver.close()
    return Ended(process.exitcode, steps, said)


def _run(
    sender: Connection, action: Callable[..., Any], arguments: Any, step: str, occurrence: int, number: int
) -> None:
    os.fsync = lambda descriptor: None  # nothing here pulls the plug
    steps: list[str] = []

    def hook(reached: str) -> None:
        steps.append(reached)
        if reached == step and steps.count(step) == occurrence:
            if number:
                raise OSError(number, os.strerror(number))
            os.kill(os.getpid(), signal.SIGKILL)

    faults.hook = hook
    said = ""
    try:
        action(*arguments)
    except StudyError as error:
        said = str(error)
    sender.send((tuple(steps), said))


def small_network(seed: int) -> xr.DataTree:
    """Return a network of ten units, of the arm that has few groups; all of them fit into one study."""
    return example_network(
        np.random.default_rng(seed),
        arm="memorization",
        layers=LAYERS,
        epochs=2,
        draws=3,
        seed=seed,
        key=key_of(seed),
        augmentation=("none", "shift_flip")[seed % 2],
    )


def key_of(seed: int) -> str:
    """Return the key of the small network of a seed."""
    return f"{seed:020x}"


def publish(folder: StudyFolder, seed: int) -> None:
    """Publish the small network of a seed."""
    publish_network(folder, key_of(seed), small_network(seed))


def gather(folder: StudyFolder, keys: list[str], version: int = 0) -> list[str]:
    """Compact some networks, and return what is said of the store that lay there."""
    return compact(folder, keys, {**ATTRIBUTES, "version": version})


def mend(folder: StudyFolder, keys: list[str]) -> None:
    """Add a file to the compacted study, unless that was done, and compact again."""
    if not (folder.damaged / "study.zarr.1").exists():
        (folder.compacted / "notes").write_text("altered")
    gather(folder, keys)


def drop(folder: StudyFolder, keys: list[str]) -> None:
    """Alter the results of the compacted study, where it has any, and compact again."""
    if (folder.compacted / "results").exists():
        (folder.compacted / "results/estimate/c/0/0").write_bytes(b"altered")
    gather(folder, keys)


def conclude(folder: StudyFolder, estimate: float) -> None:
    """Write results of a size."""
    values = {"estimate": (("hypothesis", "layer"), np.full((1, 2), estimate), {"units": "1"})}
    write_results(folder, xr.Dataset(values, coords={"hypothesis": ["existence"], "layer": list(LAYERS)}))


def record(folder: StudyFolder, version: int) -> None:
    """Write the record."""
    write_record(folder, {"version": version})


def journal(folder: StudyFolder, entry: int) -> None:
    """Add a line to the journal."""
    append_journal(folder, {"key": str(entry)})


def put_aside(folder: StudyFolder, key: str) -> None:
    """Set a network aside if it is damaged, as a run does."""
    if network_state(folder, key) == "damaged":
        set_aside(folder, key)


def leave_and_sweep(folder: StudyFolder) -> None:
    """Leave something in staging as a dead process would, and sweep it."""
    for name in ("a", "b"):
        left = folder.staged(name).with_suffix(f".{NO_PROCESS}")
        left.mkdir(parents=True)
        (left / "part").touch()
    sweep_staging(folder)


def hold(folder: StudyFolder, witness: Path | None = None) -> None:
    """Take the lock and give it back; or say that it is held and hold it until killed."""
    with locked(folder) as remark:
        assert remark == ""
        if witness is not None:
            witness.touch()
            signal.pause()

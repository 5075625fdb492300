"""Runs of the tiny study that are killed, or that the disk refuses, at planned steps.

The networks are not trained again in them: a worker takes what an uninterrupted run measured, and publishes it. All
else is the study's own: its processes, its store, its lock, its report.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import xarray as xr

from study.store import StudyFolder, network_state
from tests.pipeline.tiny_study import Finished, imported_at_start, manifests, planned, snapshot

ORPHAN_SECONDS = 90.0  # one that was only just being started first imports what it needs, on a busy machine for long

# Imported by every process of the run at its start. A plan is a list of [step, deed], done one after the other; a deed
# is one of kill worker (the process that is at the step), kill parent (of that process), kill both, a signal's name and
# whom it is sent to (run or group, once or twice), or an error's name.
_SITE = '''
"""Does what the plan beside this file says when a step is reached, and keeps account of the steps."""
import errno, json, os, signal, sys, time, types
from pathlib import Path

from study.store import StudyFolder, faults, read_network

here = Path(__file__).parent


def measure_network(planned, config, images, n_classes, *, compiled_networks, progress, checkpoint):
    measured = StudyFolder(Path((here / "measured").read_text()))
    seconds = dict.fromkeys(("probe", "train", "evaluate", "ablate"), 1.0)
    tree = read_network(measured, planned.key)
    return types.SimpleNamespace(tree=tree, seconds=seconds, resumed_epoch=0, trained_images=1)


def tell(name, whom, times):
    for _ in range(2 if times == "twice" else 1):
        (os.killpg if whom == "group" else os.kill)(os.getpgrp(), getattr(signal, name))
        time.sleep(0.05)
    if "--multiprocessing-fork" in sys.orig_argv:
        time.sleep(600)


def hook(step):
    with (here / "reached").open("a") as file:
        file.write(step + "\\n")
    plan = json.loads((here / "plan.json").read_text())
    if not plan or plan[0][0] != step:
        return
    (here / "plan.json").write_text(json.dumps(plan[1:]))
    deed = plan[0][1]
    if deed.startswith("SIG"):
        tell(*deed.split(" "))
        return
    if deed in ("kill parent", "kill both"):
        os.kill(os.getppid(), signal.SIGKILL)
    if deed in ("kill worker", "kill both"):
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "kill parent":
        time.sleep(600)
    number = getattr(errno, deed)
    raise OSError(number, os.strerror(number))


faults.hook = hook
sys.modules["study.experiment.one_network"] = types.ModuleType("study.experiment.one_network")
sys.modules["study.experiment.one_network"].measure_network = measure_network
sys.modules["study.experiment.training"] = types.ModuleType("study.experiment.training")
sys.modules["study.experiment.training"].DivergedError = type("DivergedError", (RuntimeError,), {})
'''


@dataclass(frozen=True)
class Faults:
    """A folder that makes the runs that have it on their path follow a plan."""

    path: Path

    def plan(self, *steps: tuple[str, str]) -> None:
        """Set what will be done at which steps, in this order."""
        (self.path / "plan.json").write_text(json.dumps(steps))

    def left(self) -> list[list[str]]:
        """Return the part of the plan that was not done."""
        left: list[list[str]] = json.loads((self.path / "plan.json").read_text())
        return left

    def reached(self) -> set[str]:
        """Return the steps that any process has reached."""
        return set((self.path / "reached").read_text().splitlines())


def faults_in(path: Path, measured: Finished) -> Faults:
    """Return a folder of planned faults whose workers take their networks from a finished study."""
    imported_at_start(path, _SITE)
    (path / "measured").write_text(str(measured.folder.path))
    made = Faults(path)
    made.plan()
    return made


def assert_ended(processes: Sequence[psutil.Process], seconds: float) -> None:
    """Assert that processes end within some seconds."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    alive = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert alive == [], f"still there after {seconds} s: {[(time.time(), process) for process in alive]}"


def assert_same_study(folder: StudyFolder, expected: StudyFolder) -> None:
    """Assert that every network has the same bytes and every variable of the compacted study the same bits."""
    assert manifests(folder) == manifests(expected)
    assert {network_state(folder, network.key) for network in planned()} == {"done"}
    with (
        xr.open_datatree(folder.compacted, engine="zarr") as one,
        xr.open_datatree(expected.compacted, engine="zarr") as two,
    ):
        assert set(one.groups) == set(two.groups)
        for node in two.subtree:
            for name, variable in node.variables.items():
                values = one[node.path].variables[name].values
                assert values.dtype == variable.dtype
                if values.dtype.kind in "fiub":
                    assert values.tobytes() == variable.values.tobytes(), f"{node.path}/{name}"
                else:
                    np.testing.assert_array_equal(values, variable.values)


def kept(folder: StudyFolder, before: dict[str, object]) -> dict[str, object]:
    """Assert that what was published is as it was, bytes and times, and return what is published now."""
    now = snapshot(folder.networks, times=True)
    files = {path: state for path, state in before.items() if state[0] != "folder"}
    assert {path: now.get(path) for path in files} == files
    return now

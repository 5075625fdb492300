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

import psutil

from tests.pipeline.tiny_study import Finished

# Imported by every process of the run at its start. A plan is a list of [step, deed], done one after the other; a deed
# is one of kill worker (the process that is at the step), kill parent (of that process), kill both, or an error's name.
_SITE = '''
"""Does what the plan beside this file says when a step is reached, and keeps account of the steps."""
import errno, json, os, signal, sys, time, types
from pathlib import Path

from study.store import StudyFolder, faults, read_network

here = Path(__file__).parent


def measure_network(planned, config, images, n_classes, *, progress, checkpoint):
    measured = StudyFolder(Path((here / "measured").read_text()))
    return read_network(measured, planned.key), dict.fromkeys(("probe", "train", "evaluate", "ablate"), 1.0), 0


def hook(step):
    with (here / "reached").open("a") as file:
        file.write(step + "\\n")
    plan = json.loads((here / "plan.json").read_text())
    if not plan or plan[0][0] != step:
        return
    (here / "plan.json").write_text(json.dumps(plan[1:]))
    deed = plan[0][1]
    if deed in ("kill parent", "kill both"):
        os.kill(os.getppid(), signal.SIGKILL)
    if deed in ("kill worker", "kill both"):
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "kill parent":
        time.sleep(600)
    number = getattr(errno, deed)
    raise OSError(number, os.strerror(number))


faults.hook = hook
sys.modules["study.measure"] = types.ModuleType("study.measure")
sys.modules["study.measure"].measure_network = measure_network
sys.modules["study.train"] = types.ModuleType("study.train")
sys.modules["study.train"].DivergedError = type("DivergedError", (RuntimeError,), {})
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
    path.mkdir()
    (path / "sitecustomize.py").write_text(_SITE)
    (path / "measured").write_text(str(measured.folder.path))
    made = Faults(path)
    made.plan()
    return made


def assert_ended(processes: Sequence[psutil.Process], seconds: float) -> None:
    """Assert that processes end within some seconds."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    alive = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert alive == [], f"still there after {seconds} s: {[(time.time(), process) for process in alive]}"

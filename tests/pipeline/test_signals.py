"""Real signals to real processes: one line, the exit code of the signal, and nobody and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from study.store.faults import COMPACTING, JOURNAL, LOCKING, PUBLISHING, REPLACING, RESULTS
from tests.pipeline.faulty_study import ORPHAN_SECONDS, Faults, assert_ended, assert_same_study, kept
from tests.pipeline.tiny_study import (
    ROOT,
    WHOLE_REGISTRATION,
    Finished,
    arguments,
    kill_session,
    manifests,
    members,
    run,
    start,
    tiny_folder,
    wait_until,
)

CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
WHOM = ("run once", "group once", "run twice", "group twice")
STEPS = tuple(dict.fromkeys((*LOCKING, *REPLACING, *PUBLISHING, *JOURNAL, *COMPACTING, *RESULTS)))
FEW = (
    "lock signed",
    "network group written",
    "network renamed",
    "journal opened",
    "study consolidated",
    "results written",
)


def combinations() -> list[tuple[str, str]]:
    """Return a signal and whom it is sent to for each of a few steps; every pair, at every step, with STUDY_KILLS."""
    pairs = [(name, whom) for whom in WHOM for name in CODES]
    if "STUDY_KILLS" in os.environ:
        return [(step, f"{name} {whom}") for step in STEPS for name, whom in pairs]
    return [(step, " ".join(pairs[5 * number % len(pairs)])) for number, step in enumerate(FEW)]


def assert_ended_by(name: str, code: int, err: str) -> None:
    """Assert that a run ended as a signal ends it, in one line."""
    by = "" if name == "SIGINT" else f" by {name}"
    assert code == CODES[name], err
    line = rf"study: interrupted{by}( (with \d of 3 networks done|while [a-z0-9 ()/.]+))?; the same command goes on from there\n"
    assert re.fullmatch(line, err), err


@pytest.mark.slow
def test_signal_at_every_kind_of_step(place: Path, faults: Faults, tiny: Finished) -> None:
    """Run after run is told to end, at steps of workers and its own, and leaves neither lock nor scratch nor process.

    What was published stays as it was, and the last run ends with the bytes of one that nobody disturbed.
    """
    folder = tiny_folder(place)
    published: dict[str, object] = {}
    reached = 0
    for step, deed in combinations():
        faults.plan((step, deed))
        process = start(place, *arguments("--workers", "1"), path=(faults.path,))
        try:
            _, err = process.communicate(timeout=300)
            left = members(process.pid)
            assert_ended(left, ORPHAN_SECONDS)
        finally:
            kill_session(process)
        published = kept(folder, published)
        if faults.left():  # nothing was left to do that has this step
            assert process.returncode == 0, err
            continue
        reached += 1
        assert_ended_by(deed.split(" ")[0], process.returncode, err)
        assert not folder.lock.exists(), (step, deed)
        assert list(folder.staging.iterdir()) == [] if folder.staging.exists() else True, (step, deed)
    assert reached >= len(FEW)
    faults.plan()
    done = run(place, *arguments("--workers", "1"), path=(faults.path,))
    assert done.code == 0, done.err
    assert_same_study(folder, tiny.folder)


@pytest.mark.slow
def test_study_that_was_suspended_goes_on(place: Path, tiny: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a laptop whose lid was closed: no worker is given up for its silence, and no network fails for it."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", "1s")  # 5 minutes where nothing is said
    process = start(place, *arguments("--workers", "1", "--set", "execution.retries=0"))
    try:
        wait_until(tiny_folder(place).worker_log.exists, process)  # the first network is in work
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(8)
        process.send_signal(signal.SIGCONT)  # its workers wake a little later, when it has looked for them
        time.sleep(3)
        os.killpg(process.pid, signal.SIGCONT)
        _, err = process.communicate(timeout=300)
    finally:
        kill_session(process)
    assert process.returncode == 0, err
    assert "FAILED" not in err
    assert manifests(tiny_folder(place)) == manifests(tiny.folder)


def calibrating(place: Path, *before: str) -> subprocess.Popen[str]:
    """Start a calibration that takes long, in a session of its own."""
    command = [*before, sys.executable, "-m", "study", "calibrate", "--studies", "100000", "--workers", "2"]
    command += ["--preregistration", str(WHOLE_REGISTRATION), "--hypothesis", "existence-selective-units"]
    return subprocess.Popen(
        command,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def has_workers(process: subprocess.Popen[str]) -> bool:
    """Return whether both processes that simulate are there."""
    return sum("spawn_main" in " ".join(child.cmdline()) for child in psutil.Process(process.pid).children()) == 2


def test_pool_ends_with_its_parent_that_is_killed(place: Path) -> None:
    """After kill -9 of the parent alone its workers end, and whoever reads its output is not kept waiting."""
    process = calibrating(place)
    try:
        wait_until(lambda: has_workers(process), process)
        process.kill()
        _, err = process.communicate(timeout=ORPHAN_SECONDS)  # ends when the last of them has closed the pipe
        assert_ended(members(process.pid), ORPHAN_SECONDS)
    finally:
        kill_session(process)
    assert process.returncode == -signal.SIGKILL
    assert "leaked" not in err


@pytest.mark.slow
@pytest.mark.parametrize(("name", "group"), [("SIGINT", True), ("SIGTERM", False), ("SIGHUP", True)])
def test_calibration_is_told_to_end(name: str, group: bool, place: Path) -> None:
    """The parent alone, as by kill, or all processes, as by a batch system: one line, nobody left, nothing written."""
    process = calibrating(place, "env", "--default-signal=INT")
    try:
        wait_until(lambda: has_workers(process), process)
        time.sleep(1)
        (os.killpg if group else os.kill)(process.pid, getattr(signal, name))
        _, err = process.communicate(timeout=60)
        assert_ended(members(process.pid), 10)
    finally:
        kill_session(process)
    by = "" if name == "SIGINT" else f" by {name}"
    assert process.returncode == CODES[name], err
    assert re.fullmatch(
        rf"study: interrupted{by} with \d+ of \d+ studies simulated; the same command begins again\n", err
    ), err
    assert list(place.iterdir()) == []


@pytest.mark.slow
def test_hang_up_under_nohup_is_ignored(place: Path) -> None:
    """What nohup ignores ends neither the command nor its workers; SIGTERM still does."""
    process = calibrating(place, "nohup")
    try:
        wait_until(lambda: has_workers(process), process)
        os.killpg(process.pid, signal.SIGHUP)
        time.sleep(2)
        assert process.poll() is None
        assert has_workers(process)
        process.terminate()
        _, err = process.communicate(timeout=60)
    finally:
        kill_session(process)
    assert process.returncode == 143
    assert err.splitlines()[-1].startswith("study: interrupted by SIGTERM with ")

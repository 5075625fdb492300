"""Stopped, damaged or failing: what a rerun finds is kept, what it misses comes back bit for bit."""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from study.run import main
from study.store import damage, network_state, read_journal
from tests.opened_page import opened_page
from tests.pipeline.tiny_study import (
    NAME,
    Finished,
    arguments,
    imported_at_start,
    kill_session,
    manifests,
    members,
    planned,
    run,
    snapshot,
    start,
    tiny_folder,
    wait_until,
)

# Imported by every process of the run at its start: the images of one augmentation become NaN, so its weights do. (Its
# loss does not: the compiled rectifier turns NaN into 0.)
_BROKEN_SHIFT = '''
"""Breaks one augmentation."""
import numpy as np
from study.images.preparation import augmentation

whole = augmentation.augmented


def broken(images, *, augmentation, rng):
    made = whole(images, augmentation=augmentation, rng=rng)
    return np.full(made.shape, np.nan, np.float32) if augmentation == "shift" else made


augmentation.augmented = broken
'''


def said(page: str) -> str:
    """Return a report without the minute it was written in."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME", page)


def test_rerun_recomputes_nothing(
    copied: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The same command on a finished study leaves networks, journal and record alone and writes the same report."""
    networks = snapshot(copied.folder.networks, times=True)
    kept = {path: path.read_bytes() for path in (copied.folder.journal, copied.folder.record_path)}
    store = snapshot(copied.folder.compacted)
    report = opened_page(copied.report.read_text(encoding="utf-8"))
    monkeypatch.chdir(copied.place)
    assert main(arguments("--workers", "2")) == 0
    assert snapshot(copied.folder.networks, times=True) == networks
    assert {path: path.read_bytes() for path in kept} == kept
    assert snapshot(copied.folder.compacted) == store
    assert said(opened_page(copied.report.read_text(encoding="utf-8"))) == said(report)
    assert "training images a second" not in capsys.readouterr().out


def test_report_and_store_are_made_again_from_the_networks(copied: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without report and compacted store, the same command restores both as they were, and trains nothing."""
    networks, store = snapshot(copied.folder.networks, times=True), snapshot(copied.folder.compacted)
    report = opened_page(copied.report.read_text(encoding="utf-8"))
    copied.report.unlink()
    copied.folder.compacted.rename(copied.place / "elsewhere")
    monkeypatch.chdir(copied.place)
    assert main(arguments("--workers", "2")) == 0
    assert snapshot(copied.folder.networks, times=True) == networks
    assert snapshot(copied.folder.compacted) == store
    assert said(opened_page(copied.report.read_text(encoding="utf-8"))) == said(report)


@pytest.mark.slow
def test_missing_and_damaged_networks_come_back_bit_for_bit(copied: Finished) -> None:
    """One network is gone, one damaged: both are trained again to identical bytes, the third is not touched.

    The damaged one is named and set aside.
    """
    before, journal = manifests(copied.folder), copied.folder.journal.read_bytes()
    gone, whole, hurt = (network.key for network in planned())
    (copied.folder.networks / f"{gone}.zarr").rename(copied.place / "elsewhere")
    chunk = copied.folder.networks / f"{hurt}.zarr" / "tuning" / "gosi" / "c" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")
    damaged = snapshot(copied.folder.networks / f"{hurt}.zarr")
    untouched = snapshot(copied.folder.networks / f"{whole}.zarr", times=True)
    done = run(copied.place, *arguments("--workers", "1"))
    assert done.code == 0, done.err
    assert f"data/{NAME}/networks/{hurt}.zarr/tuning/gosi/c/" in done.out
    assert f"set aside as data/{NAME}/damaged/{hurt}.1" in done.out
    assert snapshot(copied.folder.damaged / f"{hurt}.1") == damaged
    assert manifests(copied.folder) == before
    assert {damage(copied.folder, key) for key in (gone, whole, hurt)} == {""}
    assert snapshot(copied.folder.networks / f"{whole}.zarr", times=True) == untouched
    assert copied.folder.journal.read_bytes().startswith(journal)
    assert [entry["key"] for entry in read_journal(copied.folder)[3:]] == [gone, hurt]


@dataclass(frozen=True)
class Interrupted:
    """A run with one worker that was interrupted after its first network, as by Ctrl-C in a terminal."""

    place: Path
    code: int
    err: str
    seconds: float
    survivors: list[psutil.Process]
    networks: dict[str, object]


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    """Start, wait for the first network, interrupt every process of the session."""
    place = tmp_path_factory.mktemp("interrupted")
    folder = tiny_folder(place)
    process = start(place, *arguments("--workers", "1"))
    try:
        wait_until(lambda: manifests(folder), process)
        started = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        seconds = time.monotonic() - started
        time.sleep(0.5)  # what was told to end may need a moment
        survivors = members(process.pid)
    finally:
        kill_session(process)
    return Interrupted(place, process.returncode, err, seconds, survivors, snapshot(folder.networks, times=True))


@pytest.mark.slow
def test_interrupt_ends_within_seconds_and_says_how_to_go_on(interrupted: Interrupted) -> None:
    """Exit code 130 within five seconds and one line, no traceback, that counts what is done."""
    assert interrupted.code == 130
    assert interrupted.seconds < 5
    done = len({Path(path).parts[0] for path in interrupted.networks})
    assert interrupted.err.splitlines() == [
        f"study: interrupted with {done} of 3 networks done; the same command goes on from there"
    ]


@pytest.mark.slow
def test_interrupt_leaves_no_process(interrupted: Interrupted) -> None:
    """No worker goes on in the background."""
    assert interrupted.survivors == []


@pytest.mark.slow
def test_rerun_after_interrupt_completes_to_the_same_bytes(interrupted: Interrupted, tiny: Finished) -> None:
    """The rest is trained, what was done stays, and one worker with a break gives what two gave without."""
    done = run(interrupted.place, *arguments("--workers", "1"))
    assert done.code == 0, done.err
    after = snapshot(done.folder.networks, times=True)
    assert {path: after.get(path) for path in interrupted.networks} == interrupted.networks
    assert manifests(done.folder) == manifests(tiny.folder)
    assert list(done.folder.staging.iterdir()) == []
    assert len(read_journal(done.folder)) <= 3


@pytest.mark.slow
def test_failing_networks_are_listed_and_the_others_go_on(place: Path, tmp_path: Path) -> None:
    """One network's worker is killed, one network's weights become NaN: both are listed, the third is done.

    Exit code 1; console, journal and report give the reason of each. Networks that wait for the killed worker are not
    its victims.
    """
    broken = imported_at_start(tmp_path / "broken", _BROKEN_SHIFT)
    folder = tiny_folder(place)
    process = start(place, *arguments("--workers", "1", "--set", "execution.retries=0"), path=(broken,))
    try:
        wait_until(folder.worker_log.exists, process)  # the first network is in work
        (worker,) = (child for child in members(process.pid) if "spawn_main" in " ".join(child.cmdline()))
        worker.kill()
        out, err = process.communicate(timeout=300)
    finally:
        kill_session(process)
    killed, diverged, whole = planned()
    assert [network_state(folder, network.key) for network in (killed, diverged, whole)] == ["to do", "to do", "done"]
    assert process.returncode == 1, err
    reasons = {entry["key"]: entry["failure"] for entry in read_journal(folder)}
    assert "worker process died" in reasons[killed.key]
    assert "not a number in epoch 1" in reasons[diverged.key]
    assert reasons[whole.key] == ""
    page = opened_page((place / "reports" / f"{NAME}.html").read_text(encoding="utf-8"))
    for network in (killed, diverged):
        sentence = f"Network {network.key} ({network.label}) is missing: {reasons[network.key]}."
        assert sentence in out
        assert sentence in page
        assert f"{network.augmentation}, seed 0: FAILED: {reasons[network.key]}" in out
    assert err == ""

"""kill -9 at random moments of real runs: nothing published is lost, what is missing comes back.

It takes minutes, so it runs only where the environment variable STUDY_KILLS gives the number of kills; `test_kills` kills at
every step of publishing whenever tests run. The full proof:

    STUDY_KILLS=50 python -m pytest --numprocesses=0 tests/pipeline/test_random_kills.py
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.pipeline.faulty_study import ORPHAN_SECONDS, assert_ended, assert_same_study, kept
from tests.pipeline.tiny_study import Finished, arguments, kill_session, manifests, members, run, start, tiny_folder

KILLS = int(os.environ.get("STUDY_KILLS", "0"))
SEED = 20_200_512
SOME_WORKERS_DIE = arguments("--workers", "2", "--set", "execution.retries=10")
STARTING = "study: a worker process ended while it was being started"


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the workers of a run."""
    workers = []
    for member in members(process.pid):
        try:
            if member.pid != process.pid and "spawn_main" in " ".join(member.cmdline()):
                workers.append(member)
        except psutil.Error:
            continue
    return workers


def kill(process: subprocess.Popen[str], whom: str, rng: np.random.Generator) -> bool:
    """Kill -9 a run, one of its workers, or both; return whether anything was killed."""
    victims = workers_of(process) if whom != "parent" else []
    victims = [victims[rng.integers(len(victims))]] if victims else []
    for victim in victims:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            victims = []
    if whom != "worker" and process.poll() is None:
        process.kill()
        return True
    return bool(victims)


@pytest.fixture
def session(place: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """The runs a test started; whatever is left of them is killed in the end."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        kill_session(process)


def _new_study(place: Path, number: int) -> Path:
    made = place / str(number)
    made.mkdir()
    return made


@pytest.mark.skipif(not KILLS, reason="set STUDY_KILLS to the number of kills")
@pytest.mark.slow
def test_killed_at_random_moments(
    place: Path, tiny: Finished, session: list[subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Parent, worker or both, at moments drawn from the length of a run; what was published stays as it was.

    A run that lost a worker goes on, and may lose another. A study that is complete is compared with the uninterrupted
    one, and a new one is begun while kills are left.
    """
    rng = np.random.default_rng(SEED)
    length = tiny.report.stat().st_mtime - tiny.folder.record_path.stat().st_mtime + 3
    studies = [_new_study(place, 0)]
    published: dict[str, object] = {}
    killed = {"parent": 0, "worker": 0, "both": 0}
    while sum(killed.values()) < KILLS:
        folder = tiny_folder(studies[-1])
        if not session or session[-1].poll() is not None:
            session.append(start(studies[-1], *SOME_WORKERS_DIE))
        process, whom, moment = session[-1], str(rng.choice(list(killed))), time.monotonic() + rng.uniform(0, length)
        while time.monotonic() < moment and process.poll() is None:
            time.sleep(0.02)
        if kill(process, whom, rng):
            killed[whom] += 1
            with capsys.disabled():
                print(f"\nkill {sum(killed.values())}: {whom}, {len(manifests(folder))} published", end="", flush=True)
            if whom != "worker":
                process.wait(120)
        published = kept(folder, published)
        if process.poll() is None:
            continue
        _, err = process.communicate(timeout=ORPHAN_SECONDS)
        assert_ended(members(process.pid), ORPHAN_SECONDS)
        assert process.returncode in (0, -signal.SIGKILL) or (process.returncode == 2 and STARTING in err), err
        if process.returncode == 0:
            assert_same_study(folder, tiny.folder)
            published = {}
            studies.append(_new_study(place, len(studies)))
    if session[-1].poll() is None:
        _, err = session[-1].communicate(timeout=900)
        assert session[-1].returncode == 0 or STARTING in err, err
    folder = tiny_folder(studies[-1])
    done = run(studies[-1], *SOME_WORKERS_DIE)
    assert done.code == 0, done.err
    kept(folder, published)
    assert_same_study(folder, tiny.folder)
    assert list(folder.staging.iterdir()) == []
    with capsys.disabled():
        print(f"\n{sum(killed.values())} kills ({killed}) in {len(studies)} studies: every network came out the same")

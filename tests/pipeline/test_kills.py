"""kill -9 at steps of publishing: nothing published is lost, what is missing comes back."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from study.store.faults import PUBLISHING
from tests.pipeline.faulty_study import (
    ORPHAN_SECONDS,
    Faults,
    assert_ended,
    assert_same_study,
    kept,
)
from tests.pipeline.tiny_study import Finished, arguments, manifests, members, run, start, tiny_folder

# Every step is gone through in `tests.unit.test_store_faults`, and here where STUDY_KILLS is set.
STEPS = PUBLISHING if "STUDY_KILLS" in os.environ else PUBLISHING[::2]


@pytest.mark.slow
def test_worker_killed_at_steps_of_publishing(place: Path, faults: Faults, tiny: Finished) -> None:
    """One run whose worker dies at a step after the other: it goes on with new ones, and ends as if nothing had happened."""
    faults.plan(*((step, "kill worker") for step in STEPS))
    done = run(place, *arguments("--workers", "1", "--set", "execution.retries=10"), path=(faults.path,))
    assert done.code == 0, done.err
    assert faults.left() == []
    assert_same_study(done.folder, tiny.folder)
    assert list(done.folder.staging.iterdir()) == []


@pytest.mark.slow
def test_parent_and_both_killed_at_steps_of_publishing(place: Path, faults: Faults, tiny: Finished) -> None:
    """Run after run dies with its worker, or its worker after it: no process stays, no network that was there changes.

    The last run ends with the bytes of one that nobody disturbed. Step by step it is the one or the other, and both at
    each step where the environment variable STUDY_KILLS is set.
    """
    folder = tiny_folder(place)
    published: dict[str, object] = {}
    deeds = ("kill parent", "kill both")
    for number, step in enumerate(STEPS):
        for deed in deeds if "STUDY_KILLS" in os.environ else (deeds[number % 2],):
            faults.plan((step, deed))
            count = len(manifests(folder))
            process = start(place, *arguments("--workers", "1"), path=(faults.path,))
            _, err = process.communicate(timeout=300)
            assert process.returncode == -signal.SIGKILL, err
            assert_ended(members(process.pid), ORPHAN_SECONDS)
            assert faults.left() == []
            published = kept(folder, published)
            assert len(manifests(folder)) == count + (step == "network renamed")
    assert folder.lock.exists()
    done = run(place, *arguments("--workers", "1"), path=(faults.path,))
    assert done.code == 0, done.err
    kept(folder, published)
    assert_same_study(folder, tiny.folder)
    assert list(folder.staging.iterdir()) == []
    assert not folder.lock.exists()

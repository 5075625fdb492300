"""The same plan gives the same bytes, whatever the number of workers and the order.

`tiny` trained three networks in order with two workers. One worker, interrupted and begun again, is compared with it where
interruptions are tested, a scheduler's workers where those are; here are four workers and another order.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from study.config import Config, resolve
from study.config.population import PlannedNetwork, planned_networks
from study.images import load_images
from study.registration import read_registration
from study.store import StudyFolder
from tests.pipeline.tiny_study import REGISTRATION, ROOT, SETTINGS, TIMEOUT, Finished, manifests

# Publishes the networks of these places in the plan, in this order.
_SCRIPT = """
import sys
from pathlib import Path
from study.execution.scheduling import Origin, run_networks
from study.store import StudyFolder, write_record
from tests.pipeline.test_same_bits import config_of, plan_of

if __name__ == "__main__":
    folder, config = StudyFolder(Path(sys.argv[1])), config_of(workers=int(sys.argv[2]))
    write_record(folder, {})
    networks, fingerprint = plan_of(config)
    origin = Origin(fingerprint, sys.argv[3])
    order = [networks[int(place)] for place in sys.argv[4:]]
    for outcome in run_networks(order, config, folder, origin=origin, watch=lambda *told: None):
        assert not outcome.failure, outcome.failure
"""


def config_of(*, workers: int) -> Config:
    """Return the tiny study with a fourth augmentation, which changes the key of none of the three."""
    more = ("population.augmentations=none,shift,flip,shift_flip", f"execution.workers={workers}")
    return resolve("quick", assignments=(*SETTINGS, *more))


def plan_of(config: Config) -> tuple[tuple[PlannedNetwork, ...], str]:
    """Return a study's networks and its images' fingerprint."""
    fingerprint = load_images(config.images).fingerprint
    return planned_networks(config, fingerprint=fingerprint), fingerprint


def published(place: Path, workers: int, order: tuple[int, ...]) -> dict[str, bytes]:
    """Train networks in a process of its own, in this order, and return their manifests by key."""
    place.mkdir()
    script = place / "script.py"
    script.write_text(_SCRIPT)
    digest = read_registration(REGISTRATION).digest
    done = subprocess.run(
        [sys.executable, script, place / "study", str(workers), digest, *map(str, order)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return manifests(StudyFolder(place / "study"))


@pytest.mark.slow
def test_number_of_workers_and_order_change_no_bit(tiny: Finished, tmp_path: Path) -> None:
    """Four workers, who get the networks in an order of their own, publish what two published."""
    of_two, of_four = manifests(tiny.folder), published(tmp_path / "four", 4, (3, 1, 0, 2))
    assert len(of_two) == 3
    assert len(of_four) == 4
    assert {key: of_four.get(key) for key in of_two} == of_two

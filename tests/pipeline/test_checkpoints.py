"""A network killed while it trains goes on from its checkpoint, and nobody can tell from its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.config import resolve
from study.images import load_images
from study.plan import planned_networks
from study.store import Checkpoint, read_journal
from tests.pipeline.tiny_study import arguments, manifests, run, tiny_folder

SETTINGS = ("training.epochs=3", "population.augmentations=none,shift", "ablation.layers=conv1")
BATCHES = 10  # in an epoch of 320 images

# Imported by every process of the run at its start: the first worker that is half through its third epoch kills itself
# as `kill -9` would, once.
_KILLED_IN_THE_THIRD_EPOCH = f'''
"""Kills one worker."""
import itertools, os, pathlib, signal
from study.images import augmentation

whole, batches, killed = augmentation.augmented, itertools.count(1), pathlib.Path("killed")


def deadly(images, *, augmentation, rng):
    if next(batches) == {2 * BATCHES + BATCHES // 2} and not killed.exists():
        killed.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(images, augmentation=augmentation, rng=rng)


augmentation.augmented = deadly
'''


def given(*more: str) -> list[str]:
    """Return the command line of a tiny study of two networks and three epochs."""
    return arguments("--workers", "1", *(part for setting in (*SETTINGS, *more) for part in ("--set", setting)))


@pytest.mark.slow
def test_a_killed_network_goes_on_from_its_checkpoint_to_the_same_bytes(tmp_path: Path) -> None:
    """Its worker is killed in the third epoch: the retry goes on after the second, and the journal says so.

    The other network finds a checkpoint that is none: it is trained from the start, and the worker log says why. Both
    end as in a run without checkpoints or interruption; no checkpoint is left.
    """
    (tmp_path / "deadly").mkdir()
    (tmp_path / "deadly" / "sitecustomize.py").write_text(_KILLED_IN_THE_THIRD_EPOCH)
    places = [tmp_path / name for name in ("whole", "killed")]
    for place in places:
        place.mkdir()
    config = resolve("quick", assignments=[part for part in given() if "=" in part])
    first, second = planned_networks(config, fingerprint=load_images(config.images).fingerprint)
    hurt = Checkpoint(tiny_folder(places[1]), second.key)
    hurt.path.parent.mkdir(parents=True)
    hurt.path.write_bytes(b"half of a checkpo")
    whole = run(places[0], *given())
    killed = run(places[1], *given("execution.checkpoint_epochs=1"), path=(tmp_path / "deadly",))
    assert (whole.code, killed.code) == (0, 0), whole.err + killed.err
    assert (killed.place / "killed").exists()
    assert set(manifests(whole.folder)) == {first.key, second.key}
    assert manifests(killed.folder) == manifests(whole.folder)
    resumed = {entry["key"]: entry["resumed_epoch"] for entry in read_journal(killed.folder)}
    assert resumed == {first.key: 2, second.key: 0}
    assert {entry["resumed_epoch"] for entry in read_journal(whole.folder)} == {0}
    assert "resumed after epoch 2" in killed.out
    assert f"{hurt.path.name}: checkpoint ignored (not whole" in killed.folder.worker_log.read_text(errors="replace")
    assert list(killed.folder.checkpoints.iterdir()) == []
    assert not whole.folder.checkpoints.exists()
    for entry in read_journal(killed.folder):
        trained = (3 - entry["resumed_epoch"]) * 320
        assert entry["images_per_second"] == pytest.approx(trained / entry["stages"]["train"], rel=0.05)

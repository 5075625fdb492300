"""A network killed while it trains goes on from its checkpoint, and nobody can tell from its bytes."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from study.commands.run.arguments import parser
from study.commands.run.plan import study_plan
from study.commands.run.record import record_content
from study.commands.study_folder import kept_record
from study.registration import read_registration
from study.store import Checkpoint, StudyFolder, read_journal
from tests.pipeline.tiny_study import (
    REGISTRATION,
    ROOT,
    SETTINGS,
    arguments,
    imported_at_start,
    manifests,
    run,
    tiny_folder,
)

# Imported by every process of the run at its start: the first worker that is in its third epoch, whose 320 images are
# augmented in one call, kills itself as `kill -9` would, once.
_KILLED_IN_THE_THIRD_EPOCH = '''
"""Kills one worker."""
import itertools, os, pathlib, signal
from study.images.preparation import augmentation

whole, epochs, killed = augmentation.augmented, itertools.count(1), pathlib.Path("killed")


def deadly(images, *, augmentation, rng):
    if next(epochs) == 3 and not killed.exists():
        killed.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(images, augmentation=augmentation, rng=rng)


augmentation.augmented = deadly
'''


# Trains the only network of a study without worker, checkpoint or interruption, and publishes it. As in a worker, the
# store is imported before TensorFlow, which brings a Zstandard of its own: the same data, compressed to other bytes.
_UNINTERRUPTED = """
import sys
from pathlib import Path
from study.store import StudyFolder, publish_network
from study.config import resolve
from study.images import load_images
from study.images.preparation.split import partition, split_images
from study.experiment.compiled_network import CompiledNetworks
from study.experiment.one_network import measure_network
from study.config.population import planned_networks
config = resolve("quick", assignments=sys.argv[3:])
images = load_images(config.images)
(network,) = planned_networks(config, fingerprint=images.fingerprint)
shown = partition(images, split_images(images, config.images))
measured = measure_network(
    network,
    config,
    shown,
    len(images.class_names),
    compiled_networks=CompiledNetworks(),
    progress=lambda *told: None,
)
assert measured.resumed_epoch == 0
measured.tree.attrs = {**measured.tree.attrs, "registration_digest": sys.argv[2]}
publish_network(StudyFolder(Path(sys.argv[1])), network.key, measured.tree)
"""


def begun(place: Path, command_line: list[str]) -> StudyFolder:
    """Return the folder of a study whose record is written, as before its first network starts."""
    plan = study_plan(parser().parse_args(command_line), Console(file=io.StringIO()))
    folder = tiny_folder(place)
    folder.path.mkdir(parents=True)
    kept_record(folder, lambda: record_content(plan.config, plan.registration, plan.images, plan.split))
    return folder


@pytest.mark.slow
def test_a_killed_network_goes_on_from_its_checkpoint_to_the_same_bytes(place: Path, tmp_path: Path) -> None:
    """Its worker is killed in the third epoch: the retry goes on after the second, and the journal says so.

    The first try finds a checkpoint that is none, trains from the start, and the worker log says why. The network ends
    as without checkpoint or interruption, its speed is that of the one epoch trained at last, and no checkpoint is left.
    """
    settings = (*SETTINGS, "training.epochs=3", "population.augmentations=none", "ablation.layers=conv1")
    whole, deadly = tmp_path / "whole", imported_at_start(tmp_path / "deadly", _KILLED_IN_THE_THIRD_EPOCH)
    digest = read_registration(REGISTRATION).digest
    subprocess.run([sys.executable, "-c", _UNINTERRUPTED, str(whole), digest, *settings], cwd=ROOT, check=True)
    (key,) = manifests(StudyFolder(whole))
    every_epoch = ("--workers", "1", "--set", "execution.checkpoint_epochs=1")
    folder = begun(place, arguments(*every_epoch, settings=settings))
    hurt = Checkpoint(folder, key)
    hurt.path.parent.mkdir(parents=True, exist_ok=True)
    hurt.path.write_bytes(b"half of a checkpo")
    done = run(place, *arguments(*every_epoch, settings=settings), path=(deadly,))
    assert done.code == 0, done.err
    assert (place / "killed").exists()
    assert manifests(done.folder) == manifests(StudyFolder(whole))
    (entry,) = read_journal(done.folder)
    assert (entry["key"], entry["failure"], entry["resumed_epoch"]) == (key, "", 2)
    assert entry["images_per_second"] == pytest.approx(320 / entry["stages"]["train"], rel=0.05)
    assert "resumed after epoch 2" in done.out
    assert f"{key}.checkpoint: checkpoint ignored (not whole" in done.folder.worker_log.read_text(errors="replace")
    assert list(done.folder.checkpoints.iterdir()) == []
    assert list(done.folder.staging.iterdir()) == []

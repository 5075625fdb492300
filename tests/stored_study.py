"""A whole study folder without training: example networks published under the keys of a plan, analysed and reported."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from study.commands import study_folder
from study.commands.console import standard_console
from study.commands.run.conclusion import conclude
from study.commands.run.described import DescribedStudy, recorded_study
from study.commands.run.record import record_content
from study.commands.study_folder import kept_record
from study.config import Config, resolve
from study.config.population import PlannedNetwork, planned_networks
from study.images import load_images
from study.images.image_set import ImageSet
from study.images.preparation.split import split_images
from study.registration import Registration, parsed_registration
from study.store import StudyFolder, append_journal, publish_network
from tests.example_networks import example_network
from tests.example_registration import cut_down

# Neither primary, so that no power is simulated, nor of a multiverse.
HYPOTHESES: Final = ("existence-selective-units", "untrained-weaker")
SETTINGS: Final = (
    "population.seeds=2",
    "population.augmentations=none,shift,flip,shift_flip",
    "maturation.seeds=0",
    "memorization.seeds=0",
    "rearing.seeds=0",
    "multiverse.readouts=[]",
    "multiverse.gratings=[]",
    "images.train_images=200",
    "images.validation_images=50",
    "images.test_images=50",
    "ablation.null_images=40",
)
LAYERS: Final = {"conv1": 8, "conv2": 10, "conv3": 12, "conv4": 8, "conv5": 10, "conv6": 8, "fc1": 14}


@functools.cache
def few_hypotheses_text() -> str:
    """Return the text of the project's registration cut down to a few hypotheses and no multiverse."""
    text = (Path(__file__).parents[1] / "preregistration.md").read_text(encoding="utf-8")
    return cut_down(text[: text.index("## Multiverse")], HYPOTHESES)


@functools.cache
def few_hypotheses() -> Registration:
    """Return the registration of that text."""
    return parsed_registration(few_hypotheses_text(), source="preregistration.md")


def settings_of(name: str, *changes: str) -> Config:
    """Return the config of the smallest study, with some settings changed."""
    return resolve("quick", assignments=[*SETTINGS, f"study.name={name}", *changes])


@functools.cache
def _images() -> ImageSet:
    return load_images(settings_of("any").images)


def begun_study(
    name: str, *changes: str, registration: Registration | None = None
) -> tuple[DescribedStudy, Sequence[PlannedNetwork]]:
    """Return a study below the working directory that has its record and no network, and what it plans."""
    registered = registration or few_hypotheses()
    config, images = settings_of(name, *changes), _images()
    folder = StudyFolder(study_folder.DATA / name)
    split = split_images(images, config.images)
    kept_record(folder, lambda: record_content(config, registered, images, split))
    study, _ = recorded_study(name)
    return study, planned_networks(config, fingerprint=images.fingerprint)


def publish_planned(study: DescribedStudy, networks: Sequence[PlannedNetwork]) -> None:
    """Publish an example network for each planned one, and write both down in the journal."""
    for network in networks:
        tree = example_network(
            np.random.default_rng(int(network.key[:8], 16)),
            layers=LAYERS,
            epochs=2,
            draws=20,
            key=network.key,
            augmentation=network.augmentation,
            seed=network.seed,
        )
        tree.attrs |= {"registration_digest": study.registration.digest}
        publish_network(study.folder, network.key, tree)
        entry = {"seconds": 60.0, "images_per_second": 100.0, "peak_memory_bytes": 2**30, "resumed_epoch": 0}
        append_journal(study.folder, {"key": network.key, **entry})


def concluded_study(name: str, *changes: str) -> DescribedStudy:
    """Make a study below the working directory that is analysed and has its report."""
    study, networks = begun_study(name, *changes)
    publish_planned(study, networks)
    _, record = recorded_study(name)
    conclude(study, [network.key for network in networks], record, standard_console())
    return study


def at(place: Path, patch: pytest.MonkeyPatch) -> None:
    """Work in a folder, without waiting for the disk: nothing pulls the plug."""
    patch.chdir(place)
    patch.setattr(os, "fsync", lambda descriptor: None)

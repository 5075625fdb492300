"""Networks that are trained together are, in everything that is measured, those that they are by themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from study.config import Config, resolve
from study.config.population import planned_networks
from study.config.programs import programs
from study.experiment.compiled_network import CompiledNetworks
from study.experiment.one_network import measure_network
from study.experiment.several_networks import train_together
from study.images import load_images
from study.images.preparation.split import partition, split_images
from study.store import Checkpoint, StudyFolder
from study.vocabulary.schema import MATURATION, MEMORIZATION

THREE = "execution.networks_per_program=3"


def small_study(*more: str) -> Config:
    """Return the settings of a very small study, of steps so small that rounding does not grow from one to the next.

    At the usual rate two trainings of cnn7 that begin with weights 1e-7 apart lose a hundredth more or less in the first epoch.
    """
    settings = (
        *("images.train_images=200", "images.validation_images=60", "images.test_images=100"),
        *(
            "training.epochs=2",
            "training.selection=last",
            "population.seeds=1",
            "population.augmentations=none,shift_flip",
        ),
        *("training.learning_rate=1e-5", "maturation.learning_rate=1e-5"),
        *("maturation.seeds=1", "maturation.epochs=3", "memorization.seeds=1", "memorization.label_corruptions=0.5,1"),
        *("memorization.epochs=2", "memorization.train_images=120", "rearing.seeds=0", "replication.seeds=0"),
        *("probe.permutations=100", "ablation.null_draws=20", "ablation.null_images=32", "ablation.layers=conv2"),
        *("shift_invariance.test_images=40", "multiverse.readouts=[]", "multiverse.gratings=[]"),
    )
    return resolve("quick", assignments=(*settings, *more))


def assert_alike(one: xr.Dataset, other: xr.Dataset, *names: str) -> None:
    """Assert that variables agree but for rounding."""
    for name in names:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-4, atol=2e-4, err_msg=name)


@pytest.mark.slow
def test_networks_of_every_arm_are_measured_together_as_they_are_alone(tmp_path: Path) -> None:
    """Two cnn7 in a program for three, or one: curves, gOSI, and gOSI after every epoch, of the last of each program."""
    config = small_study(THREE, "execution.checkpoint_epochs=1")
    image_set = load_images(config.images)
    images, compiled = partition(image_set, split_images(image_set, config.images)), CompiledNetworks()
    plan = planned_networks(config, fingerprint="f")
    done = programs(plan, config, to_do={network.key for network in plan})
    assert [len(program.places) for program in done] == [2, 1, 2]
    for program in done:
        conclusions = train_together(
            dict(program.places),
            config,
            images,
            10,
            together=3,
            compiled_networks=compiled,
            progress=lambda key: lambda *told: None,
            checkpoint=lambda key: Checkpoint(StudyFolder(tmp_path), key),
        )
        network = program.networks[-1]
        alone = measure_network(network, config, images, 10, compiled_networks=compiled, progress=lambda *told: None)
        together = conclusions[network.key]()
        trees = alone.tree, together.tree
        assert trees[0].attrs == trees[1].attrs
        assert together.trained_images == alone.trained_images
        assert_alike(*(tree["training"].to_dataset() for tree in trees), "train_loss", "validation_loss", "test_loss")
        if network.arm != MATURATION:
            assert_alike(*(tree["tuning"].to_dataset() for tree in trees), "mean_response")
        else:
            alike = np.isclose(*(tree["maturation"]["gosi"] for tree in trees), atol=0.02, equal_nan=True)
            assert alike.mean() > 0.99  # rounding decides whether a unit that is all but silent is so
        if network.arm == MEMORIZATION:
            assert trees[0]["training"].sizes["epoch"] == 2

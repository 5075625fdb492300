"""Networks that are trained together end as each of them does by itself, but for rounding."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.config import AUGMENTATIONS, TrainingConfig
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.stacked_training import Trainee, train_networks
from study.experiment.training import DivergedError, TrainedNetwork, initialize
from study.images.preparation.corruption import with_corrupted_labels
from study.images.preparation.split import Partition
from study.networks import backend
from study.networks.stacked.convolution import FORMS
from study.networks.stacked.stack import Stack
from study.store import Checkpoint, StudyFolder
from tests.tiny_network import N_CLASSES, tiny_partition
from tests.tiny_training import assert_same_bits, tiny_compiled, trained

STEPS = 100
EPOCHS = STEPS // 5  # of 70 images in batches of 16


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


@pytest.fixture(scope="module")
def compiled() -> CompiledNetwork:
    """Return a compiled tiny network, used by several tests one after the other."""
    return tiny_compiled()


@pytest.fixture(scope="module")
def three(compiled: CompiledNetwork) -> Stack:
    """Return a stack of three of them."""
    return Stack.of(compiled.model, compiled.optimizer, 3)


def trainee(compiled: CompiledNetwork, network: str, **more: Any) -> Trainee:
    """Return a network with the initial weights of its name."""
    initialize(compiled.model, root_seed=0, network=network)
    defaults = {"augmentation": "none", "partition": tiny_partition()}
    return Trainee(weights=compiled.model.get_weights(), network=network, **(defaults | more))


def together(stack: Stack, trainees: dict[int, Trainee], *, every: int = 0, **settings: Any) -> dict[int, Any]:
    """Train networks together."""
    config = TrainingConfig(**({"epochs": 3, "batch_size": 16} | settings))
    return train_networks(stack, trainees, config, root_seed=0, checkpoint_epochs=every)


def assert_alike(stacked: TrainedNetwork, alone: TrainedNetwork, *, tolerance: float) -> None:
    """Assert that curves, weights and the analysed epoch are those of the network by itself, but for rounding."""
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        np.testing.assert_allclose(getattr(stacked, name), getattr(alone, name), atol=tolerance, err_msg=name)
    assert stacked.analysed_epoch == alone.analysed_epoch
    for one, other in zip(stacked.weights, alone.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


def corrupted_labels(rate: float) -> Partition:
    """Return the images with some of their labels replaced."""
    return with_corrupted_labels(
        tiny_partition(), rate=rate, n_classes=N_CLASSES, n_train=70, rng=np.random.default_rng(3)
    )


@pytest.mark.parametrize("networks", [1, 3, 8])
def test_a_hundred_steps_together_are_those_of_each_alone(compiled: CompiledNetwork, networks: int) -> None:
    """Every augmentation, and labels corrupted at two rates, side by side; every network has its own analysed epoch."""
    kinds = [(augmentation, tiny_partition()) for augmentation in AUGMENTATIONS]
    kinds = (kinds[::-1] + [("none", corrupted_labels(rate)) for rate in (0.5, 1.0)] + kinds[:2])[:networks]
    trainees = {
        place: trainee(compiled, str(place), augmentation=augmentation, partition=partition)
        for place, (augmentation, partition) in enumerate(kinds)
    }
    outcome = together(Stack.of(compiled.model, compiled.optimizer, networks), trainees, epochs=EPOCHS)
    for place, one in trainees.items():
        alone = trained(
            compiled, network=one.network, augmentation=one.augmentation, partition=one.partition, epochs=EPOCHS
        )
        w=max(np.abs(a-b).max() for a,b in zip(outcome[place].weights,alone.weights)); c=np.abs(outcome[place].train_loss-alone.train_loss).max(); print(networks,place,kinds[place][0],w,c,np.abs(outcome[place].validation_loss-alone.validation_loss).max(), outcome[place].analysed_epoch,alone.analysed_epoch)

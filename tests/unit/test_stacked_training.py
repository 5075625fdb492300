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


@pytest.mark.parametrize(
    "networks", [pytest.param(1, marks=pytest.mark.slow), 3, pytest.param(8, marks=pytest.mark.slow)]
)
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
        assert_alike(outcome[place], alone, tolerance=2e-6)


def test_a_place_may_be_empty_and_others_do_not_notice(compiled: CompiledNetwork, three: Stack) -> None:
    """The last group of an arm may be smaller: the bits of a network do not depend on who else is there."""
    trainees = {place: trainee(compiled, str(place), augmentation="shift_flip") for place in range(3)}
    full = together(three, trainees)
    for place in range(3):
        assert_same_bits(together(three, {place: trainees[place]})[place], full[place])


def test_each_network_has_the_analysed_epoch_of_its_own_scores(compiled: CompiledNetwork, three: Stack) -> None:
    """Under each rule: the last epoch, or the first best by the network's own validation curve."""
    trainees = {place: trainee(compiled, str(place), augmentation="flip") for place in range(3)}
    outcome = together(three, trainees, epochs=8, selection="validation_loss")
    epochs = {place: one.analysed_epoch for place, one in outcome.items()}
    assert epochs == {place: int(np.argmin(one.validation_loss)) + 1 for place, one in outcome.items()}
    last = together(three, trainees, epochs=2, selection="last")
    assert [one.analysed_epoch for one in last.values()] == [2, 2, 2]


def test_a_network_that_diverges_takes_no_other_with_it(compiled: CompiledNetwork, three: Stack) -> None:
    """One begins with a weight that is no number: it fails in its first epoch, the others end with the same bits."""
    trainees = {place: trainee(compiled, str(place)) for place in range(3)}
    whole = together(three, trainees)
    broken = [weight * np.float32("nan") if index == 0 else weight for index, weight in enumerate(trainees[1].weights)]
    outcome = together(three, trainees | {1: dataclasses.replace(trainees[1], weights=broken)})
    assert isinstance(outcome[1], DivergedError)
    assert str(outcome[1]) == "the loss or a weight is not a number in epoch 1"
    assert_same_bits(outcome[0], whole[0])
    assert_same_bits(outcome[2], whole[2])


class KilledError(Exception):
    """Ends a training in the midst of it."""


def deadly(epoch: int) -> type[Checkpoint]:
    """Return a checkpoint that kills the process instead of saving an epoch."""

    class Deadly(Checkpoint):
        def save(self, arrays: Any) -> None:
            if int(arrays["epoch"]) == epoch:
                raise KilledError
            super().save(arrays)

    return Deadly


def test_killed_networks_go_on_from_checkpoints_to_the_same_bits(
    compiled: CompiledNetwork, three: Stack, tmp_path: Path
) -> None:
    """Killed while states are saved, so that one network's is an epoch behind; and again without one that had ended.

    What was observed, before training and after each epoch, outlives the process, too.
    """

    def observe(weights: list[np.ndarray]) -> dict[str, np.ndarray]:
        return {"bias": weights[1].copy()}

    def trainees(last: type[Checkpoint]) -> dict[int, Trainee]:
        kinds = (Checkpoint, Checkpoint, last)
        stores = [kind(StudyFolder(tmp_path), str(place) * 20) for place, kind in enumerate(kinds)]
        return {
            place: trainee(compiled, str(place), augmentation="shift_flip", observe=observe, checkpoint=store)
            for place, store in enumerate(stores)
        }

    plain = {place: dataclasses.replace(one, checkpoint=None) for place, one in trainees(Checkpoint).items()}
    whole = together(three, plain, epochs=4)
    with pytest.raises(KilledError):
        together(three, trainees(deadly(2)), epochs=4, every=1)
    left = trainees(Checkpoint)
    resumed = together(three, {place: left[place] for place in (1, 2)}, epochs=4, every=1)
    assert [resumed[place].resumed_epoch for place in (1, 2)] == [2, 1]
    for place, one in resumed.items():
        assert_same_bits(one, whole[place])
        assert len(one.observations) == 5
    again = together(three, {1: left[1]}, epochs=4, every=1)[1]
    assert again.resumed_epoch == 4
    assert_same_bits(again, whole[1])
    assert_same_bits(together(three, {0: left[0]}, epochs=4, every=1)[0], whole[0])


@pytest.mark.parametrize("killed", [False, True])
def test_patience_ends_each_network_where_it_ends_alone(
    compiled: CompiledNetwork, three: Stack, tmp_path: Path, killed: bool
) -> None:
    """Each after an epoch of its own; also where the process was killed when one had ended and another's state was behind."""

    def trainees(last: type[Checkpoint]) -> dict[int, Trainee]:
        kinds = (("2", "none", Checkpoint), ("1", "shift_flip", Checkpoint), ("5", "shift_flip", last))
        return {
            place: trainee(
                compiled,
                network,
                augmentation=augmentation,
                partition=corrupted_labels(1.0),
                checkpoint=kind(StudyFolder(tmp_path), network * 20),
            )
            for place, (network, augmentation, kind) in enumerate(kinds)
        }

    settings = {"epochs": 16, "patience": 2, "selection": "validation_loss", "learning_rate": 0.003}
    if killed:
        with pytest.raises(KilledError):
            together(three, trainees(deadly(6)), every=1, **settings)
    outcome = together(three, trainees(Checkpoint), every=1, **settings)
    assert [one.resumed_epoch for one in outcome.values()] == ([4, 6, 5] if killed else [0, 0, 0])
    assert [one.epochs for one in outcome.values()] == [4, 13, 7]
    for place, one in trainees(Checkpoint).items():
        alike = {"network": one.network, "augmentation": one.augmentation, "partition": one.partition}
        assert_alike(outcome[place], trained(compiled, **alike, **settings), tolerance=1e-5)


@pytest.mark.slow
def test_layers_compute_in_the_precision_that_is_set(compiled: CompiledNetwork) -> None:
    """Weights differ from those of single precision by about what bfloat16 resolves, and from none by more."""
    outcomes = [
        together(
            Stack.of(compiled.model, compiled.optimizer, 2, precision=each), {0: trainee(compiled, "0")}, epochs=1
        )[0]
        for each in ("float32", "bfloat16")
    ]
    differences = np.concatenate(
        [np.ravel(one - other) for one, other in zip(outcomes[0].weights, outcomes[1].weights, strict=True)]
    )
    assert 0 < np.abs(differences).max() < 0.05

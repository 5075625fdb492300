"""What an epoch of training shows: every image once, in a new order, preprocessed; and how its curves average."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from study.config import TrainingConfig
from study.experiment import training as train
from study.experiment.training import train_network
from study.images.preparation.split import Partition, preprocessed
from study.networks import backend
from study.vocabulary.seeding import stream
from tests.tiny_network import SHAPE, tiny_partition
from tests.tiny_training import ScriptedModel


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


def epochs_of_labels(n_images: int, batch_size: int, epochs: int = 2, network: str = "a") -> list[list[list[int]]]:
    """Return the images of each batch of each epoch, read from labels that number them."""
    images = np.zeros((n_images, *SHAPE), np.uint8)
    numbers = np.arange(n_images)
    part = Partition(images, numbers, images[:2], numbers[:2], images[:2], numbers[:2], np.zeros(SHAPE, np.float32))
    batches: list[list[int]] = []
    per_epoch: list[list[list[int]]] = []

    def train(shown: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
        batches.extend(labels.tolist())
        return 1.0, 0

    def scores(shown: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
        per_epoch.append(batches.copy())
        batches.clear()
        return 1.0, 0

    config = TrainingConfig(epochs=epochs, batch_size=batch_size)
    train_network(ScriptedModel(), train, scores, part, config, augmentation="none", root_seed=0, network=network)  # type: ignore[arg-type]
    return per_epoch


def test_every_image_is_shown_once_an_epoch_in_a_new_order() -> None:
    """Batches of 16, the last one shorter; another epoch and another network have other orders."""
    first, second = epochs_of_labels(70, 16)
    assert [len(batch) for batch in first] == [16, 16, 16, 16, 6]
    assert sorted(itertools.chain(*first)) == sorted(itertools.chain(*second)) == list(range(70))
    assert first != second
    assert first != epochs_of_labels(70, 16, network="b")[0]
    assert [first, second] == epochs_of_labels(70, 16)


@pytest.mark.parametrize("n_images", [1041, 1024, 512, 48])
def test_how_many_batches_go_at_once_changes_nothing(n_images: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches a call or one: the same images in the same batches, each once, no call larger than it may be."""
    at_once = epochs_of_labels(n_images, 16)
    monkeypatch.setattr(train, "IMAGES_AT_ONCE", 1)
    assert epochs_of_labels(n_images, 16) == at_once
    assert sum(len(batch) for batch in at_once[0]) == n_images - (n_images % 16 == 1)


def test_a_last_batch_of_one_image_is_left_out() -> None:
    """It has no variance to normalise by; which image it is changes from epoch to epoch."""
    first, second = epochs_of_labels(33, 16)
    assert [len(batch) for batch in first] == [16, 16]
    assert len(set(itertools.chain(*first))) == 32
    assert set(itertools.chain(*first)) != set(itertools.chain(*second))


def test_training_curves_average_over_images_not_batches() -> None:
    """A short last batch counts by its size."""
    part, losses = tiny_partition(train=20), iter([1.0, 4.0])

    def train(images: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
        return next(losses) * labels.size, labels.size

    outcome = train_network(
        ScriptedModel(),
        train,
        lambda images, labels: (1.0, 1),
        part,
        TrainingConfig(epochs=1, batch_size=16),
        augmentation="none",
        root_seed=0,
        network="a",
    )  # type: ignore[arg-type]
    assert outcome.train_loss[0] == pytest.approx((16 * 1 + 4 * 4) / 20)
    assert outcome.train_accuracy[0] == 1


def test_networks_see_preprocessed_images() -> None:
    """Pixels / 255 minus the training mean, float32, augmented before."""
    part, shown = tiny_partition(train=16), []

    def train(images: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
        shown.extend(images)
        return 1.0, 0

    train_network(
        ScriptedModel(),
        train,
        lambda images, labels: (1.0, 1),
        part,
        TrainingConfig(epochs=1, batch_size=16),
        augmentation="none",
        root_seed=0,
        network="a",
    )  # type: ignore[arg-type]
    order = stream(0, "a/0", "order").permutation(16)
    assert shown[0].dtype == np.float32
    np.testing.assert_array_equal(shown[0], preprocessed(part.train_images[order], part.training_mean))

"""The embedded images need spatial structure: pixels and their statistics do not tell the classes, a network does."""

import numpy as np
import pytest

from study.config import ImagesConfig, NetworkConfig, TrainingConfig
from study.images import load_images
from study.images.preparation.split import partition, preprocessed, split_images


@pytest.fixture(scope="module")
def parts():
    """Return the default images, split."""
    config = ImagesConfig()
    images = load_images(config)
    return partition(images, split_images(images, config))


def ridge_accuracy(train, train_labels, test, test_labels, penalty):
    """Return the test accuracy of ridge regression on one-hot labels."""
    mean, targets = train.mean(axis=0), np.eye(10)[train_labels]
    centred = train - mean
    gram = centred.T @ centred
    gram[np.diag_indices_from(gram)] += penalty
    weights = np.linalg.solve(gram, centred.T @ (targets - targets.mean(axis=0)))
    predicted = ((test - mean) @ weights + targets.mean(axis=0)).argmax(axis=1)
    return (predicted == test_labels).mean()


@pytest.mark.parametrize("penalty", [10.0, 300.0, 10_000.0])
def test_a_linear_model_on_pixels_stays_under_30_percent(parts, penalty):
    """Chance is 10 %; 30 % is the most we allow, whatever the regularisation."""
    train = preprocessed(parts.train_images, parts.training_mean).reshape(len(parts.train_images), -1)
    test = preprocessed(parts.test_images, parts.training_mean).reshape(len(parts.test_images), -1)
    assert ridge_accuracy(train, parts.train_labels, test, parts.test_labels, penalty) < 0.30


def test_the_mean_image_and_colour_do_not_depend_on_the_class(parts):
    """Each class's mean colour equals the grand mean within 5 standard errors: colour and polarity are independent."""
    colours = parts.train_images.mean(axis=(1, 2))
    for label in range(10):
        chosen = colours[parts.train_labels == label]
        error = colours.std(axis=0) / np.sqrt(len(chosen))
        assert (np.abs(chosen.mean(axis=0) - colours.mean(axis=0)) < 5 * error).all()


def test_mirroring_keeps_the_classes(parts):
    """In each class, figures lie as often and as far left as right: a mirrored image is as likely as the image."""
    grey = parts.train_images.mean(axis=3)
    grey = np.abs(grey - np.median(grey, axis=(1, 2), keepdims=True))
    for label in range(10):
        difference = (grey - grey[:, :, ::-1])[parts.train_labels == label]
        z = difference.mean(axis=0) / (difference.std(axis=0) / np.sqrt(len(difference)) + 1e-9)
        # 512 distinct pixel pairs: 5.5 standard errors are exceeded once in 50,000 tries.
        assert np.abs(z).max() < 5.5


@pytest.mark.slow
def test_cnn7_passes_75_percent(parts):
    """The study's network, ten epochs with shifts, learns what the linear model cannot."""
    pytest.importorskip("keras")
    from study.experiment.training import evaluate, initialize, train_network
    from study.networks import backend
    from study.networks.architectures.cnn7 import cnn7

    backend.configure_process()

    model = cnn7(NetworkConfig(), image_shape=(32, 32, 3), n_classes=10)
    initialize(model, root_seed=0, network="shapes")
    scores = backend.compiled_scores(model)
    config = TrainingConfig(epochs=10)
    train = backend.compiled_training(model, backend.FusedAdam(config.learning_rate))
    train_network(model, train, scores, parts, config, augmentation="shift", root_seed=0, network="shapes")
    _, accuracy = evaluate(scores, parts.test_images, parts.test_labels, parts.training_mean)
    assert accuracy > 0.75

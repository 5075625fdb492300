"""The embedded images need spatial structure: pixels and their statistics do not tell the classes, a network does."""

import numpy as np
import pytest
from scipy.linalg import solve

from study.config import ImagesConfig, resolve
from study.config.population import training_images, training_of
from study.images import load_images
from study.images.preparation.corruption import with_corrupted_labels
from study.images.preparation.split import partition, preprocessed, split_images
from study.vocabulary.schema import GENERALIZATION, MATURATION, MEMORIZATION
from study.vocabulary.seeding import stream

QUICK = resolve("quick")


def split(config):
    """Return the images that settings ask for, split."""
    images = load_images(config)
    return partition(images, split_images(images, config))


@pytest.fixture(scope="module")
def parts():
    """Return the default images, split."""
    return split(ImagesConfig())


@pytest.fixture(scope="module")
def quick_parts():
    """Return the images of the quick study, split."""
    return split(QUICK.images)


def flattened(images, parts):
    """Return images as a network sees them, in rows."""
    return preprocessed(images, parts.training_mean).reshape(len(images), -1).astype(np.float64)


def ridge_accuracies(parts, penalties):
    """Return the test accuracy of ridge regression on one-hot labels, one a penalty."""
    train, test = flattened(parts.train_images, parts), flattened(parts.test_images, parts)
    targets = np.eye(10)[parts.train_labels]
    gram, products = train.T @ train, train.T @ (targets - targets.mean(axis=0))
    weights = [solve(gram + penalty * np.eye(len(gram)), products, assume_a="pos") for penalty in penalties]
    predicted = [(test @ weight + targets.mean(axis=0)).argmax(axis=1) for weight in weights]
    return np.array([(classes == parts.test_labels).mean() for classes in predicted])


@pytest.mark.parametrize("which", [pytest.param("parts", marks=pytest.mark.slow), "quick_parts"])
def test_a_linear_model_on_pixels_stays_under_30_percent(request, which):
    """Chance is 10 %; 30 % is the most we allow, whatever the regularisation."""
    accuracies = ridge_accuracies(request.getfixturevalue(which), [30.0, 300.0, 1_000.0, 10_000.0])
    assert accuracies.max() < 0.30


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


@pytest.fixture(scope="module")
def compiled():
    """Return the study's network, compiled once for all arms."""
    pytest.importorskip("keras")
    from study.experiment.compiled_network import CompiledNetworks

    return CompiledNetworks().of(QUICK.network, (32, 32, 3), 10, precision=QUICK.training.precision)


def trained(compiled, parts, *, arm, augmentation, rate=0.0):
    """Return the curves of the quick study's first network of a kind, and its accuracy on the labels it learnt."""
    from study.experiment.training import evaluate, initialize, train_network

    settings = training_of(QUICK, arm)
    if arm == MEMORIZATION:
        n_train = training_images(QUICK, arm, len(parts.train_labels))
        rng = stream(0, arm, "labels")
        parts = with_corrupted_labels(parts, rate=rate, n_classes=10, n_train=n_train, rng=rng)
    initialize(compiled.model, root_seed=0, network=arm)
    compiled.reset(settings.learning_rate)
    curves = train_network(
        compiled.model,
        compiled.train,
        compiled.scores,
        parts,
        settings,
        augmentation=augmentation,
        root_seed=0,
        network=arm,
    )
    return curves, evaluate(compiled.scores, parts.train_images, parts.train_labels, parts.training_mean)[1]


@pytest.mark.slow
def test_the_quick_study_learns_to_generalise(compiled, quick_parts):
    """Six classes of ten in new images, without augmentation, which is the hardest: the linear model stays under three."""
    curves, _ = trained(compiled, quick_parts, arm=GENERALIZATION, augmentation="none")
    assert curves.validation_accuracy.max() >= 0.6


@pytest.mark.slow
def test_the_quick_study_matures(compiled, quick_parts):
    """With small steps, too, validation loss falls by more than half a nat."""
    curves, _ = trained(compiled, quick_parts, arm=MATURATION, augmentation="shift_flip")
    assert curves.validation_loss[0] - curves.validation_loss[-1] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("rate", [QUICK.memorization.label_corruptions[0], QUICK.memorization.label_corruptions[-1]])
def test_the_quick_study_memorises(compiled, quick_parts, rate):
    """True labels and random ones are fitted alike, by the network as it is used after training."""
    _, accuracy = trained(compiled, quick_parts, arm=MEMORIZATION, augmentation="none", rate=rate)
    assert accuracy >= 0.95

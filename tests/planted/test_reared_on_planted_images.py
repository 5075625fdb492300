"""Networks reared on images whose classes differ in one thing alone: what isotropic kernels take away, and what they leave.

Images come in pairs, one the other with rows and columns exchanged. Isotropic kernels commute with that exchange, strides of
`valid` convolutions begin at the same row as column, and the sixth convolution of cnn7 leaves one position of 32 x 32 pixels:
with all kernels isotropic the dense layer receives the same of both images, to rounding, whatever the weights. So it cannot
tell their classes apart by positions either; a network whose last map had several could.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from study.config import Config, resolve
from study.config.population import PlannedNetwork, patterned_layers, planned_networks
from study.experiment.compiled_network import CompiledNetwork, CompiledNetworks
from study.experiment.one_network import measure_network
from study.images.preparation.split import Partition, preprocessed
from study.vocabulary.rearing import ISOTROPIC, PARTED
from study.vocabulary.schema import REARING

pytestmark = pytest.mark.slow

SIZE, PAIRS, N_CLASSES = 32, 200, 2
SETTINGS = (
    "training.batch_size=8",
    "training.selection=last",
    "rearing.seeds=1",
    "rearing.conditions=free,isotropic,parted",
    "rearing.layers=conv1-conv6",
    "rearing.augmentation=none",
    "rearing.epochs=12",
    "probe.permutations=100",
)
COMPILED = CompiledNetworks()  # of this process


def paired_images(rng: np.random.Generator, *, coloured: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of gratings of 0 and 90 degrees, uint8, and their classes: of colour, else of orientation.

    Phase, frequency and contrast are random. Both of a pair have the same noise, exchanged as the grating is. Where
    classes are of colour, orientation has nothing to do with them, and the other way round.
    """
    rows = np.arange(SIZE)[None, :, None]
    phase, frequency = rng.uniform(0, 2 * np.pi, (PAIRS, 1, 1)), rng.uniform(0.08, 0.2, (PAIRS, 1, 1))
    waves = rng.uniform(0.2, 0.3, (PAIRS, 1, 1)) * np.cos(2 * np.pi * frequency * rows + phase)
    reddish = rng.permutation(np.arange(PAIRS) % 2)
    tint = 0.1 * np.array([1.0, 0.0, -1.0]) * np.where(reddish, 1.0, -1.0)[:, None]
    first = 0.5 + waves[..., None] + tint[:, None, None, :] + rng.normal(0, 0.03, (PAIRS, SIZE, SIZE, 3))
    images = np.concatenate([first, first.transpose(0, 2, 1, 3)])
    orientations = np.repeat((0, 1), PAIRS)
    labels = np.tile(reddish, 2) if coloured else orientations
    return np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8), labels.astype(np.int64)


def planted(*, coloured: bool) -> Partition:
    """Return training, validation and test images; the training mean is the same with rows and columns exchanged."""
    rng = np.random.default_rng(coloured)
    parts = [array for _ in range(3) for array in paired_images(rng, coloured=coloured)]
    mean = parts[0].mean(axis=0, dtype=np.float64) / 255
    return Partition(*parts, training_mean=((mean + mean.transpose(1, 0, 2)) / 2).astype(np.float32))


@dataclasses.dataclass(frozen=True)
class Reared:
    """What a trained network scores on test images, and how far its logits of a pair's two images lie apart."""

    accuracy: float
    loss: float
    train_loss: float
    difference: float


def reared(condition: str, images: Partition) -> Reared:
    """Train a network with all its convolutions under a condition."""
    config = resolve("quick", assignments=SETTINGS)
    network = next(one for one in planned_networks(config, fingerprint="f") if one.rearing == condition)
    tree = measure_network(
        network, config, images, N_CLASSES, compiled_networks=COMPILED, progress=lambda *told: None
    ).tree
    scores = tree["training"].to_dataset()
    return Reared(
        accuracy=float(scores["test_accuracy"]),
        loss=float(scores["test_loss"]),
        train_loss=float(scores["final_train_loss"]),
        difference=_difference(_compiled(network, config), images),
    )


def _compiled(network: PlannedNetwork, config: Config) -> CompiledNetwork:
    layers = patterned_layers(config, REARING)
    assert network.reared_layers == "conv1-conv6" and len(layers) == 6
    return COMPILED.of(
        config.network, (SIZE, SIZE, 3), N_CLASSES, precision=config.training.precision, patterned=layers
    )


def _difference(compiled: CompiledNetwork, images: Partition) -> float:
    shown = preprocessed(images.test_images, images.training_mean)
    logits = np.asarray(compiled.model(shown, training=False))
    return float(np.abs(logits[:PAIRS] - logits[PAIRS:]).max() / logits.std())


def test_orientation_alone_cannot_be_learnt_by_isotropic_kernels() -> None:
    """At chance: the two images of each pair get one answer, which is right of one. The sham tells them apart."""
    images = planted(coloured=False)
    isotropic, sham = reared(ISOTROPIC, images), reared(PARTED, images)
    assert isotropic.difference < 1e-3 < 1 < sham.difference
    assert isotropic.accuracy == pytest.approx(0.5, abs=0.02)
    assert min(isotropic.loss, isotropic.train_loss) > np.log(2) - 1e-3
    assert sham.accuracy > 0.95 and sham.loss < 0.2


def test_colour_alone_is_learnt_by_isotropic_kernels_as_by_the_sham() -> None:
    """Orientation is not needed for it: whatever isotropic kernels cost beyond their freedom, here they cost nothing."""
    images = planted(coloured=True)
    isotropic, sham = reared(ISOTROPIC, images), reared(PARTED, images)
    assert min(isotropic.accuracy, sham.accuracy) > 0.98
    assert abs(isotropic.loss - sham.loss) < 0.05

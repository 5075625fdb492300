"""What batch normalisation would have seen: its moments, computed from training images while the weights stay.

A network that was never trained has the moments 0 and 1, and its layers receive what no layer of a trained network does:
inputs that were not normalised. One pass over training images, without labels, sets that right.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.tuning import MOMENT_IMAGES
from study.experiment.subjects import TrainedSubject
from study.images.preparation.split import preprocessed

AT_ONCE = 250


def normalising_images(subject: TrainedSubject) -> NDArray[np.float32]:
    """Return the training images that give the moments, drawn at random, preprocessed and not augmented."""
    images = subject.partition.train_images
    rng = subject.streams("moments")
    chosen = np.sort(rng.choice(len(images), min(MOMENT_IMAGES, len(images)), replace=False))
    return preprocessed(images[chosen], subject.partition.training_mean)


@contextlib.contextmanager
def normalised_by(model: keras.Model, images: NDArray[np.float32]) -> Iterator[None]:
    """Give every batch normalisation of `model` the moments of what it receives inside the block, and take them back.

    The images are passed on as in training, so that a layer's input is normalised by the moments of its own batch; the
    moments are the means over batches of equal size (or nearly).

    Parameters
    ----------
    model
        With the weights that it is to have; none of them changes.
    images
        (image, row, column, channel), preprocessed.
    """
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [(layer.momentum, layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in layers]
    try:
        batches = np.array_split(images, max(1, round(len(images) / AT_ONCE)))
        for place, batch in enumerate(batches):
            for layer in layers:
                layer.momentum = place / (place + 1)  # makes a running mean of the moments of batches
            model(batch, training=True)
        yield
    finally:
        for layer, (momentum, mean, variance) in zip(layers, before, strict=True):
            layer.momentum = momentum
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)

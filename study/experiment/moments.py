"""What batch normalisation would have seen: its moments, computed from training images while the weights stay.

A network that was never trained has the moments 0 and 1, and its layers receive what no layer of a trained network does:
inputs that were not normalised. One pass over training images, without labels, sets that right.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.tuning import MOMENT_IMAGES
from study.experiment.subjects import TrainedSubject
from study.images.preparation.split import preprocessed
from study.networks.graph.model_graph import Renamed

AT_ONCE = 250


def normalising_images(subject: TrainedSubject) -> NDArray[np.float32]:
    """Return the training images that give the moments, drawn at random, preprocessed and not augmented."""
    images = subject.partition.train_images
    rng = subject.streams("moments")
    chosen = np.sort(rng.choice(len(images), min(MOMENT_IMAGES, len(images)), replace=False))
    return preprocessed(images[chosen], subject.partition.training_mean)


def normalised_by(model: keras.Model, images: NDArray[np.float32]) -> contextlib.AbstractContextManager[None]:
    """Give every batch normalisation of `model` the moments of what images make it receive; see `normalised_over`.

    `images` are (image, row, column, channel), preprocessed.
    """
    return normalised_over(model, np.array_split(images, max(1, round(len(images) / AT_ONCE))))


@contextlib.contextmanager
def normalised_over(model: keras.Model, batches: Iterable[Any]) -> Iterator[None]:
    """Give every batch normalisation of `model` the moments of what it receives inside the block, and take them back.

    The batches are passed on as in training, so that a layer's input is normalised by the moments of its own batch; the
    moments are the means over batches, which are to be of equal size (or nearly). Nothing is dropped out meanwhile.

    Parameters
    ----------
    model
        With the weights that it is to have; none of them changes.
    batches
        What the model is called with, one after the other.
    """
    layers = normalisations_of(model)
    dropping = [
        layer for layer in _layers(model) if isinstance(layer, (keras.layers.Dropout, keras.layers.SpatialDropout2D))
    ]
    before = [
        (layer.momentum, layer.trainable, layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in layers
    ]
    rates = [layer.rate for layer in dropping]
    try:
        for layer in dropping:
            layer.rate = 0.0
        for layer in layers:
            layer.trainable = True  # or it would not look at what it receives
        for place, batch in enumerate(batches):
            for layer in layers:
                layer.momentum = place / (place + 1)  # makes a running mean of the moments of batches
            model(batch, training=True)
        yield
    finally:
        for layer, rate in zip(dropping, rates, strict=True):
            layer.rate = rate
        for layer, (momentum, trainable, mean, variance) in zip(layers, before, strict=True):
            layer.momentum, layer.trainable = momentum, trainable
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)


def normalisations_of(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Return the batch normalisations of a flat model, or of a part of one."""
    return [layer for layer in _layers(model) if isinstance(layer, keras.layers.BatchNormalization)]


def _layers(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer.layer if isinstance(layer, Renamed) else layer for layer in model.layers]

"""A network small enough to train in a test, its parts named as those of cnn7, and images for it."""

from __future__ import annotations

import keras
import numpy as np

from study.images.preparation.split import Partition
from study.networks.backend import FusedBatchNormalization

SHAPE = (8, 8, 3)
N_CLASSES = 3
UNITS = {"conv1": 6, "conv2": 8, "fc1": 10}


def tiny_network(*, order: str = "conv_relu_bn", normalization: type | None = None) -> keras.Model:
    """Return the untrained network: two convolutions, one dense layer, three logits."""
    images = outputs = keras.Input(SHAPE, name="images")
    for name, units in UNITS.items():
        if name == "fc1":
            linear = keras.layers.Dense(units, name=name)
            outputs = keras.layers.Flatten(name="flatten")(outputs)
        else:
            linear = keras.layers.Conv2D(units, 3, strides=2 if name == "conv2" else 1, name=name)
        relu = keras.layers.ReLU(name=f"{name}_relu")
        normalized = (normalization or FusedBatchNormalization)(name=f"{name}_bn")
        first, second = (relu, normalized) if order == "conv_relu_bn" else (normalized, relu)
        outputs = second(first(linear(outputs)))
    return keras.Model(images, keras.layers.Dense(N_CLASSES, name="logits")(outputs), name="tiny")


def scramble(model: keras.Model, rng: np.random.Generator) -> None:
    """Give every weight a value of its own, as training would: no bias 0, no scale 1, no moment at its start."""
    for layer in model.layers:
        for weight in layer.weights:
            if weight.name == "moving_variance":
                values = rng.uniform(0.3, 2.0, weight.shape)
            elif weight.name == "gamma":
                values = rng.uniform(0.5, 1.5, weight.shape) * rng.choice([-1, 1], weight.shape)
            elif weight.name == "kernel":
                values = rng.normal(0, np.sqrt(2 / np.prod(weight.shape[:-1])), weight.shape)
            else:
                values = rng.normal(0, 0.3, weight.shape)
            weight.assign(values.astype(np.float32))


def tiny_partition(*, train: int = 70, validation: int = 30, test: int = 37, seed: int = 0) -> Partition:
    """Return images whose class is their brightest channel, in noise."""
    rng = np.random.default_rng(seed)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, N_CLASSES, count)
        images = rng.integers(0, 120, (count, *SHAPE)) + 60 * (np.arange(3) == labels[:, None])[:, None, None, :]
        return images.astype(np.uint8), labels.astype(np.int64)

    parts = [array for count in (train, validation, test) for array in part(count)]
    mean = (parts[0].mean(axis=0, dtype=np.float64) / 255).astype(np.float32)
    return Partition(*parts, training_mean=mean)

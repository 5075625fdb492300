"""The smallest network worth probing: two convolutions and a dense layer."""

from __future__ import annotations

from typing import Any

from study.config.sections import NetworkConfig
from study.vocabulary.architecture import Architecture

FILTERS = (8, 16)
DENSE_UNITS = 32


def tiny3(settings: NetworkConfig, *, image_shape: tuple[int, int, int], n_classes: int) -> Any:
    """Return the untrained network, a Keras model that ends in logits.

    Parameters
    ----------
    settings
        None of them is read.
    image_shape
        (height, width, channel).
    n_classes
        Number of logits.
    """
    import keras

    images = keras.Input(image_shape, name="images")
    outputs = images
    for index, filters in enumerate(FILTERS, start=1):
        linear = keras.layers.Conv2D(filters, 5, strides=2, name=f"conv{index}")
        outputs = keras.layers.ReLU(name=f"conv{index}_relu")(linear(outputs))
    outputs = keras.layers.Flatten(name="flatten")(outputs)
    outputs = keras.layers.ReLU(name="fc1_relu")(keras.layers.Dense(DENSE_UNITS, name="fc1")(outputs))
    return keras.Model(images, keras.layers.Dense(n_classes, name="logits")(outputs), name="tiny3")


ARCHITECTURE = Architecture(
    name="tiny3",
    layers=("conv1", "conv2", "fc1"),
    units=(*FILTERS, DENSE_UNITS),
    shifted_layers=("conv1",),
    build=tiny3,
    methods="Two 5 x 5 convolutions (8 and 16 maps, stride 2) and a dense layer of 32 units, each followed by a ReLU.",
)

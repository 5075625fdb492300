"""The paper's seven-layer network (section A.1): six convolutions, one dense layer, ten logits."""

from __future__ import annotations

from typing import Any

from study.config.sections import NetworkConfig
from study.vocabulary.architecture import Architecture

FILTERS = (32, 32, 64, 64, 128, 128)
STRIDES = (1, 2, 1, 2, 1, 2)
DENSE_UNITS = 512


def cnn7(settings: NetworkConfig, *, image_shape: tuple[int, int, int], n_classes: int) -> Any:
    """Return the untrained network, a Keras model; weights are set by `study.experiment.training.initialize`.

    Every hidden layer L consists of Keras layers named `L` (linear, with bias), `L_relu` and `L_bn`, in the order that
    `settings.order` names.

    Parameters
    ----------
    settings
        Padding of the convolutions and order of ReLU and batch normalisation.
    image_shape
        (height, width, channel).
    n_classes
        Number of logits.
    """
    import keras

    from study.networks.backend import MatrixConv2D

    images = keras.Input(image_shape, name="images")
    outputs = images
    for index, (filters, stride) in enumerate(zip(FILTERS, STRIDES, strict=True), start=1):
        name = f"conv{index}"
        linear = MatrixConv2D(filters, 3, strides=stride, padding=settings.padding, name=name)
        outputs = _activated(linear(outputs), name, settings.order)
    outputs = keras.layers.Flatten(name="flatten")(outputs)
    outputs = _activated(keras.layers.Dense(DENSE_UNITS, name="fc1")(outputs), "fc1", settings.order)
    logits = keras.layers.Dense(n_classes, name="logits")(outputs)
    return keras.Model(images, logits, name="cnn7")


def _activated(outputs: Any, name: str, order: str) -> Any:
    import keras

    from study.networks.backend import FusedBatchNormalization

    relu = keras.layers.ReLU(name=f"{name}_relu")
    normalization = FusedBatchNormalization(name=f"{name}_bn")
    first, second = (relu, normalization) if order == "conv_relu_bn" else (normalization, relu)
    return second(first(outputs))


ARCHITECTURE = Architecture(
    name="cnn7",
    layers=("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1"),
    units=(*FILTERS, DENSE_UNITS),
    shifted_layers=("conv2", "conv3"),
    build=cnn7,
    methods="Six 3 x 3 convolutions (32, 32, 64, 64, 128, 128 maps; strides 1, 2, 1, 2, 1, 2; '{padding}' padding) and a"
    " dense layer of 512 units; in each layer {order}; then a softmax over the classes.",
    options=("padding", "order"),
    square_kernels=("conv1", "conv2", "conv3", "conv4", "conv5", "conv6"),
    reared_spans=("conv1-conv3",),
)

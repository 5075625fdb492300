"""The paper's seven-layer network (section A.1): six convolutions, one dense layer, ten logits."""

from __future__ import annotations

from typing import Any

import keras

from study.config import NetworkConfig
from study.networks.backend import FusedBatchNormalization, MatrixConv2D

FILTERS = (32, 32, 64, 64, 128, 128)
STRIDES = (1, 2, 1, 2, 1, 2)
DENSE_UNITS = 512


def cnn7(config: NetworkConfig, *, image_shape: tuple[int, int, int], n_classes: int) -> keras.Model:
    """Return the untrained network; weights are set by `study.experiment.training.initialize`.

    Every hidden layer L consists of Keras layers named `L` (linear, with bias), `L_relu` and `L_bn`, in the order that
    `config.order` names.

    Parameters
    ----------
    config
        Padding of the convolutions and order of ReLU and batch normalisation.
    image_shape
        (height, width, channel).
    n_classes
        Number of logits.
    """
    images = keras.Input(image_shape, name="images")
    outputs = images
    for index, (filters, stride) in enumerate(zip(FILTERS, STRIDES, strict=True), start=1):
        name = f"conv{index}"
        linear = MatrixConv2D(filters, 3, strides=stride, padding=config.padding, name=name)
        outputs = _activated(linear(outputs), name, config.order)
    outputs = keras.layers.Flatten(name="flatten")(outputs)
    outputs = _activated(keras.layers.Dense(DENSE_UNITS, name="fc1")(outputs), "fc1", config.order)
    logits = keras.layers.Dense(n_classes, name="logits")(outputs)
    return keras.Model(images, logits, name="cnn7")


def _activated(outputs: Any, name: str, order: str) -> Any:
    relu = keras.layers.ReLU(name=f"{name}_relu")
    normalization = FusedBatchNormalization(name=f"{name}_bn")
    first, second = (relu, normalization) if order == "conv_relu_bn" else (normalization, relu)
    return second(first(outputs))

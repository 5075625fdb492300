"""ResNet-8 for small photographs, as in MLPerf Tiny: three residual blocks of two convolutions, 16, 32 and 64 maps.

Its hidden layers are those that are read behind a ReLU: the first convolution, the first one of each block, and each
block's sum. The second convolution of a block and the 1 x 1 convolution of a shortcut are linear parts of that sum: what
the network goes on with is behind the sum's ReLU. The average pooling before the logits makes no units of its own: the
mean over positions that it gives is the response of the last sum's units.

Source
------
Banbury et al. (2021), MLPerf Tiny Benchmark, NeurIPS Datasets and Benchmarks; its reference model for image
classification. Weights are initialised and trained as those of the study's other networks, without weight decay.
"""

from __future__ import annotations

from typing import Any

from study.config.sections import NetworkConfig
from study.vocabulary.architecture import Architecture

FILTERS = (16, 32, 64)


def resnet8(settings: NetworkConfig, *, image_shape: tuple[int, int, int], n_classes: int) -> Any:
    """Return the untrained network, a Keras model; weights are set by `study.experiment.training.initialize`.

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
    outputs = _relu(_normalized(_convolution(images, FILTERS[0], 3, 1, "conv1"), "conv1"), "conv1")
    for index, filters in enumerate(FILTERS, start=1):
        outputs = _block(outputs, filters, 1 if index == 1 else 2, f"block{index}")
    outputs = keras.layers.AveragePooling2D(min(outputs.shape[1:3]), name="pool")(outputs)
    outputs = keras.layers.Flatten(name="flatten")(outputs)
    return keras.Model(images, keras.layers.Dense(n_classes, name="logits")(outputs), name="resnet8")


def _block(inputs: Any, filters: int, stride: int, name: str) -> Any:
    """Return the ReLU of a sum: two convolutions, and the input beside them, by a 1 x 1 convolution where it shrinks."""
    import keras

    first, second = f"{name}_conv1", f"{name}_conv2"
    branch = _relu(_normalized(_convolution(inputs, filters, 3, stride, first), first), first)
    branch = _normalized(_convolution(branch, filters, 3, 1, second), second)
    shortcut = inputs if stride == 1 else _convolution(inputs, filters, 1, stride, f"{name}_shortcut")
    return _relu(keras.layers.Add(name=f"{name}_sum")([shortcut, branch]), f"{name}_sum")


def _convolution(inputs: Any, filters: int, size: int, stride: int, name: str) -> Any:
    import keras

    return keras.layers.Conv2D(filters, size, strides=stride, padding="same", name=name)(inputs)


def _normalized(inputs: Any, name: str) -> Any:
    from study.networks.backend import FusedBatchNormalization

    return FusedBatchNormalization(name=f"{name}_bn")(inputs)


def _relu(inputs: Any, name: str) -> Any:
    import keras

    return keras.layers.ReLU(name=f"{name}_relu")(inputs)


ARCHITECTURE = Architecture(
    name="resnet8",
    layers=("conv1", "block1_conv1", "block1_sum", "block2_conv1", "block2_sum", "block3_conv1", "block3_sum"),
    units=(16, 16, 16, 32, 32, 64, 64),
    shifted_layers=("block1_sum", "block2_sum"),
    square_kernels=(
        "conv1",
        *(f"block{index}_conv{place}" for index in range(1, len(FILTERS) + 1) for place in (1, 2)),
    ),
    reared_spans=("conv1-block1_conv2",),
    build=resnet8,
    methods="ResNet-8 of MLPerf Tiny: a 3 x 3 convolution (16 maps) and three residual blocks of two 3 x 3 convolutions (16,"
    " 32, 64 maps; stride 2 at the start of the second and third, with a 1 x 1 convolution in their shortcuts), each"
    " convolution but those followed by batch normalisation and, before the sum of a block, one ReLU; a ReLU behind each sum;"
    " average pooling; then a softmax over the classes. Units are read behind a ReLU: of the first convolution, the first of"
    " each block, and each block's sum.",
)

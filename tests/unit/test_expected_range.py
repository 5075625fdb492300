"""Which range of pixels a network expects, from its first operations: by layers, by arithmetic, and where nothing tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from study.networks import backend
from study.networks.pretrained.expected_range import BYTES, RANGES, SYMMETRIC, UNIT, PixelRange, expected_range

First = Callable[[Any], Any]
EITHER = (UNIT, SYMMETRIC)
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CAFFE = np.array([103.939, 116.779, 123.68])


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does: other tests in it ask for that, and TensorFlow takes it only once."""
    backend.configure_process()


def network(first: First, *, shape: tuple[int | None, ...] = (16, 16, 3), dtype: str = "float32") -> keras.Model:
    """Return a small network that begins with some operations."""
    images = keras.Input(shape, dtype=dtype)
    maps = layers.Conv2D(2, 3, activation="relu")(first(images))
    return keras.Model(images, layers.Dense(2)(layers.GlobalAveragePooling2D()(maps)))


def adapted(low: float, high: float) -> layers.Normalization:
    """Return a layer that is adapted to pictures drawn evenly from a range, twice as dark in one channel."""
    pictures = np.random.default_rng(0).uniform(low, high, (8, 16, 16, 3))
    pictures[..., 2] = low + (pictures[..., 2] - low) / 2
    layer = layers.Normalization(axis=-1)
    layer.adapt(pictures)
    return layer


def batch_normalization(mean: float, variance: float) -> layers.BatchNormalization:
    """Return a layer whose running moments are some, and whose scale and offset were trained."""
    return layers.BatchNormalization(
        gamma_initializer=keras.initializers.Constant(3.0),
        beta_initializer=keras.initializers.Constant(-7.0),
        moving_mean_initializer=keras.initializers.Constant(mean),
        moving_variance_initializer=keras.initializers.Constant(variance),
    )


def frozen(layer: layers.Layer) -> First:
    """Return a layer that is not trained."""
    layer.trainable = False
    return layer


def fixed(value: float) -> keras.initializers.Initializer:
    """Return an initializer that gives one value."""
    return keras.initializers.Constant(value)


def channel_by_channel(x: Any) -> Any:
    """Return what a loop over channels makes of RGB for a network of the Caffe kind."""
    return ops.stack([x[..., 2 - i] - CAFFE[i] for i in range(3)], axis=-1)


def in_branches(x: Any) -> Any:
    """Return channels divided apart and put together by a layer."""
    return layers.Concatenate()([x[..., i : i + 1] / 255.0 for i in (2, 1, 0)])


def within(*inner: layers.Layer) -> keras.Sequential:
    """Return a model to be put inside another."""
    return keras.Sequential([keras.Input((16, 16, 3)), *inner])


LAYERS: dict[str, tuple[First, tuple[PixelRange, ...]]] = {
    "rescaling to 0..1": (lambda x: layers.Rescaling(1 / 255)(x), (BYTES,)),
    "rescaling to -1..1": (lambda x: layers.Rescaling(1 / 127.5, -1)(x), (BYTES,)),
    "rescaling by 1/256": (lambda x: layers.Rescaling(1 / 256)(x), (BYTES,)),
    "rescaling by 1/128, no offset": (lambda x: layers.Rescaling(1 / 128)(x), (BYTES,)),
    "rescaling from 0..1 to -1..1": (lambda x: layers.Rescaling(2.0, -1)(x), (UNIT,)),
    "rescaling from -1..1 to 0..1": (lambda x: layers.Rescaling(0.5, 0.5)(x), (SYMMETRIC,)),
    "rescaling from -1..1 to 0..255": (lambda x: layers.Rescaling(127.5, 127.5)(x), (SYMMETRIC,)),
    "rescaling per channel": (lambda x: layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION)(x), (UNIT,)),
    "rescaling that does nothing": (lambda x: layers.Rescaling(1.0)(x), RANGES),
    "rescaling that leaves two": (lambda x: layers.Rescaling(2.0)(x), EITHER),
    "rescaling up, then down again": (lambda x: layers.Rescaling(1 / 255)(layers.Rescaling(255.0)(x)), (UNIT,)),
    "adapted to 0..1": (lambda x: adapted(0, 1)(x), (UNIT,)),
    "adapted to 0..255": (lambda x: adapted(0, 255)(x), (BYTES,)),
    "adapted to -1..1": (lambda x: adapted(-1, 1)(x), (SYMMETRIC,)),
    "not adapted": (lambda x: layers.Normalization()(x), RANGES),
    "mean and variance of one number": (lambda x: layers.Normalization(mean=0.47, variance=0.06)(x), (UNIT,)),
    "mean and variance of digits": (lambda x: layers.Normalization(mean=0.1307, variance=0.3081**2)(x), (UNIT,)),
    "mean and variance of bytes": (lambda x: layers.Normalization(mean=120.0, variance=64.0**2)(x), (BYTES,)),
    "mean and variance at -1..1": (lambda x: layers.Normalization(mean=-0.05, variance=0.25)(x), (SYMMETRIC,)),
    "moments turned round": (lambda x: layers.Normalization(mean=0.5, variance=0.25, invert=True)(x), (SYMMETRIC,)),
    "mean 0": (lambda x: layers.Normalization(mean=0.0, variance=0.25)(x), EITHER),
    "mean and variance that leave two": (lambda x: layers.Normalization(mean=0.5, variance=0.35**2)(x), EITHER),
    "moments of every pixel": (lambda x: layers.Normalization(axis=(1, 2, 3), mean=0.4, variance=0.05)(x), (UNIT,)),
    "moments of pixels that are standardised": (
        lambda x: layers.Normalization(mean=(0.1, -0.1, -0.2), variance=(0.9, 0.8, 0.8))(x),
        EITHER,
    ),
    "moments of channels that come first": (
        lambda x: layers.Permute((2, 3, 1))(
            layers.Normalization(axis=1, mean=255 * MEAN, variance=(255 * DEVIATION) ** 2)(layers.Permute((3, 1, 2))(x))
        ),
        (BYTES,),
    ),
    "rescaled, then normalised": (
        lambda x: layers.Normalization(mean=MEAN, variance=DEVIATION**2)(layers.Rescaling(1 / 255)(x)),
        (BYTES,),
    ),
    "batch normalisation of bytes": (lambda x: batch_normalization(118.0, 60.0**2)(x), (BYTES,)),
    "batch normalisation of 0..1": (lambda x: batch_normalization(0.45, 0.07)(x), (UNIT,)),
    "batch normalisation, trained for a few steps": (lambda x: batch_normalization(0.2, 0.7)(x), EITHER),
    "batch normalisation, not trained": (lambda x: layers.BatchNormalization()(x), RANGES),
    "augmented first": (lambda x: layers.Rescaling(1 / 255)(layers.RandomFlip()(x, training=True)), (BYTES,)),
    "brightened first": (
        lambda x: layers.Rescaling(2.0, -1)(layers.RandomBrightness(0.5, (0, 1))(x, training=True)),
        (UNIT,),
    ),
    "resized and padded first": (
        lambda x: layers.ZeroPadding2D(2)(
            layers.Rescaling(1 / 255)(layers.Resizing(12, 12, pad_to_aspect_ratio=True)(x))
        ),
        (BYTES,),
    ),
    "dropout and identity first": (
        lambda x: layers.Rescaling(2.0, -1)(layers.Identity()(layers.Dropout(0.2)(x))),
        (UNIT,),
    ),
    "in a model inside": (lambda x: within(layers.RandomFlip(), within(layers.Rescaling(1 / 255)))(x), (BYTES,)),
    "in a pipeline": (lambda x: layers.Pipeline([layers.RandomFlip(), layers.Rescaling(1 / 255)])(x), (BYTES,)),
    "a frozen depthwise convolution": (
        lambda x: frozen(layers.DepthwiseConv2D(1, depthwise_initializer=fixed(1 / 127.5), bias_initializer=fixed(-1)))(
            x
        ),
        (BYTES,),
    ),
    "a depthwise convolution that is trained": (
        lambda x: layers.DepthwiseConv2D(1, depthwise_initializer=fixed(1 / 127.5), bias_initializer=fixed(-1))(x),
        RANGES,
    ),
    "a frozen convolution that mixes colours": (lambda x: frozen(layers.Conv2D(3, 1))(x), RANGES),
    "a convolution at once": (lambda x: x, RANGES),
    "layer normalisation": (lambda x: layers.LayerNormalization()(x), RANGES),
    "scaled behind the first convolution only": (lambda x: layers.Rescaling(1 / 255)(layers.Conv2D(3, 3)(x)), RANGES),
}

preprocess_input = keras.applications.imagenet_utils.preprocess_input
ARITHMETIC: dict[str, tuple[First, tuple[PixelRange, ...]]] = {
    "x / 255": (lambda x: x / 255.0, (BYTES,)),
    "x / 255 - 0.5": (lambda x: x / 255.0 - 0.5, (BYTES,)),
    "x * (1 / 255)": (lambda x: x * (1 / 255), (BYTES,)),
    "(x - 127.5) / 127.5": (lambda x: (x - 127.5) / 127.5, (BYTES,)),
    "(x - 128) / 128": (lambda x: ops.divide(ops.subtract(x, 128.0), 128.0), (BYTES,)),
    "-1 + x / 127.5": (lambda x: -1 + x / 127.5, (BYTES,)),
    "1 - x / 255": (lambda x: 1.0 - x / 255.0, (BYTES,)),
    "x - 120": (lambda x: x - 120.0, (BYTES,)),
    "x - 0.5": (lambda x: x - 0.5, (UNIT,)),
    "2 x - 1": (lambda x: 2 * x - 1, (UNIT,)),
    "(x - 0.5) / 0.5": (lambda x: (x - 0.5) / 0.5, (UNIT,)),
    "x * 255": (lambda x: x * 255.0, (UNIT,)),
    "x * 255 - means": (lambda x: x * 255.0 - CAFFE, (UNIT,)),
    "(x - mean) / deviation": (lambda x: (x - MEAN) / DEVIATION, (UNIT,)),
    "the same by tensors": (lambda x: ops.divide(x - ops.convert_to_tensor(MEAN), ops.array(DEVIATION)), (UNIT,)),
    "(x - 255 mean) / (255 deviation)": (lambda x: (x - 255 * MEAN) / (255 * DEVIATION), (BYTES,)),
    "(x + 1) / 2": (lambda x: (x + 1.0) / 2.0, (SYMMETRIC,)),
    "(x + 1) * 127.5": (lambda x: (x + 1.0) * 127.5, (SYMMETRIC,)),
    "clipped to 0..1": (lambda x: ops.clip(x, 0.0, 1.0), (UNIT,)),
    "clipped to 0..255, then divided": (lambda x: ops.clip(x, 0.0, 255.0) / 255.0, (BYTES,)),
    "cast to half precision": (lambda x: ops.cast(ops.cast(x, "float16") / 255.0, "float32"), (BYTES,)),
    "made whole numbers": (lambda x: ops.cast(ops.cast(x, "uint8"), "float32"), (BYTES,)),
    "a nonlinear operation behind": (lambda x: ops.power(x / 255.0, 2.2), (BYTES,)),
    "a nonlinear operation at once": (lambda x: ops.sqrt(x), RANGES),
    "less its own mean": (lambda x: x - ops.mean(x, axis=(1, 2), keepdims=True), RANGES),
    "twice x": (lambda x: x * 2.0, EITHER),
    "half of x": (lambda x: x * 0.5, EITHER),
    "x / 64": (lambda x: x / 64.0, (BYTES,)),
    "x + 1": (lambda x: x + 1.0, EITHER),
    "a third of x, and some": (lambda x: x * 0.15 + 0.5, EITHER),
    "shares of colours in grey": (
        lambda x: ops.sum(x * np.array([0.299, 0.587, 0.114]), axis=-1, keepdims=True),
        RANGES,
    ),
    "x * 300 in half precision": (lambda x: ops.cast(x, "float16") * 300.0, RANGES),
    "x + 0": (lambda x: x + 0.0, RANGES),
    "as MobileNetV2": (keras.applications.mobilenet_v2.preprocess_input, (BYTES,)),
    "as VGG16": (keras.applications.vgg16.preprocess_input, (BYTES,)),
    "as DenseNet": (keras.applications.densenet.preprocess_input, (BYTES,)),
    "as EfficientNet, which is nothing": (keras.applications.efficientnet.preprocess_input, RANGES),
    "as VGG16, of 0..1": (lambda x: keras.applications.vgg16.preprocess_input(x * 255.0), (UNIT,)),
    "as VGG16, channel by channel": (channel_by_channel, (BYTES,)),
    "as ResNet, channels first": (
        lambda x: ops.transpose(
            preprocess_input(ops.transpose(x, (0, 3, 1, 2)), data_format="channels_first"), (0, 2, 3, 1)
        ),
        (BYTES,),
    ),
    "channels apart": (in_branches, (BYTES,)),
    "turned to BGR": (lambda x: ops.flip(x, axis=-1) / 255.0, (BYTES,)),
    "channels added up": (lambda x: ops.sum(x, axis=-1, keepdims=True) / 765.0, (BYTES,)),
    "channels averaged": (lambda x: ops.mean(x, axis=-1, keepdims=True) / 255.0, (BYTES,)),
    "colours turned": (lambda x: ops.matmul(x, np.eye(3, dtype="float32")[::-1]) / 127.5 - 1.0, (BYTES,)),
    "less the mean of its channels": (lambda x: x - ops.mean(x, axis=-1, keepdims=True), RANGES),
    "made grey": (lambda x: ops.image.rgb_to_grayscale(x) / 127.5 - 1.0, (BYTES,)),
}


@pytest.mark.parametrize("name", [*LAYERS, *ARITHMETIC])
def test_the_range_follows_from_the_numbers_of_the_first_operations(name: str) -> None:
    """Fed with another, a network is measured outside anything that it was trained on; nothing told is not guessed."""
    first, possible = (LAYERS | ARITHMETIC)[name]
    expected = expected_range(network(first))
    assert expected.possible == possible, expected.reason
    assert bool(expected.reason) == (possible != RANGES)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_other_precisions_change_nothing(policy: str) -> None:
    """1/255 and 127.5 are not exact in them."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        for first, possible in (LAYERS["rescaling to -1..1"], LAYERS["adapted to 0..1"], ARITHMETIC["as VGG16"]):
            assert expected_range(network(first)).possible == possible
    finally:
        keras.config.set_dtype_policy(before)


def test_inputs_of_whole_numbers_are_bytes() -> None:
    """0 to 1 would be black and white; what scales behind agrees, or there is no such range."""
    as_float: First = lambda x: ops.cast(x, "float32")  # noqa: E731
    expected = expected_range(network(as_float, dtype="uint8"))
    assert expected.known is BYTES
    assert "uint8 input (whole numbers)" in expected.reason
    assert expected_range(network(lambda x: layers.Rescaling(1 / 255)(x), dtype="int32")).known is BYTES
    assert expected_range(network(lambda x: as_float(x) / 255.0, dtype="float16")).known is BYTES


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 16, 16)])
def test_channels_that_come_first_tell_as_much(shape: tuple[int, ...]) -> None:
    """Nothing but the first operations is computed, as convolutions of such pictures cannot be on a processor."""

    def first(x: Any) -> Any:
        padded = layers.ZeroPadding2D(1, data_format="channels_first")(layers.Rescaling(1 / 127.5, -1)(x))
        return layers.BatchNormalization(axis=1)(padded)

    images = keras.Input(shape, batch_size=2)
    maps = layers.Conv2D(2, 3, data_format="channels_first")(first(images))
    assert expected_range(keras.Model(images, layers.Flatten()(maps))).known is BYTES


def test_grey_pictures_and_pictures_of_any_size_tell_as_much() -> None:
    """One channel, or a size that is chosen later."""
    for shape in ((16, 16, 1), (None, None, 3), (None, None, 1)):
        assert expected_range(network(lambda x: layers.Rescaling(2.0, -1)(x), shape=shape)).known is UNIT


def test_the_reason_names_operations_numbers_and_what_they_make() -> None:
    """A reader can check it against the code that built the network."""
    assert expected_range(network(ARITHMETIC["as MobileNetV2"][0])).reason.endswith("(1) make -1 to 1 of these")
    reason = expected_range(network(LAYERS["rescaling from 0..1 to -1..1"][0])).reason
    assert reason.endswith("(scale 2, offset -1) makes -1 to 1 of these")
    reason = expected_range(network(LAYERS["rescaling that leaves two"][0])).reason
    assert reason.endswith("(scale 2, offset 0) makes sense of either")
    reason = expected_range(network(ARITHMETIC["as VGG16"][0])).reason
    assert "(-103.9, -116.8, -123.7) makes -124 to 151 of these" in reason
    reason = expected_range(network(ARITHMETIC["as VGG16, channel by channel"][0])).reason
    assert reason.count("(103.9)") == 1, reason

"""What a Keras layer or operation is to the study: a layer with units, an activation, or nothing at inference."""

from __future__ import annotations

from typing import Any

import keras

_KINDS = {
    "Conv2D": "convolution",
    "Conv2DTranspose": "convolution",
    "SeparableConv2D": "convolution",
    "DepthwiseConv2D": "depthwise",
    "Dense": "dense",
    "MaxPooling2D": "pooling",
    "AveragePooling2D": "pooling",
    "GlobalMaxPooling2D": "pooling",
    "GlobalAveragePooling2D": "pooling",
    "AdaptiveMaxPooling2D": "pooling",
    "AdaptiveAveragePooling2D": "pooling",
}
SUM = "sum"
KINDS = (*dict.fromkeys(_KINDS.values()), SUM)

_IDENTITIES = (
    keras.layers.Identity,
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
    keras.layers.ActivityRegularization,
)
_NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
)
_RESHAPING = (keras.layers.Reshape, keras.layers.Flatten)
_CARRYING = (
    *_RESHAPING,
    keras.layers.Permute,
    keras.layers.ZeroPadding2D,
    keras.layers.Cropping2D,
    keras.layers.UpSampling2D,
    keras.layers.Concatenate,
)

# keras.layers.LeakyReLU, keras.ops.leaky_relu and keras.activations.leaky_relu are one activation.
_ACTIVATIONS = {name.replace("_", ""): name for name in (*dir(keras.activations), "prelu") if name[0] != "_"}


def kind_of(operation: Any) -> str:
    """Return which of `KINDS` a built layer that makes units of its own is, and "" for a sum and any other operation.

    A convolution whose every unit reads one channel is depthwise, whichever class it is of.
    """
    kind = next((_KINDS[base.__name__] for base in type(operation).__mro__ if base.__name__ in _KINDS), "")
    reads_one_channel = getattr(operation, "groups", 1) > 1 and operation.kernel.shape[-2] == 1
    return "depthwise" if kind == "convolution" and reads_one_channel else kind


def is_sum(operation: Any) -> bool:
    """Return whether a layer or operation adds tensors up, as where the branches of a residual network meet."""
    return type(operation).__name__ == "Add"


def activation_of(operation: Any) -> str:
    """Return the name of the activation that a layer or operation is or ends with, "linear" where that is none."""
    name = _ACTIVATIONS.get(type(operation).__name__.lower())
    function = getattr(operation, "activation", None)
    if name or function is None:
        return name or "linear"
    if isinstance(function, keras.Operation):
        return activation_of(function)
    return str(getattr(function, "__name__", type(function).__name__))


def is_activation(operation: Any) -> bool:
    """Return whether a layer or operation is an activation and nothing else, and not a linear one."""
    alone = type(operation).__name__.lower() in _ACTIVATIONS or isinstance(operation, keras.layers.Activation)
    return alone and activation_of(operation) != "linear"


def is_identity(operation: Any) -> bool:
    """Return whether a layer gives what it gets at inference: dropout, noise, a linear activation."""
    is_linear = isinstance(operation, keras.layers.Activation) and activation_of(operation) == "linear"
    return is_linear or isinstance(operation, _IDENTITIES)


def is_normalization(operation: Any) -> bool:
    """Return whether a layer normalises what it gets by moments."""
    return isinstance(operation, _NORMALIZATIONS)


def is_reshaping(operation: Any) -> bool:
    """Return whether a layer gives what it gets in another shape."""
    return isinstance(operation, _RESHAPING)


def carries_activation(operation: Any) -> bool:
    """Return whether what a layer gives is as positive as all that it gets: pooling, padding, concatenation."""
    return isinstance(operation, _CARRYING) or is_identity(operation) or kind_of(operation) == "pooling"

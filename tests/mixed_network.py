"""A network with one layer of every kind, a residual branch and activations of several kinds, and one of any data format."""

from __future__ import annotations

import keras
from keras import layers

from study.networks.graph.hidden_layers import HiddenLayer

SHAPE = (12, 12, 3)
N_CLASSES = 4

# What is to be found, in order: name, units, response, output, normalisation, kind, activation, whether it cuts.
MIXED = tuple(
    HiddenLayer(*row[:7], cuts=row[7])
    for row in (
        ("stem", 4, "stem", "stem", "", "convolution", "relu", True),
        ("wide", 6, "wide_relu", "wide_relu", "", "convolution", "relu", False),
        ("back", 4, "back", "back_bn", "back_bn", "convolution", "linear", False),
        ("sum", 4, "sum_relu", "sum_relu", "", "sum", "relu", True),
        ("pool", 4, "pool", "pool", "", "pooling", "relu", True),
        ("depth", 8, "depth_act", "depth_bn", "depth_bn", "depthwise", "relu6", True),
        ("apart", 6, "apart_leaky", "apart_leaky", "", "convolution", "leaky_relu", True),
        ("groups", 6, "groups_silu", "groups_silu", "", "convolution", "silu", True),
        ("holes", 5, "holes", "holes", "", "convolution", "linear", True),
        ("mean", 5, "mean", "mean", "", "pooling", "linear", True),
        ("fc", 7, "fc", "fc_bn", "fc_bn", "dense", "gelu", True),
    )
)


def mixed_network() -> keras.Model:
    """Return the untrained network, which ends in a softmax."""
    images = keras.Input(SHAPE, name="images")
    stem = layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(images)
    branch = layers.Conv2D(6, 1, use_bias=False, name="wide")(stem)
    branch = layers.ReLU(name="wide_relu")(layers.BatchNormalization(name="wide_bn")(branch))
    branch = layers.BatchNormalization(name="back_bn")(layers.Conv2D(4, 3, padding="same", name="back")(branch))
    flow = layers.ReLU(name="sum_relu")(layers.Add(name="sum")([stem, branch]))
    flow = layers.MaxPooling2D(name="pool")(layers.ZeroPadding2D(name="pad")(flow))
    flow = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="depth")(flow)
    flow = layers.Activation("relu6", name="depth_act")(flow)
    flow = layers.BatchNormalization(name="depth_bn", scale=False)(layers.Dropout(0.2, name="depth_drop")(flow))
    flow = layers.LeakyReLU(name="apart_leaky")(layers.SeparableConv2D(6, 3, name="apart")(flow))
    flow = layers.Activation("silu", name="groups_silu")(layers.Conv2D(6, 1, groups=2, name="groups")(flow))
    flow = layers.Conv2D(5, 2, dilation_rate=2, name="holes")(flow)
    flow = layers.GlobalAveragePooling2D(name="mean")(flow)
    flow = layers.BatchNormalization(name="fc_bn")(layers.Dense(7, activation="gelu", name="fc")(flow))
    return keras.Model(images, layers.Dense(N_CLASSES, activation="softmax", name="classes")(flow), name="mixed")


def oriented_network(data_format: str) -> keras.Model:
    """Return an untrained network of 8-pixel images with its channels first or last: five hidden layers, three logits."""
    form = {"data_format": data_format}
    axis = 1 if data_format == "channels_first" else -1
    images = keras.Input((3, 8, 8) if axis == 1 else (8, 8, 3), name="images")
    flow = layers.BatchNormalization(axis=axis, name="one_bn")(layers.Conv2D(4, 3, **form, name="one")(images))
    flow = layers.MaxPooling2D(2, **form, name="pool")(layers.ReLU(name="one_relu")(flow))
    flow = layers.DepthwiseConv2D(2, padding="same", activation="relu", **form, name="two")(flow)
    flow = layers.BatchNormalization(axis=axis, name="two_bn")(flow)
    branch = layers.Conv2D(4, 2, groups=2, padding="same", activation="relu", **form, name="three")(flow)
    flow = layers.GlobalAveragePooling2D(**form, name="mean")(layers.Add(name="sum")([flow, branch]))
    return keras.Model(images, layers.Dense(3, name="logits")(flow), name=data_format)

"""Many sets of clamped units at little more than the price of one.

What the layer behind a hidden layer computes before its own ReLU is linear in the hidden layer's channels. So the
contribution of each channel is computed once an image; a set of channels held at zero is then a sum over the others, and
many sets are one matrix product. Only what lies behind is computed for each set, with each normalisation folded into the
weights of the layer after it. All of it is exact but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.graph.model_graph import Graph


@dataclass(frozen=True)
class Behind:
    """What follows a hidden layer's output: the layer that is linear in it, and the others up to the logits.

    `shape` is that of what the linear layer gives for one image. The activation it may end with comes after the sum.
    """

    linear: keras.layers.Layer
    others: tuple[keras.layers.Layer, ...]
    shape: tuple[int, ...]


def behind(model: keras.Model, layer: HiddenLayer) -> Behind:
    """Return what follows a hidden layer.

    Raises
    ------
    ValueError
        When the network is no chain from there on, or no convolution without groups and no dense layer comes next.
    """
    graph = Graph(model)
    chain, node = [], graph.node(layer.output)
    while (after := graph.only_reader(node)) is not None and isinstance(after.operation, keras.layers.Layer):
        chain.append(after)
        node = after
    if node is not graph.source(graph.output) or not chain:
        raise ValueError(f"the network is no chain behind {layer.name}")
    flattened = isinstance(chain[0].operation, keras.layers.Flatten) and len(chain) > 1
    linear, *others = chain[flattened:]
    if not _is_linear(linear.operation) or layer.channel_axis != -1:
        raise ValueError(f"behind {layer.name} comes {linear.name}, neither a convolution nor a dense layer")
    shape = tuple(linear.outputs[0].shape[1:])
    return Behind(linear.operation, tuple(node.operation for node in others), shape)


def _is_linear(layer: keras.layers.Layer) -> bool:
    """Return whether a layer is a convolution or dense layer, linear but for the activation it may end with.

    Layers that only inherit from those may do something else; so may quantised ones and those of other precision.
    """
    if (
        type(layer).__name__ not in ("Conv2D", "MatrixConv2D", "PatternedConv2D", "Dense")
        or layer.dtype_policy.name != "float32"
    ):
        return False
    return isinstance(layer, keras.layers.Dense) or (
        layer.groups == 1 and layer.data_format == "channels_last" and len(set(layer.dilation_rate)) == 1
    )


def _bias(layer: keras.layers.Layer) -> Any:
    return layer.bias if layer.use_bias else 0.0


def contributions(part: Behind, activations: Any) -> Any:
    """Return what each channel adds to the next layer's pre-activation, without bias.

    Parameters
    ----------
    part
        From `behind`.
    activations
        The hidden layer's output, (image, channel) or (image, row, column, channel).

    Returns
    -------
    tensor
        (channel, image times the size of the pre-activation of one image).
    """
    channels = activations.shape[-1]
    kernel = ops.reshape(part.linear.kernel, (-1, channels, part.linear.kernel.shape[-1]))
    if isinstance(part.linear, keras.layers.Conv2D):
        activations = ops.image.extract_patches(
            activations,
            part.linear.kernel_size,
            strides=part.linear.strides,
            padding=part.linear.padding,
            dilation_rate=part.linear.dilation_rate[0],
            data_format="channels_last",
        )
        patches = ops.reshape(activations, (-1, kernel.shape[0], channels))
    else:
        patches = ops.reshape(activations, (ops.shape(activations)[0], -1, channels))
    added = ops.matmul(ops.transpose(patches, (2, 0, 1)), ops.transpose(kernel, (1, 0, 2)))
    return ops.reshape(added, (channels, -1))


def total_contribution(part: Behind, activations: Any) -> Any:
    """Return what all channels together add to the next layer's pre-activation, without bias: (image, its size)."""
    if isinstance(part.linear, keras.layers.Dense):
        activations = ops.reshape(activations, (activations.shape[0], -1))
    return ops.reshape(_product(part.linear, activations, part.linear.kernel), (activations.shape[0], -1))


def superposed_logits(part: Behind, added: Any, kept: Any) -> Any:
    """Return the logits of every image under every sum of contributions: (set times image, class), images fastest.

    Parameters
    ----------
    part
        From `behind`.
    added
        (contribution, image times size): those of each channel, from `contributions`, or totals of several activations.
    kept
        (set, contribution): the factor of each, such as 1 for a channel that is kept and 0 for one that the next layer
        receives as 0.
    """
    return logits_of_sums(part, ops.matmul(kept, added))


def logits_of_sums(part: Behind, sums: Any) -> Any:
    """Return the logits from what the linear layer gives before bias and activation, in any shape: (row, class)."""
    outputs = part.linear.activation(ops.reshape(sums, (-1, *part.shape)) + _bias(part.linear))
    layers = part.others
    for index, layer in enumerate(layers):
        normalization = layers[index - 1] if index and _folds(layers, index - 1) else None
        if normalization is not None:
            outputs = _linear_after(normalization, layer, outputs)
        elif not _folds(layers, index):
            outputs = layer(outputs)
    return outputs


def _folds(layers: tuple[keras.layers.Layer, ...], index: int) -> bool:
    """Return whether a layer is a normalisation whose scale and offset the next layer can take over.

    A convolution that pads cannot: the offset would be missing in the padding.
    """
    layer = layers[index]
    if not isinstance(layer, keras.layers.BatchNormalization) or index + 1 == len(layers):
        return False
    if not (layer.center and layer.scale):
        return False
    after = layers[index + 1]
    return _is_linear(after) and (isinstance(after, keras.layers.Dense) or after.padding == "valid")


def _linear_after(normalization: keras.layers.Layer, layer: keras.layers.Layer, inputs: Any) -> Any:
    """Return `layer(normalization(inputs))` at inference, in one linear step."""
    scale = normalization.gamma * ops.rsqrt(normalization.moving_variance + normalization.epsilon)
    offset = normalization.beta - scale * normalization.moving_mean
    kernel = layer.kernel * ops.expand_dims(scale, -1)
    bias = _bias(layer) + ops.sum(layer.kernel * ops.expand_dims(offset, -1), axis=tuple(range(len(kernel.shape) - 1)))
    return layer.activation(_product(layer, inputs, kernel) + bias)


def _product(layer: keras.layers.Layer, inputs: Any, kernel: Any) -> Any:
    """Return what a linear layer makes of its inputs with another kernel and no bias."""
    if isinstance(layer, keras.layers.Dense):
        return ops.matmul(inputs, kernel)
    return ops.conv(
        inputs, kernel, layer.strides, layer.padding, data_format="channels_last", dilation_rate=layer.dilation_rate
    )

"""Hidden layers of any Keras model: where units are read, where they are clamped, and the model behind that point."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks.graph.kinds import (
    KINDS,
    SUM,
    activation_of,
    carries_activation,
    is_activation,
    is_identity,
    is_normalization,
    is_reshaping,
    is_sum,
    kind_of,
)
from study.networks.graph.model_graph import Graph, Node
from study.networks.graph.model_graph import flat_model as flat_model
from study.vocabulary.errors import refuse_unless

_SHORT_KINDS = {"conv": "convolution", "pool": "pooling"}


@dataclass(frozen=True)
class HiddenLayer:
    """One hidden layer.

    Attributes
    ----------
    name
        The Keras name of the convolution, pooling or dense layer, or of the sum of several.
    n_units
        Feature maps, or dense units.
    response
        The Keras layer whose output is the units' response: after the activation that follows, be it part of the layer or
        a layer of its own, behind a normalisation or not; the layer itself where none follows.
    output
        The Keras layer whose output the next layer receives, where units are clamped: a batch normalisation that follows
        the response, otherwise the same.
    normalization
        That batch normalisation, or "".
    kind
        One of `study.networks.graph.kinds.KINDS`.
    activation
        The activation that the response is behind, "linear" where there is none before the signal branches or is mixed.
        Pooling has that of all it pools.
    channel_axis
        The axis of units in response and output: -1, or 1 for channels first.
    cuts
        Whether everything between the image and the model's output goes through this layer's output.
    """

    name: str
    n_units: int
    response: str
    output: str
    normalization: str
    kind: str = "convolution"
    activation: str = "relu"
    channel_axis: int = -1
    cuts: bool = True


def hidden_layers(model: keras.Model) -> tuple[HiddenLayer, ...]:
    """Return the hidden layers of a functional or Sequential model, those of the models inside it too, in its own order.

    All convolution (transposed, separable, depthwise), pooling and dense layers are, but for the one that gives the
    model's output. So are sums of several tensors of one shape, where branches meet; `selected_layers` leaves them out
    unless they are asked for. Names are those of the flat model: a layer that is called several times is one at each of
    its uses, `conv/1`, `conv/2`, .... What has units and is none of these, `left_out` names.

    Raises
    ------
    StudyError
        When the model is no graph from one input to one output.
    """
    model = flat_model(model)
    graph = Graph(model)
    last = output_layers(graph)
    nodes = [graph.call_of(operation) for operation in model.operations]
    return tuple(
        _hidden_layer(graph, node)
        for node in nodes
        if (kind_of(node.operation) or _adds_maps(node)) and node.name not in last
    )


def named_layers(layers: tuple[HiddenLayer, ...], names: Sequence[str]) -> tuple[HiddenLayer, ...]:
    """Return the layers of some names, in the model's order.

    Raises
    ------
    ValueError
        When one of the names is no layer's.
    """
    known = [layer.name for layer in layers]
    if not set(names) <= set(known):
        raise ValueError(f"layers {', '.join(names)}: the model has {', '.join(known)}")
    return tuple(layer for layer in layers if layer.name in names)


def selected_layers(layers: tuple[HiddenLayer, ...], patterns: Sequence[str]) -> tuple[HiddenLayer, ...]:
    """Return the layers that any of some patterns fits, in the model's order.

    Parameters
    ----------
    layers
        From `hidden_layers`.
    patterns
        Each a kind (`convolution` or `conv`, `depthwise`, `pooling` or `pool`, `dense`, `sum`), a name (of all uses of a
        layer, or of one), or a pattern such as `block1_*`, which takes no sum. None at all stands for every layer that is
        neither linear nor a sum.

    Raises
    ------
    StudyError
        When a pattern fits no layer, or no layer is left.
    """
    names = [layer.name for layer in layers]
    for pattern in patterns:
        near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.0)
        refuse_unless(
            any(_fits(layer, pattern) for layer in layers),
            f"layers = {pattern!r}: fits none of the model's {len(layers)} hidden layers; give a kind ({', '.join(KINDS)}), a"
            f" name, or a pattern with *; {'names are such as ' + ', '.join(near) if near else 'the model has none'}",
        )
    if patterns:
        return tuple(layer for layer in layers if any(_fits(layer, pattern) for pattern in patterns))
    chosen = tuple(layer for layer in layers if layer.activation != "linear" and layer.kind != SUM)
    refuse_unless(
        bool(chosen),
        f"layers: none of the model's {len(layers)} hidden layers is followed by an activation; name those to read",
    )
    return chosen


def _fits(layer: HiddenLayer, pattern: str) -> bool:
    of_all_uses = layer.name.partition("/")[0]
    if layer.kind == _SHORT_KINDS.get(pattern, pattern) or pattern in (layer.name, of_all_uses):
        return True
    return layer.kind != SUM and fnmatchcase(layer.name, pattern)


def _adds_maps(node: Node) -> bool:
    """Return whether a call adds tensors of one shape, image by image: each of its units is a sum of units."""
    shapes = {tuple(tensor.shape) for tensor in node.input_tensors}
    return is_sum(node.operation) and len(node.input_tensors) > 1 and len(shapes) == 1 and len(shapes.pop()) in (2, 4)


def _hidden_layer(graph: Graph, node: Node) -> HiddenLayer:
    kind = kind_of(node.operation) or SUM
    response, activation = _response(graph, node)
    if kind == "pooling" and activation == "linear":
        activation = _carried_activation(graph, node)
    shape = response.outputs[0].shape
    channel_axis = 1 if len(shape) == 4 and _is_channels_first(graph, node) else -1
    normalization = _normalization(graph, response, channel_axis)
    output = normalization or response
    return HiddenLayer(
        name=node.name,
        n_units=int(shape[channel_axis]),
        response=response.name,
        output=output.name,
        normalization=normalization.name if normalization else "",
        kind=kind,
        activation=activation,
        channel_axis=channel_axis,
        cuts=not graph.beside(output.outputs[0]),
    )


def _is_channels_first(graph: Graph, node: Node) -> bool:
    """Return whether a call has its channels first; a call that does not say so has them where what it reads has them."""
    while not hasattr(node.operation, "data_format") and is_sum(node.operation):
        node = graph.source(node.input_tensors[0])
        while not hasattr(node.operation, "data_format") and node.input_tensors:
            node = graph.source(node.input_tensors[0])
    return bool(getattr(node.operation, "data_format", "") == "channels_first")


def _response(graph: Graph, node: Node) -> tuple[Node, str]:
    """Return the call after which a layer's units are read, and the activation that it is."""
    activation, step = activation_of(node.operation), graph.only_reader(node)
    if activation != "linear":
        return node, activation
    while step is not None and (is_normalization(step.operation) or is_identity(step.operation)):
        step = graph.only_reader(step)
    if step is not None and is_activation(step.operation):
        return step, activation_of(step.operation)
    return node, "linear"


def _normalization(graph: Graph, response: Node, channel_axis: int) -> Node | None:
    """Return the batch normalisation of channels that alone reads a response."""
    step = graph.only_reader(response)
    while step is not None and is_identity(step.operation):
        step = graph.only_reader(step)
    if step is None or not isinstance(step.operation, keras.layers.BatchNormalization):
        return None
    rank = len(response.outputs[0].shape)
    return step if step.operation.axis % rank == channel_axis % rank else None


def _carried_activation(graph: Graph, node: Node) -> str:
    """Return the one activation behind which all is that a call reads, "linear" where there is none such."""
    activations = set()
    for tensor in node.input_tensors:
        source = graph.source(tensor)
        carries = carries_activation(source.operation) and not source.is_input
        activations.add(_carried_activation(graph, source) if carries else activation_of(source.operation))
    return activations.pop() if len(activations) == 1 else "linear"


def output_layers(graph: Graph) -> set[str]:
    """Return the names of the layer that gives the model's output and of the pooling between the two.

    A model that ends in another activation than softmax, log-softmax or sigmoid has no such layer. One that ends in a sum
    has that sum.
    """
    node, passed = graph.source(graph.output), set()
    while not kind_of(node.operation) or kind_of(node.operation) == "pooling":
        passed.add(node.name)
        ends = activation_of(node.operation) in ("softmax", "log_softmax", "sigmoid")
        goes_on = ends or is_reshaping(node.operation) or carries_activation(node.operation)
        if len(node.input_tensors) != 1 or not goes_on:
            return {node.name} if is_sum(node.operation) else set()
        node = graph.source(node.input_tensors[0])
    is_output = activation_of(node.operation) in ("linear", "softmax", "log_softmax", "sigmoid")
    return {*passed, node.name} if is_output else set()


def responses_model(model: keras.Model, layers: tuple[HiddenLayer, ...]) -> keras.Model:
    """Return the model from images to every layer's response maps, channels where the layer has them."""
    return _tapped(model, [layer.response for layer in layers], "responses")


def outputs_model(model: keras.Model, layers: tuple[HiddenLayer, ...]) -> keras.Model:
    """Return the model from images to every layer's output, as the next layer receives it."""
    return _tapped(model, [layer.output for layer in layers], "outputs")


def _tapped(model: keras.Model, names: list[str], name: str) -> keras.Model:
    model = flat_model(model)
    graph = Graph(model)
    return keras.Model(model.input, [graph.tensor(operation) for operation in names], name=name)


def sent_on(model: keras.Model, layer: HiddenLayer, response: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what the next layer receives from units that respond with `response`, one value a channel: (n_units,).

    The normalisation between the two is affine at inference, so this takes mean responses to mean outputs, too.
    """
    if not layer.normalization:
        return np.asarray(response, dtype=np.float64)
    normalization = Graph(flat_model(model)).node(layer.normalization).operation
    mean, variance = (
        np.asarray(moment, np.float64) for moment in (normalization.moving_mean, normalization.moving_variance)
    )
    gamma = 1.0 if normalization.gamma is None else np.asarray(normalization.gamma, dtype=np.float64)
    beta = 0.0 if normalization.beta is None else np.asarray(normalization.beta, dtype=np.float64)
    return np.asarray(beta + gamma * (response - mean) / np.sqrt(variance + normalization.epsilon))


def clamp_values(model: keras.Model, layer: HiddenLayer, clamp: str) -> NDArray[np.float32]:
    """Return what a unit clamped to zero sends on, one value a channel, shape (n_units,).

    `"output_zero"`: 0, what the next layer receives. `"relu_zero"`: the batch normalisation of a response of 0; the same
    as 0 where no normalisation follows the ReLU.

    Raises
    ------
    ValueError
        On another `clamp`.
    """
    if clamp not in ("output_zero", "relu_zero"):
        raise ValueError(f"clamp = {clamp!r}: must be 'output_zero' or 'relu_zero'")
    nothing = np.zeros(layer.n_units, dtype=np.float32)
    return nothing if clamp == "output_zero" else sent_on(model, layer, nothing).astype(np.float32)


def spatial_means(maps: list[Any], channel_axes: Sequence[int] = ()) -> NDArray[np.float64]:
    """Return (image, unit): each layer's maps, (image, ..., channel), averaged over positions, layers side by side.

    `channel_axes` are those of the layers, where some have their channels elsewhere.
    """
    means = []
    for layer_maps, axis in zip(maps, channel_axes or [-1] * len(maps), strict=True):
        rank = len(layer_maps.shape)
        means.append(ops.mean(layer_maps, axis=tuple(i for i in range(1, rank) if i != axis % rank)))
    return np.concatenate([np.asarray(mean, dtype=np.float64) for mean in means], axis=1)


def weight_norms(model: keras.Model, layers: tuple[HiddenLayer, ...]) -> NDArray[np.float64]:
    """Return the Euclidean norm of the weights that each unit reads its input by, without its bias: (unit,).

    A separable convolution counts as the one convolution that its two steps are. NaN for pooling and for sums, which have
    no weights.
    """
    graph = Graph(flat_model(model))
    norms = [
        np.full(layer.n_units, np.nan)
        if layer.kind in ("pooling", SUM)
        else _weight_norms(graph.node(layer.name).operation, layer.n_units)
        for layer in layers
    ]
    return np.concatenate(norms)


def first_kernels(model: keras.Model, layers: tuple[HiddenLayer, ...]) -> NDArray[np.float64]:
    """Return the weights by which each unit of the first layer reads the image: (unit, row, column, channel).

    A single NaN a unit where the first layer is no plain convolution.
    """
    first = layers[0]
    operation = None if first.kind in ("pooling", SUM) else Graph(flat_model(model)).node(first.name).operation
    if not isinstance(operation, keras.layers.Conv2D) or operation.groups != 1:
        return np.full((first.n_units, 1, 1, 1), np.nan)
    return np.moveaxis(np.asarray(operation.kernel, dtype=np.float64), -1, 0)


def strongest_slices(model: keras.Model, layers: tuple[HiddenLayer, ...]) -> NDArray[np.float64]:
    """Return of each unit's 3 x 3 kernel the slice of the channel that it weighs most, (unit, 3, 3).

    Largest is the slice's Euclidean norm. NaN for units of layers that are no plain 3 x 3 convolution over all channels.
    """
    graph, slices = Graph(flat_model(model)), []
    for layer in layers:
        operation = None if layer.kind in ("pooling", SUM) else graph.node(layer.name).operation
        if isinstance(operation, keras.layers.Conv2D) and operation.kernel_size == (3, 3) and operation.groups == 1:
            kernel = np.asarray(operation.kernel, dtype=np.float64)
            strongest = np.linalg.norm(kernel, axis=(0, 1)).argmax(axis=0)
            slices.append(np.moveaxis(kernel[:, :, strongest, np.arange(layer.n_units)], -1, 0))
        else:
            slices.append(np.full((layer.n_units, 3, 3), np.nan))
    return np.concatenate(slices)


def _weight_norms(layer: keras.layers.Layer, n_units: int) -> NDArray[np.float64]:
    if isinstance(layer, keras.layers.SeparableConv2D):
        across, through = (
            np.asarray(kernel, np.float64) for kernel in (layer.depthwise_kernel, layer.pointwise_kernel)
        )
        kernel = np.einsum("hwcm,cmo->hwco", across, through.reshape(*across.shape[2:], -1))
    else:
        kernel = np.asarray(layer.kernel, dtype=np.float64)
    if isinstance(layer, keras.layers.Conv2DTranspose):
        kernel = np.moveaxis(kernel, -2, -1)
    return np.asarray(np.linalg.norm(kernel.reshape(-1, n_units), axis=0))


@functools.cache
def unit_labels(layers: tuple[HiddenLayer, ...]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the layer name and the channel of every unit, layers in order: two arrays of shape (unit,)."""
    names = np.concatenate([np.full(layer.n_units, layer.name, dtype=object) for layer in layers])
    channels = np.concatenate([np.arange(layer.n_units) for layer in layers])
    return names, channels

"""What a network does to pixels before its first units: by which operations, with which numbers, and what they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from study.networks.graph.kinds import activation_of, is_identity, kind_of
from study.networks.graph.model_graph import Graph, Node, flat_model
from study.vocabulary.errors import shown

# Operations and layers of Keras that compute with pixels, and those that move them, by the name of their class.
_ARITHMETIC = "Add Subtract Multiply Divide TrueDivide DivideNoNan Negative Clip Maximum Minimum"
_MOVING = (
    "InputLayer Cast SaturateCast ConvertToTensor Copy StopGradient GetItem Slice Take Split Unstack Stack Concatenate Flip"
    " Transpose Swapaxes Moveaxis Reshape ExpandDims Squeeze BroadcastTo Repeat Tile Pad Resize PadImages CropImages"
    " RGBToGrayscale Permute Flatten ZeroPadding2D Cropping2D UpSampling2D Resizing CenterCrop"
    " AugMix CutMix MixUp RandAugment"
)
_MIXING = "Sum Mean Average Matmul Einsum Dot Tensordot"  # of colours, where rows and columns stay
_SCALING = (keras.layers.Rescaling, keras.layers.Normalization, keras.layers.BatchNormalization)
_SIZE = 64  # pixels, of a network for pictures of any size


@dataclass(frozen=True, eq=False)
class Operation:
    """One of the first operations of a network.

    Attributes
    ----------
    name
        As the network has it.
    numbers
        Those that it computes with, in words; "" where it moves pixels only.
    made
        What it makes, (pixel value, element), of pictures that have one pixel value everywhere. Of a batch
        normalisation: what its moments alone make, without the scale and offset that were trained with the network.
    is_running
        Whether its moments are running means, which a short training leaves between what they began as and the images'.
    """

    name: str
    numbers: str
    made: NDArray[np.float64]
    is_running: bool


def first_operations(model: keras.Model, pixel_values: NDArray[np.float64]) -> tuple[Operation, ...]:
    """Return what a network does to pixels before its first units, normalisation or nonlinear operation, in its order.

    Parameters
    ----------
    model
        Functional or Sequential, with one input and one output; models inside it are looked into.
    pixel_values
        (value,), what the pictures it is shown consist of, each of one value.
    """
    flat = flat_model(model)
    nodes = _first_nodes(flat)
    images = flat.inputs[0]
    shape = [_SIZE if length is None else length for length in images.shape[1:]]
    pictures = np.broadcast_to(pixel_values.reshape(-1, *(1 for _ in shape)), (len(pixel_values), *shape))
    read = [tensor for node in nodes for tensor in (node.input_tensors if _is_batch(node) else node.outputs)]
    made = keras.Model(images, [images, *read])(pictures.astype(np.float32), training=False)
    arrays = {
        id(tensor): np.asarray(keras.ops.cast(value, "float32"), float)
        for tensor, value in zip(read, made[1:], strict=True)
    }
    return tuple(_operation(node, arrays) for node in nodes)


def _first_nodes(flat: keras.Model) -> list[Node]:
    """Return the calls that read pixels and nothing else, up to those that are no arithmetic of single pixels."""
    is_trained = bool(flat.trainable_weights)
    pixels: set[int] = set()
    nodes = []
    for node in Graph(flat).nodes:
        reads_pixels = all(id(tensor) in pixels for tensor in node.input_tensors)
        is_frozen = is_trained and _scales_channels(node.operation)
        if reads_pixels and (_is_looked_through(node.operation) or _mixes_colours(node) or is_frozen):
            nodes.append(node)
            pixels |= set() if _is_batch(node) else {id(tensor) for tensor in node.outputs}
    return nodes


def _is_batch(node: Node) -> bool:
    return isinstance(node.operation, keras.layers.BatchNormalization)


def _is_looked_through(operation: Any) -> bool:
    """Return whether an operation does at inference nothing to pixels that an affine map of each cannot say."""
    name = type(operation).__name__
    if isinstance(operation, keras.layers.Pipeline):
        return all(_is_looked_through(layer) for layer in operation.layers)
    is_named = name in (*_ARITHMETIC.split(), *_MOVING.split()) or name.startswith("Random")
    return is_named or isinstance(operation, _SCALING) or is_identity(operation)


def _mixes_colours(node: Node) -> bool:
    """Return whether an operation adds up the channels of each pixel, as where a picture is made grey."""
    if type(node.operation).__name__ not in _MIXING.split():
        return False
    before, after = node.input_tensors[0].shape, node.outputs[0].shape
    return len(after) > 2 and (before[1:3] == after[1:3] or before[-2:] == after[-2:])


def _scales_channels(operation: Any) -> bool:
    """Return whether a layer is a 1 x 1 convolution that is not trained, and whose every output reads one channel."""
    if (
        kind_of(operation) not in ("convolution", "depthwise")
        or operation.trainable
        or activation_of(operation) != "linear"
    ):
        return False
    kernel = np.asarray(getattr(operation, "kernel", np.empty(0)))
    if kernel.ndim != 4 or kernel.shape[:2] != (1, 1):
        return False
    reads = np.count_nonzero(kernel[0, 0], axis=0)
    return kernel.shape[-1] == 1 if isinstance(operation, keras.layers.DepthwiseConv2D) else bool(np.all(reads == 1))


def _operation(node: Node, arrays: dict[int, NDArray[np.float64]]) -> Operation:
    is_running = _is_batch(node)
    outputs = (
        [_normalized(arrays[id(node.input_tensors[0])], node.operation)]
        if is_running
        else [arrays[id(tensor)] for tensor in node.outputs]
    )
    made = np.concatenate([output.reshape(len(output), -1) for output in outputs], axis=1)
    name = f"{node.operation.dtype} input" if node.is_input else shown(node.name)
    return Operation(name, _numbers_of(node), made, is_running)


def _normalized(values: NDArray[np.float64], layer: Any) -> NDArray[np.float64]:
    """Return what the moments of a batch normalisation make of what it reads."""
    axes = [1] * values.ndim
    axes[layer.axis] = -1
    mean, variance = (np.asarray(moment, float).reshape(axes) for moment in (layer.moving_mean, layer.moving_variance))
    normalized: NDArray[np.float64] = (values - mean) / np.sqrt(variance + layer.epsilon)
    return normalized


def _numbers_of(node: Node) -> str:
    """Return the numbers that an operation computes with, in words."""
    operation = node.operation
    if node.is_input:
        return "whole numbers" if "int" in str(operation.dtype) else ""
    if isinstance(operation, keras.layers.Rescaling):
        return f"scale {_listed(operation.scale)}, offset {_listed(operation.offset)}"
    if isinstance(operation, keras.layers.Normalization):
        return f"mean {_listed(operation.mean)}, variance {_listed(operation.variance)}"
    if isinstance(operation, keras.layers.BatchNormalization):
        return f"moving mean {_listed(operation.moving_mean)}, variance {_listed(operation.moving_variance)}"
    if isinstance(operation, keras.layers.Pipeline):
        return f"{len(operation.layers)} layers"
    if kind_of(operation) in ("convolution", "depthwise"):
        return f"kernel {_listed(operation.kernel)}"
    if type(operation).__name__ in ("Cast", "SaturateCast"):
        return f"to {operation.dtype}" if "int" in str(operation.dtype) else ""
    if type(operation).__name__ not in _ARITHMETIC.split():
        return ""
    leaves = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
    constants = [leaf for leaf in leaves if leaf is not None and not isinstance(leaf, keras.KerasTensor | str)]
    return "; ".join(_listed(constant) for constant in constants) or type(operation).__name__.lower()


def _listed(values: Any) -> str:
    """Return up to four different numbers in words, of more the least and the greatest."""
    numbers = np.ravel(np.asarray(values, float))
    if len(numbers) > 4:
        return f"{numbers.min():.4g} to {numbers.max():.4g}"
    return ", ".join(f"{number:.4g}" for number in (numbers[:1] if np.ptp(numbers) == 0 else numbers))

"""One convolution of several networks at once, each with its own kernels, in the forms that it can be computed in.

Networks lie side by side in the channels: `inputs` are (image, row, column, network times channel), channels fastest. What
a network gives depends on its own channels alone, so numbers that are none stay in the network that has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import tensorflow as tf

GROUPED: Final = "grouped"


def stacked_convolution(
    inputs: Any, kernels: Any, *, networks: int, strides: tuple[int, int], padding: str, form: str
) -> Any:
    """Return what each network's kernels make of its channels: (image, row, column, network times filter).

    Parameters
    ----------
    inputs
        (image, row, column, network times channel).
    kernels
        (row, column, channel, network times filter).
    networks
        How many.
    strides, padding
        As those of Keras' `Conv2D`.
    form
        One of `FORMS`, which differ in speed and rounding. Kernels that cover the whole input are one matrix product a
        network in every form.
    """
    covered = tuple(kernels.shape[:2]) == tuple(inputs.shape[1:3]) and padding == "valid"
    convolve = _covering if covered else FORMS[form]
    return convolve(inputs, kernels, networks, strides, padding)


def stacked_product(inputs: Any, matrices: Any) -> Any:
    """Return each network's matrix product, (image, network times output), of (image, network times input).

    `matrices` are (network, input, output).
    """
    networks, n_inputs, n_outputs = matrices.shape
    by_network = tf.transpose(tf.reshape(inputs, (-1, networks, n_inputs)), (1, 0, 2))
    outputs = tf.transpose(tf.matmul(by_network, matrices), (1, 0, 2))
    return tf.reshape(outputs, (-1, networks * n_outputs))


def _grouped(inputs: Any, kernels: Any, networks: int, strides: tuple[int, int], padding: str) -> Any:
    """Convolve in groups of channels, one a network: an operation of TensorFlow's own."""
    return tf.nn.conv2d(inputs, kernels, strides, padding.upper())


def _side_by_side(inputs: Any, kernels: Any, networks: int, strides: tuple[int, int], padding: str) -> Any:
    """Convolve each network's channels by themselves."""
    parts = zip(tf.split(inputs, networks, axis=-1), tf.split(kernels, networks, axis=-1), strict=True)
    return tf.concat([tf.nn.conv2d(part, kernel, strides, padding.upper()) for part, kernel in parts], axis=-1)


def _patches(inputs: Any, kernels: Any, networks: int, strides: tuple[int, int], padding: str) -> Any:
    """Multiply every position's patch by a matrix of kernels."""
    taps = kernels.shape[0] * kernels.shape[1] * kernels.shape[2]
    size, steps = [1, *kernels.shape[:2], 1], [1, *strides, 1]
    patches = tf.image.extract_patches(_apart(inputs, networks), size, steps, [1, 1, 1, 1], padding.upper())
    matrices = tf.transpose(tf.reshape(kernels, (taps, networks, -1)), (1, 0, 2))
    products = tf.matmul(tf.reshape(patches, (networks, -1, taps)), matrices)
    return _together(products, networks, patches.shape[1:3])


def _covering(inputs: Any, kernels: Any, networks: int, strides: tuple[int, int], padding: str) -> Any:
    """Multiply the whole input by a matrix of kernels."""
    rows, columns, channels = kernels.shape[:3]
    by_network = tf.transpose(tf.reshape(inputs, (-1, rows * columns, networks, channels)), (2, 0, 1, 3))
    matrices = tf.transpose(tf.reshape(kernels, (rows * columns * channels, networks, -1)), (1, 0, 2))
    products = tf.matmul(tf.reshape(by_network, (networks, -1, rows * columns * channels)), matrices)
    return _together(products, networks, (1, 1))


def _positions(inputs: Any, kernels: Any, networks: int, strides: tuple[int, int], padding: str) -> Any:
    """Add up what each position of the kernel gives, a matrix product each."""
    spans, channels = kernels.shape[:2], kernels.shape[2]
    images, sizes = _padded(_apart(inputs, networks), spans, strides, padding)
    matrices = tf.transpose(tf.reshape(kernels, (-1, channels, networks, kernels.shape[3] // networks)), (0, 2, 1, 3))
    down, right = ((size - 1) * stride + 1 for size, stride in zip(sizes, strides, strict=True))
    taps = [(row, column) for row in range(spans[0]) for column in range(spans[1])]
    shifted = [images[:, row : row + down : strides[0], column : column + right : strides[1]] for row, column in taps]
    products = [
        tf.matmul(tf.reshape(part, (networks, -1, channels)), matrices[tap]) for tap, part in enumerate(shifted)
    ]
    return _together(tf.add_n(products), networks, sizes)


def _padded(images: Any, spans: Any, strides: tuple[int, int], padding: str) -> tuple[Any, list[int]]:
    """Return images with the zeros around them that `padding` asks for, and the size of what comes of them."""
    extents = images.shape[1:3]
    if padding == "valid":
        pairs = zip(extents, spans, strict=True)
        return images, [(extent - span) // stride + 1 for (extent, span), stride in zip(pairs, strides, strict=True)]
    sizes = [-(-extent // stride) for extent, stride in zip(extents, strides, strict=True)]
    each = zip(sizes, strides, spans, extents, strict=True)
    missing = [max((size - 1) * stride + span - extent, 0) for size, stride, span, extent in each]
    return tf.pad(images, ((0, 0), *((zeros // 2, zeros - zeros // 2) for zeros in missing), (0, 0))), sizes


def _apart(inputs: Any, networks: int) -> Any:
    """Return (image, row, column, network times channel) as (network times image, row, column, channel)."""
    rows, columns, together = inputs.shape[1:]
    by_network = tf.transpose(tf.reshape(inputs, (-1, rows, columns, networks, together // networks)), (3, 0, 1, 2, 4))
    return tf.reshape(by_network, (-1, rows, columns, together // networks))


def _together(products: Any, networks: int, size: Any) -> Any:
    """Return (network, image times row times column, filter) as (image, row, column, network times filter)."""
    filters = products.shape[-1]
    maps = tf.transpose(tf.reshape(products, (networks, -1, *size, filters)), (1, 2, 3, 0, 4))
    return tf.reshape(maps, (-1, *size, networks * filters))


FORMS: Final[Mapping[str, Callable[..., Any]]] = {
    GROUPED: _grouped,
    "side_by_side": _side_by_side,
    "patches": _patches,
    "positions": _positions,
}

"""An architecture's network as a model of several such networks, side by side in the channels.

Layers that treat each channel, or each number, by itself need no change: batch normalisation, ReLU, pooling, sums. Weights
of the stacked model have the names of the network's own, and hold those of every network: a dense layer's matrix as
(network, input, output), all others with their last axis times as long, networks one after the other.
"""

from __future__ import annotations

from typing import Any, Final

import keras
import tensorflow as tf
from numpy.typing import NDArray

from study.networks.backend import FusedBatchNormalization
from study.networks.stacked.convolution import stacked_convolution, stacked_product
from study.vocabulary.errors import refuse_unless

_UNCHANGED: Final = (
    FusedBatchNormalization,
    keras.layers.BatchNormalization,
    keras.layers.ReLU,
    keras.layers.Add,
    keras.layers.ZeroPadding2D,
    keras.layers.AveragePooling2D,
    keras.layers.MaxPooling2D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
)


class StackedConv2D(keras.layers.Layer):
    """The convolutions of several networks, each over its own channels."""

    def __init__(self, one: keras.layers.Conv2D, networks: int, form: str) -> None:
        """Stack convolutions like `one`, in a form of `study.networks.stacked.convolution.FORMS`."""
        super().__init__(name=one.name, dtype=one.dtype_policy)
        self.one, self.networks, self.form = one.get_config(), networks, form
        self.activation = one.activation

    def build(self, input_shape: Any) -> None:
        """Make the variables; `Stack.put` gives them values."""
        filters = self.networks * self.one["filters"]
        shape = (*self.one["kernel_size"], input_shape[-1] // self.networks, filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer="zeros")
        biased = self.one["use_bias"]
        self.bias = self.add_weight(name="bias", shape=(filters,), initializer="zeros") if biased else None

    def call(self, inputs: Any) -> Any:
        """Convolve `inputs`, (image, row, column, network times channel)."""
        outputs = stacked_convolution(
            inputs,
            tf.convert_to_tensor(self.kernel),
            networks=self.networks,
            strides=tuple(self.one["strides"]),
            padding=self.one["padding"],
            form=self.form,
        )
        return self.activation(
            outputs if self.bias is None else tf.nn.bias_add(outputs, tf.convert_to_tensor(self.bias))
        )


class StackedDense(keras.layers.Layer):
    """The dense layers of several networks, each over its own inputs."""

    def __init__(self, one: keras.layers.Dense, networks: int) -> None:
        """Stack dense layers like `one`."""
        super().__init__(name=one.name, dtype=one.dtype_policy)
        self.units, self.use_bias, self.networks = one.units, one.use_bias, networks
        self.activation = one.activation

    def build(self, input_shape: Any) -> None:
        """Make the variables; `Stack.put` gives them values."""
        shape = (self.networks, input_shape[-1] // self.networks, self.units)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer="zeros")
        biases = (self.networks * self.units,)
        self.bias = self.add_weight(name="bias", shape=biases, initializer="zeros") if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """Multiply `inputs`, (image, network times input)."""
        outputs = stacked_product(inputs, tf.convert_to_tensor(self.kernel))
        return self.activation(
            outputs if self.bias is None else tf.nn.bias_add(outputs, tf.convert_to_tensor(self.bias))
        )


class StackedFlatten(keras.layers.Layer):
    """What several networks flatten, each network's numbers in a row, in the order that one network has them."""

    def __init__(self, one: keras.layers.Flatten, networks: int) -> None:
        """Stack layers like `one`."""
        super().__init__(name=one.name, dtype=one.dtype_policy)
        self.networks = networks

    def call(self, inputs: Any) -> Any:
        """Flatten `inputs`, (image, row, column, network times channel)."""
        rows, columns, channels = inputs.shape[1], inputs.shape[2], inputs.shape[3] // self.networks
        apart = tf.transpose(tf.reshape(inputs, (-1, rows, columns, self.networks, channels)), (0, 3, 1, 2, 4))
        return tf.reshape(apart, (-1, self.networks * rows * columns * channels))


def stacked_model(model: keras.Model, networks: int, *, form: str) -> keras.Model:
    """Return a model of several networks like `model`: (image, row, column, network times channel) to (image, network times class).

    Raises
    ------
    StudyError
        When a layer is none of those that are known to keep networks apart.
    """

    def stacked(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.layers.Conv2D) and layer.groups == 1 and layer.dilation_rate == (1, 1):
            return StackedConv2D(layer, networks, form)
        if isinstance(layer, keras.layers.Dense):
            return StackedDense(layer, networks)
        if isinstance(layer, keras.layers.Flatten):
            return StackedFlatten(layer, networks)
        refuse_unless(
            isinstance(layer, _UNCHANGED),
            f"execution.networks_per_program = {networks} is not allowed with layer {layer.name} ({type(layer).__name__}) of"
            f" {model.name}: it must be 1, or the layer one of convolution, dense, flatten,"
            f" {', '.join(kind.__name__ for kind in _UNCHANGED[1:])}",
        )
        return type(layer).from_config(layer.get_config())

    *size, channels = model.input.shape[1:]
    images = keras.Input((*size, networks * channels), name="images")
    made = keras.models.clone_model(model, input_tensors=images, clone_function=stacked)
    assert [weight.path for weight in made.weights] == [weight.path for weight in model.weights]
    return made


def of_one(stacked: NDArray[Any], shape: tuple[int, ...], place: int) -> NDArray[Any]:
    """Return one network's part of a stacked weight, a view of it; `shape` is that of the network's own weight."""
    part = stacked
    if stacked.shape[1:] == shape and stacked.ndim == len(shape) + 1:
        part = stacked[place]
    elif shape:
        part = stacked[..., place * shape[-1] : (place + 1) * shape[-1]]
    return part

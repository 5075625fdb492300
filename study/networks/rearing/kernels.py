"""Convolutions whose kernels are sums of patterns, in a network that is otherwise the architecture's own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks.backend import MatrixConv2D
from study.networks.rearing.patterns import SIDE, TAPS

COEFFICIENTS, BASIS = "coefficients", "basis"  # names of variables


@keras.saving.register_keras_serializable(package="study")
class PatternedConv2D(MatrixConv2D):
    """A 3 x 3 convolution that learns one weight a pattern of taps and channel; its kernel is what they add up to.

    `coefficients` is (9, channel, filter), `basis` (9, tap) and fixed. A row of zeros in the basis gets no gradient.
    """

    def build(self, input_shape: Any) -> None:
        """Make the variables; `study.experiment.training.initialize` gives them values."""
        channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(min_ndim=4, axes={-1: channels})
        self.coefficients = self.add_weight(
            name=COEFFICIENTS, shape=(TAPS, channels, self.filters), initializer="zeros"
        )
        self.basis = self.add_weight(name=BASIS, shape=(TAPS, TAPS), initializer="zeros", trainable=False)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros") if self.use_bias else None
        self.built = True

    @property
    def kernel(self) -> Any:
        """Return the kernel, (3, 3, channel, filter), a tensor."""
        channels = self.coefficients.shape[1]
        summed = ops.matmul(ops.transpose(self.basis), ops.reshape(self.coefficients, (TAPS, -1)))
        return ops.reshape(summed, (SIDE, SIDE, channels, self.filters))


def with_patterned_kernels(model: keras.Model, layers: Collection[str]) -> keras.Model:
    """Return a copy of an architecture's network whose convolutions of these names are made of patterns.

    Raises
    ------
    ValueError
        When one of them is no plain 3 x 3 convolution: its architecture declares what is not so.
    """

    def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name not in layers:
            return type(layer).from_config(layer.get_config())
        if not isinstance(layer, keras.layers.Conv2D) or layer.kernel_size != (SIDE, SIDE) or layer.groups != 1:
            raise ValueError(f"layer {layer.name} of {model.name} is no 3 x 3 convolution over all channels")
        return PatternedConv2D.from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=copied)


def weights_as_built(model: keras.Model) -> dict[str, NDArray[np.float32]]:
    """Return every weight by its path, as the architecture's own network has them: kernels in place of what makes them."""
    weights = {}
    for layer in model.layers:
        for variable in layer.weights:
            if isinstance(layer, PatternedConv2D) and variable.name == COEFFICIENTS:
                weights[f"{layer.path}/kernel"] = np.asarray(layer.kernel, dtype=np.float32)
            elif not isinstance(layer, PatternedConv2D) or variable.name != BASIS:
                weights[variable.path] = np.asarray(variable, dtype=np.float32)
    return weights

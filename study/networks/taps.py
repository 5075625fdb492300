"""Hidden layers of a network: where units are read, where they are clamped, and the model behind that point."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray


@dataclass(frozen=True)
class HiddenLayer:
    """One hidden layer.

    `response` names the Keras layer whose output is the unit's response (after ReLU); `output` the one whose output the
    next layer receives, where units are clamped; `normalization` the batch normalisation between the two, or "".
    """

    name: str
    n_units: int
    response: str
    output: str
    normalization: str


def hidden_layers(model: keras.Model) -> tuple[HiddenLayer, ...]:
    """Return the hidden layers of a network built as `study.networks.cnn7` names its parts."""
    names = [layer.name for layer in model.layers]
    layers = []
    for relu in (name for name in names if name.endswith("_relu")):
        name = relu.removesuffix("_relu")
        normalization = f"{name}_bn"
        after = names.index(normalization) > names.index(relu)
        layers.append(
            HiddenLayer(
                name=name,
                n_units=int(model.get_layer(relu).output.shape[-1]),
                response=relu,
                output=normalization if after else relu,
                normalization=normalization if after else "",
            )
        )
    return tuple(layers)


def responses_model(model: keras.Model, layers: tuple[HiddenLayer, ...]) -> keras.Model:
    """Return the model from images to every layer's response maps."""
    return keras.Model(model.input, [model.get_layer(layer.response).output for layer in layers], name="responses")


def outputs_model(model: keras.Model, layers: tuple[HiddenLayer, ...]) -> keras.Model:
    """Return the model from images to every layer's output, as the next layer receives it."""
    return keras.Model(model.input, [model.get_layer(layer.output).output for layer in layers], name="outputs")


def sent_on(model: keras.Model, layer: HiddenLayer, response: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what the next layer receives from units that respond with `response`, one value a channel: (n_units,).

    The normalisation between the two is affine at inference, so this takes mean responses to mean outputs, too.
    """
    if not layer.normalization:
        return np.asarray(response, dtype=np.float64)
    normalization = model.get_layer(layer.normalization)
    gamma, beta, mean, variance = (np.asarray(weight, dtype=np.float64) for weight in normalization.get_weights())
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


def spatial_means(maps: list[Any]) -> NDArray[np.float64]:
    """Return (image, unit): each layer's maps, (image, ..., channel), averaged over positions, layers side by side."""
    means = [ops.mean(each, axis=tuple(range(1, len(each.shape) - 1))) for each in maps]
    return np.concatenate([np.asarray(mean, dtype=np.float64) for mean in means], axis=1)


def weight_norms(model: keras.Model, layers: tuple[HiddenLayer, ...]) -> NDArray[np.float64]:
    """Return the Euclidean norm of the weights that each unit reads its input by, without its bias: (unit,)."""
    kernels = [np.asarray(model.get_layer(layer.name).kernel, dtype=np.float64) for layer in layers]
    return np.concatenate([np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0) for kernel in kernels])


@functools.cache
def unit_labels(layers: tuple[HiddenLayer, ...]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the layer name and the channel of every unit, layers in order: two arrays of shape (unit,)."""
    names = np.concatenate([np.full(layer.n_units, layer.name, dtype=object) for layer in layers])
    channels = np.concatenate([np.arange(layer.n_units) for layer in layers])
    return names, channels

"""A network whose components are watched, intact and with units of a layer ablated: their peaks, and how they vary.

A component is one position of one feature map, or one dense unit. A network with ablated units is computed from the
ablated layer on, whatever passes beside that layer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.graph.model_graph import Graph
from study.networks.graph.parts import crossing, suffix_model
from study.vocabulary.schema import conditions

NEAR_MAXIMUM = 0.9


@dataclass(frozen=True)
class WatchedNetwork:
    """A network whose components are watched: compiled once a process, reused for every set of weights it is given.

    Attributes
    ----------
    layers
        The hidden layers that are watched.
    ablated
        Indices of the layers whose units may be ablated, in the network's order.
    behind
        For each of those the indices of the layers whose responses depend on it.
    sizes
        Number of components of each hidden layer.
    peaks
        (images, kept) -> each component's largest activation, (component,).
    variation
        (views, kept, peaks) -> index and coefficient of variation of every component that an image drives near its
        peak, both (pair,), and the number of images whose predicted class stays, (condition, shift).

    `kept`, one (set, unit) an ablated layer, is 1 where a unit is kept and 0 where its output is held at zero. On the
    flat axis of components stand those of the intact network, then for each ablated layer those of the layers behind it:
    (layer, set, component), the last fastest.
    """

    layers: tuple[HiddenLayer, ...]
    ablated: tuple[int, ...]
    behind: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]
    peaks: Callable[[NDArray[np.float32], list[NDArray[np.float32]]], Any]
    variation: Callable[[NDArray[np.float32], list[NDArray[np.float32]], NDArray[np.float32]], tuple[Any, Any, Any]]

    @property
    def conditions(self) -> tuple[str, ...]:
        """Return the names of the conditions, as `study.vocabulary.schema.conditions` has them."""
        return conditions([self.layers[index].name for index in self.ablated])

    @classmethod
    def of(cls, model: keras.Model, layers: tuple[HiddenLayer, ...], ablated: tuple[str, ...]) -> WatchedNetwork:
        """Return the watched network of `model`, where units of the layers named in `ablated` can be ablated.

        Raises
        ------
        ValueError
            When one of the names is no layer's.
        """
        names = [layer.name for layer in layers]
        if not set(ablated) <= set(names):
            raise ValueError(f"ablated = {', '.join(ablated)}: must be of {', '.join(names)}")
        graph = Graph(model)
        responses = [graph.tensor(layer.response) for layer in layers]
        chosen = tuple(index for index, name in enumerate(names) if name in ablated)
        crossings = [crossing(model, layers[index]) for index in chosen]
        behind = tuple(_behind(graph, layers, index) for index in chosen)
        whole = keras.Model(model.input, (responses, crossings, model.output), name="watched")
        parts = [
            suffix_model(model, layers[index], outputs=([responses[i] for i in reached], model.output))
            for index, reached in zip(chosen, behind, strict=True)
        ]
        sizes = tuple(int(np.prod(response.shape[1:])) for response in responses)
        peaks, variation = (
            backend.compiled(functools.partial(function, whole, parts)) for function in (_peaks, _variation)
        )
        return cls(layers, chosen, behind, sizes, peaks, variation)


def _behind(graph: Graph, layers: tuple[HiddenLayer, ...], ablated: int) -> tuple[int, ...]:
    """Return the indices of the layers whose responses depend on the output of one of them."""
    reached = {node.name for node in graph.behind(graph.tensor(layers[ablated].output))}
    return tuple(index for index, layer in enumerate(layers) if layer.response in reached)


def _networks(
    whole: keras.Model, parts: list[keras.Model], images: Any, kept: list[Any]
) -> Iterator[tuple[list[Any], Any]]:
    """Yield activations by layer and logits, sets times images: of the intact network, then behind each ablated layer."""
    responses, crossings, logits = whole(images, training=False)
    yield responses, logits
    for part, crossed, sets in zip(parts, crossings, kept, strict=True):
        intact, *beside = crossed if isinstance(crossed, (list, tuple)) else [crossed]
        ablated = ops.reshape(sets, (-1, *[1] * (len(intact.shape) - 1), intact.shape[-1])) * intact
        inputs = ops.reshape(ablated, (-1, *intact.shape[1:]))
        repeated = [ops.tile(tensor, (ops.shape(sets)[0], *[1] * (len(tensor.shape) - 1))) for tensor in beside]
        yield part([inputs, *repeated] if repeated else inputs, training=False)


def _peaks(whole: keras.Model, parts: list[keras.Model], images: Any, kept: list[Any]) -> Any:
    n_images, peaks = ops.shape(images)[0], []
    for responses, _ in _networks(whole, parts, images, kept):
        for response in responses:
            by_set = ops.reshape(response, (-1, n_images, np.prod(response.shape[1:])))
            peaks.append(ops.reshape(ops.max(by_set, axis=1), (-1,)))
    return ops.concatenate(peaks)


def _variation(
    whole: keras.Model, parts: list[keras.Model], views: Any, kept: list[Any], peaks: Any
) -> tuple[Any, Any, Any]:
    n_views, n_images = ops.shape(views)[:2]
    start, components, variations, unchanged = 0, [], [], []
    for responses, logits in _networks(whole, parts, ops.reshape(views, (-1, *views.shape[2:])), kept):
        for response in responses:
            by_view = ops.reshape(response, (-1, n_views, n_images, np.prod(response.shape[1:])))
            stop = start + ops.shape(by_view)[0] * by_view.shape[3]
            component, activations = near_maximum(by_view, peaks[start:stop])
            components.append(start + component)
            variations.append(coefficient_of_variation(activations))
            start = stop
        predicted = ops.reshape(ops.argmax(logits, axis=-1), (-1, n_views, n_images))
        unchanged.append(ops.sum(ops.cast(predicted[:, 1:] == predicted[:, :1], "int32"), axis=2))
    return ops.concatenate(components), ops.concatenate(variations), ops.concatenate(unchanged)


def near_maximum(activations: Any, peaks: Any) -> tuple[Any, Any]:
    """Return the components and their activations, (pair,) and (pair, view), for images that drive them near their peak.

    `activations` are (set, view, image, component), the unshifted view first; it decides, if it is above 90 % of the
    component's peak. `peaks` are (set times component,), and components are indices into them.
    """
    n_views, n_images, size = ops.shape(activations)[1:]
    near = activations[:, 0] > NEAR_MAXIMUM * ops.reshape(peaks, (-1, 1, size))
    pair = ops.nonzero(ops.reshape(near, (-1,)))[0]
    view = n_images * size
    unit_set = pair // view
    first = pair + unit_set * (n_views - 1) * view
    every = ops.take(ops.reshape(activations, (-1,)), first[:, None] + ops.arange(n_views) * view)
    return unit_set * size + pair % size, every


def coefficient_of_variation(activations: Any) -> Any:
    """Return the population standard deviation / mean of each row: (pair, view) to (pair,).

    None is negative and one of each row is above 0. In units of the largest, so that no square overflows.
    """
    relative = activations / ops.max(activations, axis=1, keepdims=True)
    mean = ops.mean(relative, axis=1, keepdims=True)
    return ops.sqrt(ops.mean(ops.square(relative - mean), axis=1)) / mean[:, 0]

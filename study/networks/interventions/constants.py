"""The constants that are best for the loss: what a set of units is held at for a network to miss them least.

Every weight is frozen; the constants of all units of a set are sought together, by the gradient of the loss. What the
layer behind computes before its activation is linear in its inputs, so where it can be (`study.networks.interventions.
superposition`) its part from the units that are not held is computed once an image, and each constant adds its own.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.graph.model_graph import Graph
from study.networks.graph.parts import suffix_model
from study.networks.interventions.clamped import bytes_of
from study.networks.interventions.superposition import (
    Behind,
    behind,
    contributions,
    logits_of_sums,
    total_contribution,
)

SCORED = 8  # batches, the first ones, that the loss is stored of while constants are sought
RATE = 0.1  # of the first step, in standard deviations of a unit's output; it falls to 0 as half a cosine
FIRST_MOMENT, SECOND_MOMENT, SMALL = 0.9, 0.99, 1e-8

Masks = NDArray[np.bool_]
Floats = NDArray[np.float64]
Batch = tuple[Any, NDArray[np.int64]]  # images, prepared for the sets, and their labels


@dataclass(frozen=True)
class HeldNetwork:
    """The network behind a layer, for sets of units that are held at constants: compiled once, whatever the weights.

    Attributes
    ----------
    suffix
        The model from the layer's activations, with what passes beside it, to the logits.
    gradients
        See `study.networks.backend.compiled_gradients`.
    part
        What follows the layer where it is superposed, else None.
    image_bytes, budget_bytes
        What is computed behind the layer for one image and set of units, and what may be held at once.
    """

    layer: HiddenLayer
    suffix: keras.Model
    gradients: Callable[..., tuple[Any, Any]]
    part: Behind | None
    image_bytes: int
    budget_bytes: int

    @classmethod
    def of(cls, model: keras.Model, layer: HiddenLayer, *, budget_bytes: int = sys.maxsize) -> HeldNetwork:
        """Return what lies behind a layer of a classifier that is read at its logits."""
        graph = Graph(model)
        try:
            part = behind(model, layer)
        except ValueError:  # no chain, or nothing linear next
            part = None
        suffix = suffix_model(model, layer)
        logits = functools.partial(_superposed, part) if part else functools.partial(_in_place, suffix, layer)
        size = bytes_of(graph.behind(graph.tensor(layer.output)))
        return cls(layer, suffix, backend.compiled_gradients(logits), part, size, budget_bytes)

    def held(self, activations: Any, mask: NDArray[np.bool_], value: Any = 0.0) -> Any:
        """Return the layer's activations, and what passes beside it, with the masked units at a value, (unit,) or one."""
        output, *beside = activations if isinstance(activations, (list, tuple)) else [activations]
        values = np.broadcast_to(np.asarray(value, np.float32), (self.layer.n_units,))
        replaced = ops.where(_spread(mask, output, self.layer), _spread(values, output, self.layer), output)
        return [replaced, *beside] if beside else replaced

    def prepared(self, activations: Any, masks: Masks) -> Any:
        """Return what `losses_and_gradients` takes for the layer's activations for some images, and what passes beside."""
        if self.part is None:
            return list(activations) if isinstance(activations, (list, tuple)) else [activations]
        kept = [total_contribution(self.part, self.held(activations, mask)) for mask in masks]
        ones = np.ones((1, *activations.shape[1:]), np.float32)
        return ops.stack(kept), contributions(self.part, ones)

    def losses_and_gradients(
        self, prepared: Any, masks: Masks, constants: Floats, labels: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """Return the mean cross-entropy of some images for each set, (set,), and its gradient in the constants.

        `masks` and `constants` are (set, unit), `prepared` is of those masks. Images and sets are taken in turn where they
        do not fit the budget together.
        """
        fit = max(1, self.budget_bytes // (6 * max(1, self.image_bytes)))
        n_images, n_sets = len(labels), len(masks)
        images, sets = min(n_images, fit), min(n_sets, max(1, fit // n_images))
        losses, gradients = np.zeros(n_sets), np.zeros(masks.shape)
        for first in range(0, n_sets, sets):
            rows = slice(first, first + sets)
            for start in range(0, n_images, images):
                chunk = slice(start, start + images)
                share = len(labels[chunk]) / n_images
                inputs = self._part_of(prepared, rows, chunk)
                values = constants[rows].astype(np.float32)
                loss, gradient = self.gradients(inputs, masks[rows], values, labels[chunk])
                losses[rows] += share * np.asarray(loss, np.float64)
                gradients[rows] += share * np.asarray(gradient, np.float64)
        return losses, np.where(masks, gradients, 0.0)

    def _part_of(self, prepared: Any, rows: slice, chunk: slice) -> Any:
        """Return what is prepared of some sets and images."""
        if self.part is None:
            return [tensor[chunk] for tensor in prepared]
        kept, added = prepared
        return kept[rows, chunk], added


def _superposed(part: Behind, inputs: tuple[Any, Any], held: Any, constants: Any) -> Any:
    """Return the logits from the sums of what is kept, (set, image, size), and what a unit of 1 adds, (unit, size)."""
    kept, added = inputs
    constant = ops.matmul(ops.where(held, constants, ops.zeros_like(constants)), added)
    return logits_of_sums(part, kept + constant[:, None])


def _in_place(suffix: keras.Model, layer: HiddenLayer, inputs: Any, held: Any, constants: Any) -> Any:
    """Return the logits from the layer's activations, whatever passes beside it."""
    output, *beside = inputs
    replaced = ops.where(_spread(held, output, layer), _spread(constants, output, layer), output[None])
    merged = ops.reshape(replaced, (-1, *output.shape[1:]))
    repeated = [ops.tile(tensor, (ops.shape(held)[0], *[1] * (len(tensor.shape) - 1))) for tensor in beside]
    return suffix([merged, *repeated] if repeated else merged, training=False)


def _spread(values: Any, output: Any, layer: HiddenLayer) -> Any:
    """Return values (..., unit) as they broadcast against the layer's output: (..., 1, 1, ..., unit, ...)."""
    shape = [1] * len(output.shape)
    shape[layer.channel_axis % len(shape)] = layer.n_units
    leading = [-1] if len(values.shape) == 2 else []
    return ops.reshape(values, (*leading, *shape))


def best_constants(
    network: HeldNetwork,
    batches: Sequence[Batch],
    masks: Masks,
    mean: Floats,
    sd: Floats,
    *,
    steps: int,
) -> tuple[Floats, Floats]:
    """Return the constants that are best for the loss on some images, and that loss as they were sought.

    Adam, each batch in its turn, every weight frozen; the search of a set begins at its units' means or at 0, whichever
    costs less. Nothing is drawn at random.

    Parameters
    ----------
    network
        What lies behind the layer.
    batches
        Images, from `HeldNetwork.prepared` for these masks, and their labels; batches of one size.
    masks
        (set, unit): the units that are held.
    mean, sd
        (unit,): of what each sends on; a step is measured in the standard deviation.
    steps
        How many.

    Returns
    -------
    constants
        (set, unit); 0 for a unit that is not held.
    losses
        (set, step), those of `study.vocabulary.schema.STEPS`: mean cross-entropy of the first `SCORED` batches, in nats.
    """
    scale = np.where(sd > 0, sd, 1.0)
    zero = np.zeros(masks.shape)
    at_zero, at_mean = (_mean_losses(network, batches, masks, start) for start in (zero, zero + mean))
    constants = np.where((at_mean < at_zero)[:, None], mean, 0.0)
    first, second, later = zero, zero, at_zero
    for step in range(steps):
        prepared, labels = batches[step % len(batches)]
        _, gradient = network.losses_and_gradients(prepared, masks, constants, labels)
        slope = gradient * scale
        first = FIRST_MOMENT * first + (1 - FIRST_MOMENT) * slope
        second = SECOND_MOMENT * second + (1 - SECOND_MOMENT) * slope**2
        direction = first / (1 - FIRST_MOMENT ** (step + 1))
        size = np.sqrt(second / (1 - SECOND_MOMENT ** (step + 1))) + SMALL
        rate = RATE * (1 + math.cos(math.pi * step / steps)) / 2
        constants = constants - rate * scale * direction / size
        if step + 1 == 3 * steps // 4:
            later = _mean_losses(network, batches, masks, constants)
    losses = np.stack([at_zero, at_mean, later, _mean_losses(network, batches, masks, constants)], axis=-1)
    return np.where(masks, constants, 0.0), losses


def _mean_losses(network: HeldNetwork, batches: Sequence[Batch], masks: Masks, constants: Floats) -> Floats:
    scored = [batches[place] for place in range(min(SCORED, len(batches)))]
    losses = [network.losses_and_gradients(prepared, masks, constants, labels)[0] for prepared, labels in scored]
    mean: Floats = np.mean(losses, axis=0)
    return mean

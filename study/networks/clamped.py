"""A network whose units can be held at other values, behind every hidden layer, and scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from study.networks import backend
from study.networks.superposition import Behind, behind, clamped, contributions, superposed
from study.networks.taps import HiddenLayer, outputs_model

MASKS_AT_ONCE = 32

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ClampedNetwork:
    """A network with what lies behind each layer compiled: made once a process, reused for every set of weights.

    Scores are the cross-entropy in nats and whether the class is right, 1 or 0, in this order on their first axis. A layer
    goes by its index.
    """

    model: keras.Model
    layers: tuple[HiddenLayer, ...]
    outputs: Callable[[NDArray[np.float32]], list[Any]]
    parts: tuple[Behind, ...]
    compiled_scores: tuple[Callable[[Any, NDArray[np.int64]], Any], ...]

    @classmethod
    def of(cls, model: keras.Model, layers: tuple[HiddenLayer, ...]) -> ClampedNetwork:
        """Return the clamped network of `model`."""
        parts = tuple(behind(model, layer) for layer in layers)
        scores = tuple(backend.compiled_scores_behind(part) for part in parts)
        return cls(model, layers, backend.compiled_forward(outputs_model(model, layers)), parts, scores)

    @property
    def n_classes(self) -> int:
        """Return the number of logits."""
        return int(self.model.output.shape[-1])

    def clamped(self, layer: int, activations: Any, mask: Mask, clamp: Any) -> Any:
        """Return the pre-activations behind a layer with its masked units, (unit,), held at `clamp`.

        `activations` is the layer's output for the images, (image, ..., unit); `clamp` broadcasts against it.
        """
        return clamped(self.parts[layer], activations, mask, clamp)

    def offset(self, layer: int, mask: Mask, clamp: NDArray[np.float32]) -> Any:
        """Return what holding the masked units at constants, (unit,), adds to the pre-activations with them held at 0."""
        output = self.model.get_layer(self.layers[layer].output).output
        nothing = np.zeros((1, *output.shape[1:]), dtype=np.float32)
        return self.clamped(layer, nothing, mask, clamp) - self.clamped(layer, nothing, mask, np.float32(0))

    def scores(self, layer: int, pre_activations: Any, labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the scores that follow from pre-activations behind a layer, images fastest: (score, set, image)."""
        repeated = np.tile(labels, len(pre_activations) // len(labels))
        scores = np.asarray(self.compiled_scores[layer](pre_activations, repeated), dtype=np.float64)
        return scores.reshape(2, -1, len(labels))

    def intact_scores(self, outputs: list[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the scores with no unit clamped, from every layer's output: (score, image)."""
        last = len(self.layers) - 1
        nobody = np.zeros(self.layers[last].n_units, dtype=bool)
        return self.scores(last, self.clamped(last, outputs[last], nobody, np.float32(0)), labels)[:, 0]

    def summed_scores(
        self, layer: int, activations: Any, masks: NDArray[np.bool_], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the scores summed over images for each of many masks, (mask, unit), held at output zero: (score, mask)."""
        part = self.parts[layer]
        added, kept = contributions(part, activations), (~masks).astype(np.float32)
        starts = range(0, len(kept), MASKS_AT_ONCE)
        pre_activations = (superposed(part, added, kept[start : start + MASKS_AT_ONCE]) for start in starts)
        return np.concatenate([self.scores(layer, each, labels).sum(axis=-1) for each in pre_activations], axis=1)

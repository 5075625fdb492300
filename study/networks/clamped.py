"""A network whose units can be held at other values, behind every hidden layer, and scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks import backend
from study.networks.superposition import Behind, behind, contributions, total_contribution
from study.networks.taps import HiddenLayer, outputs_model

MASKS_AT_ONCE = 32

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ClampedNetwork:
    """A network with what lies behind each layer compiled: made once a process, reused for every set of weights.

    Scores are the cross-entropy in nats and whether the class is right, 1 or 0, in this order on their first axis. A layer
    goes by its index; its activations are its output for some images, (image, ..., unit).
    """

    model: keras.Model
    layers: tuple[HiddenLayer, ...]
    outputs: Callable[[NDArray[np.float32]], list[Any]]
    parts: tuple[Behind, ...]
    superpositions: tuple[Callable[[Any, Any, NDArray[np.int64]], Any], ...]

    @classmethod
    def of(cls, model: keras.Model, layers: tuple[HiddenLayer, ...]) -> ClampedNetwork:
        """Return the clamped network of `model`."""
        parts = tuple(behind(model, layer) for layer in layers)
        superpositions = tuple(backend.compiled_superposition(part) for part in parts)
        return cls(model, layers, backend.compiled_forward(outputs_model(model, layers)), parts, superpositions)

    @property
    def n_classes(self) -> int:
        """Return the number of logits."""
        return int(self.model.output.shape[-1])

    def intact_scores(self, outputs: list[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the scores with no unit clamped, from every layer's activations: (score, image)."""
        last = len(self.layers) - 1
        nobody = np.zeros(self.layers[last].n_units, dtype=bool)
        return self.clamped_scores(last, outputs[last], nobody, [0], labels)[:, 0]

    def clamped_scores(
        self, layer: int, activations: Any, mask: Mask, clamps: Sequence[Any], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the scores with the masked units held at each of several clamps: (score, clamp, image).

        A clamp is anything that broadcasts against the activations: constants, (unit,), or other images' activations.
        """
        part = self.parts[layer]
        nothing = np.zeros((1, *activations.shape[1:]), dtype=np.float32)
        others = total_contribution(part, ops.where(mask, nothing, activations))  # of the units that are not held
        held = (total_contribution(part, ops.where(mask, clamp, nothing)) for clamp in clamps)
        # One clamp at a time: results then do not depend on which others there are, to the last bit.
        sums = (ops.reshape(others + each, (1, -1)) for each in held)
        return np.concatenate([self._scores(layer, each, np.ones((1, 1)), labels) for each in sums], axis=1)

    def summed_scores(
        self, layer: int, activations: Any, masks: NDArray[np.bool_], labels: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the scores summed over images for each of many masks, (mask, unit), held at output zero: (score, mask)."""
        added = contributions(self.parts[layer], activations)
        chunks = [~masks[start : start + MASKS_AT_ONCE] for start in range(0, len(masks), MASKS_AT_ONCE)]
        return np.concatenate([self._scores(layer, added, kept, labels).sum(axis=-1) for kept in chunks], axis=1)

    def _scores(self, layer: int, added: Any, kept: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(self.superpositions[layer](added, kept.astype(np.float32), labels), dtype=np.float64)

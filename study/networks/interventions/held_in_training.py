"""A network that goes on learning while some of its units are held at output zero.

What the next layer receives from a held unit is 0 in training as in evaluation, so that no gradient reaches it, and the
weights and biases behind it, and the moments, come to serve what is left. Another constant would make no other network:
what a constant adds to the layer behind is what its biases can learn, up to the edges of padded maps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer


@keras.saving.register_keras_serializable(package="study")
class KeptUnits(keras.layers.Layer):
    """Multiplies units on an axis by 1, or by 0 where they are held; the factors do not learn."""

    def __init__(self, channel_axis: int, **options: Any) -> None:
        super().__init__(**options)
        self.channel_axis = channel_axis

    def build(self, input_shape: Any) -> None:
        """Make the factors, one a unit: all are kept."""
        self.kept = self.add_weight(
            name="kept", shape=(input_shape[self.channel_axis],), initializer="ones", trainable=False
        )
        self.built = True

    def call(self, outputs: Any) -> Any:
        """Return the outputs of a layer, 0 where its units are held."""
        shape = [1] * len(outputs.shape)
        shape[self.channel_axis] = -1
        return outputs * ops.reshape(ops.cast(self.kept, outputs.dtype), shape)

    def get_config(self) -> dict[str, Any]:
        """Return what makes the layer again."""
        return {**super().get_config(), "channel_axis": self.channel_axis}


@dataclass(frozen=True)
class TrainableHeld:
    """A network with its own weights, of whose layers units can be held while it learns: compiled once.

    `train` and `scores` are those of `study.networks.backend`, of `model`.
    """

    model: keras.Model
    train: Callable[..., Any]
    scores: Callable[..., Any]
    kept: Mapping[str, KeptUnits]

    @classmethod
    def of(
        cls,
        model: keras.Model,
        layers: tuple[HiddenLayer, ...],
        optimizer: keras.optimizers.Optimizer,
        *,
        precision: str = "float32",
    ) -> TrainableHeld:
        """Return a flat model with units of some layers to hold; layers, weights and optimizer are the model's own."""
        kept = {layer.name: KeptUnits(layer.channel_axis, name=f"{layer.name}_kept") for layer in layers}
        behind = {layer.output: kept[layer.name] for layer in layers}

        def called(operation: Any, *args: Any, **options: Any) -> Any:
            outputs = operation(*args, **options)
            return behind[operation.name](outputs) if operation.name in behind else outputs

        held = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=called)
        train = backend.compiled_training(held, optimizer, precision=precision)
        return cls(held, train, backend.compiled_scores(held), kept)

    def hold(self, masks: Mapping[str, NDArray[np.bool_]]) -> None:
        """Hold the masked units, (unit,) by the layer's name, and no others."""
        for name, layer in self.kept.items():
            mask = masks.get(name, np.zeros(layer.kept.shape, bool))
            layer.kept.assign((~mask).astype(np.float32))

"""A network with everything compiled that is done with it: one for each process, whatever weights it holds."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from study.config import NetworkConfig
from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer, hidden_layers, named_layers, responses_model
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.architecture import architectures


@dataclass(frozen=True)
class Bench:
    """A network with everything compiled.

    Made once a process: compiling costs seconds, and the networks of a study differ only in their weights.
    """

    model: keras.Model
    layers: tuple[HiddenLayer, ...]
    optimizer: keras.optimizers.Optimizer
    train: Callable[..., Any]
    scores: Callable[..., Any]
    responses: Callable[..., list[Any]]
    clamped: ClampedNetwork

    def reset(self, learning_rate: float) -> None:
        """Forget the last network's training: moments and step count to zero."""
        for variable in self.optimizer.variables:
            variable.assign(np.zeros(variable.shape, dtype=variable.dtype))
        self.optimizer.learning_rate = learning_rate


@functools.lru_cache(maxsize=1)
def bench(
    config: NetworkConfig,
    image_shape: tuple[int, int, int],
    n_classes: int,
    *,
    precision: str = "float32",
) -> Bench:
    """Return this process' compiled network."""
    backend.configure_process()
    architecture = architectures()[config.architecture]
    model = architecture.build(config, image_shape=image_shape, n_classes=n_classes)
    layers = named_layers(hidden_layers(model), architecture.layers)
    optimizer = backend.FusedAdam()
    optimizer.build(model.trainable_variables)
    return Bench(
        model=model,
        layers=layers,
        optimizer=optimizer,
        train=backend.compiled_training(model, optimizer, precision=precision),
        scores=backend.compiled_scores(model),
        responses=backend.compiled_forward(responses_model(model, layers)),
        clamped=ClampedNetwork.of(model, layers),
    )

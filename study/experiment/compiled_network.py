"""A network with everything compiled that is done with it, and who keeps it for the next network."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from study.config import NetworkConfig
from study.networks import backend
from study.networks.graph.hidden_layers import HiddenLayer, hidden_layers, named_layers, responses_model
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.architecture import architectures


@dataclass(frozen=True)
class CompiledNetwork:
    """A network with everything compiled: its weights change, what is compiled stays.

    `compiled_by_name` holds what measurements compiled beside; see `once`.
    """

    model: keras.Model
    layers: tuple[HiddenLayer, ...]
    optimizer: keras.optimizers.Optimizer
    train: Callable[..., Any]
    scores: Callable[..., Any]
    responses: Callable[..., list[Any]]
    clamped: ClampedNetwork
    compiled_by_name: dict[Hashable, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, settings: NetworkConfig, image_shape: tuple[int, int, int], n_classes: int, *, precision: str = "float32"
    ) -> CompiledNetwork:
        """Return a network of the architecture that the settings name, compiled; it has no weights to speak of yet."""
        backend.configure_process()
        architecture = architectures()[settings.architecture]
        model = architecture.build(settings, image_shape=image_shape, n_classes=n_classes)
        layers = named_layers(hidden_layers(model), architecture.layers)
        optimizer = backend.FusedAdam()
        optimizer.build(model.trainable_variables)
        return cls(
            model=model,
            layers=layers,
            optimizer=optimizer,
            train=backend.compiled_training(model, optimizer, precision=precision),
            scores=backend.compiled_scores(model),
            responses=backend.compiled_forward(responses_model(model, layers)),
            clamped=ClampedNetwork.of(model, layers),
        )

    def reset(self, learning_rate: float) -> None:
        """Forget the last network's training: moments and step count to zero."""
        for variable in self.optimizer.variables:
            variable.assign(np.zeros(variable.shape, dtype=variable.dtype))
        self.optimizer.learning_rate = learning_rate

    def once(self, name: Hashable, compile_it: Callable[[], Any]) -> Any:
        """Return what a measurement compiles for this network, made when it is first asked for by that name."""
        if name not in self.compiled_by_name:
            self.compiled_by_name[name] = compile_it()
        return self.compiled_by_name[name]


class CompiledNetworks:
    """Keeps the network that was compiled last: compiling costs seconds, and most networks differ only in their weights.

    Whoever measures several networks one after the other, such as a worker process, owns one and passes it on.
    """

    def __init__(self) -> None:
        self._settings: tuple[Any, ...] = ()
        self._network: CompiledNetwork | None = None

    def of(
        self, settings: NetworkConfig, image_shape: tuple[int, int, int], n_classes: int, *, precision: str
    ) -> CompiledNetwork:
        """Return a compiled network: the last one where it was compiled for the same; see `CompiledNetwork.of`."""
        wanted = (settings, image_shape, n_classes, precision)
        if self._network is None or wanted != self._settings:
            self._network = CompiledNetwork.of(settings, image_shape, n_classes, precision=precision)
            self._settings = wanted
        return self._network

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
from study.networks.rearing.kernels import with_patterned_kernels
from study.vocabulary.architecture import architectures
from study.vocabulary.device import Device

MOST_KEPT = 2  # the study's network, and the one whose kernels are made of patterns


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
        cls,
        settings: NetworkConfig,
        image_shape: tuple[int, int, int],
        n_classes: int,
        *,
        precision: str = "float32",
        patterned: tuple[str, ...] = (),
        device: Device | None = None,
    ) -> CompiledNetwork:
        """Return a network of the architecture that the settings name, compiled; it has no weights to speak of yet.

        The kernels of the layers named in `patterned` are made of patterns, whatever these will be. This process computes
        on `device` from now on, the processor where it is None.
        """
        backend.configure_process(device or Device())
        architecture = architectures()[settings.architecture]
        model = architecture.build(settings, image_shape=image_shape, n_classes=n_classes)
        if patterned:
            model = with_patterned_kernels(model, patterned)
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
    """Keeps the networks that were compiled last: compiling costs seconds, and most networks differ only in their weights.

    Whoever measures several networks one after the other, such as a worker process, owns one and passes it on.
    """

    def __init__(self) -> None:
        self._networks: dict[Hashable, CompiledNetwork] = {}  # the one that was asked for last stands last

    def of(
        self,
        settings: NetworkConfig,
        image_shape: tuple[int, int, int],
        n_classes: int,
        *,
        precision: str,
        patterned: tuple[str, ...] = (),
        device: Device | None = None,
    ) -> CompiledNetwork:
        """Return a compiled network: a former one where it was compiled for the same; see `CompiledNetwork.of`."""
        device = device or Device()
        wanted = (settings, image_shape, n_classes, precision, patterned, device)
        network = self._networks.pop(wanted, None) or CompiledNetwork.of(
            settings, image_shape, n_classes, precision=precision, patterned=patterned, device=device
        )
        while len(self._networks) >= MOST_KEPT:
            del self._networks[next(iter(self._networks))]
        self._networks[wanted] = network
        return network

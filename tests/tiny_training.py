"""Training of the tiny network, compiled, and what it leaves compared bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from study.config import TrainingConfig
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.training import Checkpoints, TrainedNetwork, initialize, train_network
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers
from study.networks.rearing.kernels import with_patterned_kernels
from tests.tiny_network import tiny_network, tiny_partition


def tiny_compiled(*, patterned: tuple[str, ...] = ()) -> CompiledNetwork:
    """Return a compiled tiny network, kernels of the layers named in `patterned` made of patterns."""
    model = with_patterned_kernels(tiny_network(), patterned)
    optimizer = backend.FusedAdam()
    optimizer.build(model.trainable_variables)
    return CompiledNetwork(
        model,
        hidden_layers(model),
        optimizer,
        backend.compiled_training(model, optimizer),
        backend.compiled_scores(model),
        responses=None,
        clamped=None,
    )  # type: ignore[arg-type]


def trained(
    compiled: CompiledNetwork, *, root_seed: int = 0, network: str = "a", augmentation: str = "none", **options: Any
) -> TrainedNetwork:
    """Train the tiny network from its initial weights."""
    scores, partition = options.pop("scores", compiled.scores), options.pop("partition", tiny_partition())
    on_epoch = options.pop("on_epoch", lambda epoch, loss, accuracy: None)
    observe, beside = options.pop("observe", None), options.pop("beside", None)
    store, every = options.pop("store", None), options.pop("every", 1)
    bases = options.pop("bases", {})
    config = TrainingConfig(**({"epochs": 3, "batch_size": 16} | options))
    initialize(compiled.model, root_seed=root_seed, network=network, bases=bases)
    compiled.reset(config.learning_rate)
    return train_network(
        compiled.model,
        compiled.train,
        scores,
        partition,
        config,
        augmentation=augmentation,
        root_seed=root_seed,
        network=network,
        beside=beside,
        on_epoch=on_epoch,
        observe=observe,
        checkpoints=Checkpoints(every, compiled.optimizer.variables, store) if store else None,
    )


def assert_same_bits(first: TrainedNetwork, second: TrainedNetwork) -> None:
    """Assert that curves, weights and observations agree to the last bit."""
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.analysed_epoch == second.analysed_epoch
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    for seen, again in zip(first.observations, second.observations, strict=True):
        assert set(seen) == set(again)
        for name in seen:
            np.testing.assert_array_equal(seen[name], again[name])


class ScriptedModel:
    """Weights that count the training steps, in place of a network."""

    def __init__(self) -> None:
        self.steps = 0

    def get_weights(self) -> list[np.ndarray]:
        """Return the number of steps so far."""
        return [np.array([self.steps])]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Go back to an earlier number of steps."""
        self.steps = int(weights[0][0])

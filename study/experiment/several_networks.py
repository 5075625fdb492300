"""Several networks of an arm from images to labelled trees: measured one by one, trained together."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

from study.config import Config
from study.config.population import PlannedNetwork, training_of
from study.experiment.compiled_network import CompiledNetwork, CompiledNetworks
from study.experiment.one_network import Begun, Measured, Progress, begin, concluded, observing, told_of_training
from study.experiment.stacked_training import Trainee, train_networks
from study.experiment.training import CheckpointStore, DivergedError, Observation, TrainedNetwork, Weights
from study.images.preparation.split import Partition
from study.networks.backend import memory_told
from study.networks.stacked.stack import Stack

Conclusion = Callable[[], Measured]
REMEDY = "lower execution.networks_per_program, or execution.workers (--workers), of which several share a device"


@memory_told(REMEDY)
def train_together(
    places: Mapping[int, PlannedNetwork],
    config: Config,
    partition: Partition,
    n_classes: int,
    *,
    together: int,
    compiled_networks: CompiledNetworks,
    progress: Callable[[str], Progress],
    checkpoint: Callable[[str], CheckpointStore],
) -> dict[str, Conclusion]:
    """Train networks of an arm as one model, and return by key what measures each one, to be called one after the other.

    Parameters
    ----------
    places
        The networks by their places in the program, which may have more.
    config, partition, n_classes, compiled_networks
        As for `study.experiment.one_network.measure_network`.
    together
        How many places there are.
    progress, checkpoint
        A network's key to whom its progress is told, and to where its training goes on from and saves its state.

    Returns
    -------
    dict
        What is called raises `DivergedError` where the network's loss or a weight stopped being a number; it is measured
        on the weights of its own.
    """
    every = config.execution.checkpoint_epochs
    begun: dict[int, Begun] = {}
    trainees: dict[int, Trainee] = {}
    for place, planned in places.items():
        begun[place] = begin(
            planned, config, partition, n_classes, compiled_networks=compiled_networks, progress=progress(planned.key)
        )
        trainees[place] = _trainee(begun[place], checkpoint(planned.key) if every else None)
    compiled = next(iter(begun.values())).subject.compiled
    started = time.perf_counter()
    arm = next(iter(places.values())).arm
    outcomes = train_networks(
        _stack(compiled, together, config.training.precision),
        trainees,
        training_of(config, arm),
        root_seed=config.seed,
        checkpoint_epochs=every,
    )
    share = (time.perf_counter() - started) / len(places)
    return {
        planned.key: functools.partial(_conclude, begun[place], outcomes[place], share)
        for place, planned in places.items()
    }


def _stack(compiled: CompiledNetwork, together: int, precision: str) -> Stack:
    """Return a stack of networks like a compiled one, kept for the networks that follow."""
    stack: Stack = compiled.once(
        ("stack", together, precision),
        lambda: Stack.of(compiled.model, compiled.optimizer, together, precision=precision),
    )
    return stack


def _trainee(begun: Begun, checkpoint: CheckpointStore | None) -> Trainee:
    """Return a network that was begun, as it is trained; the model has its initial weights."""
    subject, observe = begun.subject, observing(begun.measurements, begun.subject)
    model: Any = subject.compiled.model

    def observed(weights: Weights) -> Observation:
        model.set_weights(weights)
        return observe() if observe else {}

    return Trainee(
        weights=model.get_weights(),
        partition=subject.partition,
        augmentation=subject.planned.augmentation,
        network=subject.planned.training_identity,
        on_images=told_of_training(subject),
        observe=observed if observe else None,
        checkpoint=checkpoint,
    )


@memory_told(REMEDY)
def _conclude(begun: Begun, outcome: TrainedNetwork | DivergedError, seconds: float) -> Measured:
    """Return what is measured on a trained network; `seconds` are its share of the training."""
    if isinstance(outcome, DivergedError):
        raise outcome
    begun.subject.compiled.model.set_weights(outcome.weights)
    begun.clock.add("train", seconds)
    return concluded(begun, outcome)

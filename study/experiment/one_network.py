"""One network from images to a labelled tree: initialise, measure, train, and measure what its arm asks for."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.config import Config
from study.config.population import (
    PlannedNetwork,
    patterned_layers,
    shaped_layers,
    training_images,
    training_of,
)
from study.experiment.compiled_network import CompiledNetworks
from study.experiment.labelled_tree import network_tree
from study.experiment.moments import normalised_by, normalising_images
from study.experiment.penalised_training import ShownGratings, penalised_training
from study.experiment.subjects import TrainedSubject
from study.experiment.training import Checkpoints, CheckpointStore, TrainedNetwork, initialize, train_network
from study.images.preparation.corruption import with_corrupted_labels
from study.images.preparation.split import Partition
from study.networks.backend import memory_told
from study.networks.rearing.patterns import basis
from study.tuning.gratings import gratings
from study.vocabulary.device import DEVICE
from study.vocabulary.measurement import Arrays, Measurement, stacked, taken_on
from study.vocabulary.schema import MEMORIZATION, NORMALISED, STATES
from study.vocabulary.seeding import stream

Progress = Callable[[str, float, str], None]  # (stage, share of it done, words)


@dataclass(frozen=True)
class Measured:
    """One network, measured.

    Attributes
    ----------
    tree
        As `study.vocabulary.schema` describes; the same bits for the same arguments on the same machine.
    seconds
        Seconds of training (`train`) and of each measurement; like what follows kept out of the tree, which must not
        depend on it.
    resumed_epoch
        The epoch whose checkpoint training went on from, 0 when it began at the beginning.
    trained_images
        How many training images were shown since, repetitions counted.
    """

    tree: xr.DataTree
    seconds: dict[str, float]
    resumed_epoch: int
    trained_images: int


@memory_told(
    "lower execution.workers (--workers), of which several share a device, or raise execution.gpu_memory if set"
)
def measure_network(
    planned: PlannedNetwork,
    config: Config,
    partition: Partition,
    n_classes: int,
    *,
    compiled_networks: CompiledNetworks,
    progress: Progress,
    checkpoint: CheckpointStore | None = None,
) -> Measured:
    """Return everything that is measured on one network of its arm.

    Parameters
    ----------
    planned
        Which network.
    config
        The study.
    partition
        Its images.
    n_classes
        Number of labels.
    compiled_networks
        Keeps the network that is compiled for this one, for the next.
    progress
        Called with the stage's name, the share of it that is done, and what is being done in words.
    checkpoint
        Where training goes on from and saves its state, every `config.execution.checkpoint_epochs` epochs (0: neither).
    """
    begun = begin(planned, config, partition, n_classes, compiled_networks=compiled_networks, progress=progress)
    trained = _trained(begun.measurements, begun.subject, planned, checkpoint)
    begun.clock.lap("train")
    return concluded(begun, trained)


@dataclass(frozen=True)
class Begun:
    """A network that is not trained yet, and what was measured on it: in its initial state, and normalised by images."""

    subject: TrainedSubject
    measurements: tuple[Measurement, ...]
    before: dict[str, Arrays]
    normalised: dict[str, Arrays]
    clock: Clock


def begin(
    planned: PlannedNetwork,
    config: Config,
    partition: Partition,
    n_classes: int,
    *,
    compiled_networks: CompiledNetworks,
    progress: Progress,
) -> Begun:
    """Return a network with its initial weights, measured; parameters are those of `measure_network`."""
    measurements, clock = taken_on(planned.arm, config, planned), Clock()
    untrained = _initialized(planned, config, partition, n_classes, compiled_networks, progress)
    before = _in_state(measurements, untrained, clock)
    return Begun(untrained, measurements, before, _normalised(measurements, untrained, clock), clock)


def concluded(begun: Begun, trained: TrainedNetwork) -> Measured:
    """Return everything that is measured on a network once it is trained; its model has the weights to analyse."""
    planned, clock = begun.subject.planned, begun.clock
    subject = dataclasses.replace(begun.subject, state=STATES[-1], training=trained)
    after = _in_state(begun.measurements, subject, clock)
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    for measurement in begun.measurements:
        name = measurement.name
        in_states = [arrays[name] for arrays in (begun.before, begun.normalised, after) if name in arrays]
        groups[name] = stacked(in_states) if in_states else {}
        if measurement.after_epoch is not None:
            groups[name] |= stacked([_of(name, observation) for observation in trained.observations])
        if measurement.once_analysed is not None:
            groups[name] |= measurement.once_analysed(subject, groups)
        clock.lap(name)
    shown_images = (trained.epochs - trained.resumed_epoch) * len(subject.partition.train_labels)
    attributes = planned.attributes | {
        "architecture": subject.config.network.architecture,
        DEVICE: subject.config.execution.computes_on.kind,
    }
    tree = network_tree(subject, groups, attributes)
    return Measured(tree, clock.seconds, trained.resumed_epoch, shown_images)


def _initialized(
    planned: PlannedNetwork,
    config: Config,
    partition: Partition,
    n_classes: int,
    compiled_networks: CompiledNetworks,
    progress: Progress,
) -> TrainedSubject:
    """Return the network with its initial weights, and the images and labels it learns from."""
    compiled = compiled_networks.of(
        config.network,
        partition.train_images.shape[1:],
        n_classes,
        precision=config.training.precision,
        patterned=patterned_layers(config, planned.arm),
        device=config.execution.computes_on,
    )
    initialize(compiled.model, root_seed=config.seed, network=planned.training_identity, bases=_bases(planned, config))
    training = training_of(config, planned.arm)
    compiled.reset(training.learning_rate)
    return TrainedSubject(
        config=config,
        planned=planned,
        partition=_learned_partition(planned, config, partition, n_classes),
        classes=np.arange(n_classes),
        epochs=training.epochs,
        compiled=compiled,
        gratings=gratings(partition.train_images.shape[1], contrast=config.probe.contrast),
        streams=functools.partial(stream, config.seed, planned.identity),
        report=progress,
    )


def _bases(planned: PlannedNetwork, config: Config) -> dict[str, NDArray[np.float64]]:
    """Return the patterns, (9, tap), that the network's condition of rearing makes kernels of, by layer.

    Networks that share a seed share a layer's patterns under one condition, whatever other layers it acts on.
    """
    return {
        layer: basis(
            planned.rearing, stream(config.seed, planned.training_identity, f"patterns/{planned.rearing}/{layer}")
        )
        for layer in shaped_layers(planned, config)
    }


def _learned_partition(planned: PlannedNetwork, config: Config, partition: Partition, n_classes: int) -> Partition:
    """Return the images and labels that the network learns from: fewer, and corrupted, in the memorization arm."""
    if planned.arm != MEMORIZATION:
        return partition
    return with_corrupted_labels(
        partition,
        rate=planned.label_corruption,
        n_classes=n_classes,
        n_train=training_images(config, planned.arm, len(partition.train_labels)),
        rng=stream(config.seed, planned.training_identity, "labels"),
    )


def _in_state(measurements: tuple[Measurement, ...], subject: TrainedSubject, clock: Clock) -> dict[str, Arrays]:
    """Return what is measured in every state, with the weights of one of them, by the measurement's name."""
    groups = {}
    for measurement in measurements:
        if measurement.in_state is not None:
            words = f"measuring {measurement.name}, {subject.state} weights".replace("_", " ")
            subject.report(measurement.name, 0.0, words)
            groups[measurement.name] = measurement.in_state(subject)
            clock.lap(measurement.name)
    return groups


def _normalised(measurements: tuple[Measurement, ...], untrained: TrainedSubject, clock: Clock) -> dict[str, Arrays]:
    """Return what is measured with the initial weights once their normalisation has seen images; then it has not."""
    wanted = tuple(measurement for measurement in measurements if measurement.normalised)
    if not wanted:
        return {}
    subject = dataclasses.replace(untrained, state=NORMALISED)
    with normalised_by(subject.compiled.model, normalising_images(subject)):
        return _in_state(wanted, subject, clock)


def _trained(
    measurements: tuple[Measurement, ...],
    subject: TrainedSubject,
    planned: PlannedNetwork,
    checkpoint: CheckpointStore | None,
) -> TrainedNetwork:
    """Train the network as its arm asks, and take what is measured before training and after each epoch."""
    config, compiled = subject.config, subject.compiled
    training, every = training_of(config, planned.arm), config.execution.checkpoint_epochs
    checkpoints = None
    if checkpoint is not None and every:
        checkpoints = Checkpoints(every, compiled.optimizer.variables, checkpoint)

    penalised = ShownGratings.of(planned, config, subject.partition.training_mean)
    return train_network(
        compiled.model,
        penalised_training(compiled, config) if penalised else compiled.train,
        compiled.scores,
        subject.partition,
        training,
        augmentation=planned.augmentation,
        root_seed=config.seed,
        network=planned.training_identity,
        beside=penalised,
        on_images=told_of_training(subject),
        observe=observing(measurements, subject),
        checkpoints=checkpoints,
    )


def told_of_training(subject: TrainedSubject) -> Callable[[int, float, float, float], None]:
    """Return what training calls within each epoch: it reports the epoch, loss and accuracy in words."""

    def on_images(epoch: int, share: float, loss: float, accuracy: float) -> None:
        words = f"training, epoch {epoch} of {subject.epochs}, loss {loss:.2f}, accuracy {accuracy:.2f}"
        subject.report("train", (epoch - 1 + share) / subject.epochs, words)

    return on_images


def observing(measurements: tuple[Measurement, ...], subject: TrainedSubject) -> Callable[[], Arrays] | None:
    """Return what training calls before it begins and after each epoch, or None where nothing is measured then."""
    if not any(measurement.after_epoch for measurement in measurements):
        return None

    def observe() -> Arrays:
        return {
            f"{measurement.name}/{variable}": array
            for measurement in measurements
            if measurement.after_epoch is not None
            for variable, array in measurement.after_epoch(subject).items()
        }

    return observe


def _of(name: str, observation: Arrays) -> Arrays:
    """Return one measurement's arrays of an observation, whose names begin with the measurement's."""
    return {key.removeprefix(f"{name}/"): array for key, array in observation.items() if key.startswith(f"{name}/")}


class Clock:
    """Adds up the seconds of named stages, those from one lap to the next."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a lap, of a stage."""
        self.add(stage, time.perf_counter() - self._last)

    def add(self, stage: str, seconds: float) -> None:
        """Add seconds to a stage that were measured elsewhere; the next lap begins."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        self._last = time.perf_counter()

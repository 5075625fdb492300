"""One network from images to a labelled tree: initialise, probe, train, probe again, ablate, shift."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import tuning
from study.config import Config
from study.config.population import PlannedNetwork, asked_variants, training_images, training_of
from study.experiment.compiled_network import Bench, bench
from study.experiment.halves import layer_halves
from study.experiment.labelled_tree import coordinates_by_group, network_tree, training_arrays
from study.experiment.measurements.ablation import ablation_arrays
from study.experiment.measurements.activity import activity_arrays
from study.experiment.measurements.shift_invariance import shift_arrays, silenced_halves
from study.experiment.measurements.tuning import grating_responses, tuning_arrays
from study.experiment.measurements.variants import target_losses, variant_arrays
from study.experiment.training import Checkpoints, CheckpointStore, TrainedNetwork, evaluate, initialize, train_network
from study.images.preparation.corruption import with_corrupted_labels
from study.images.preparation.split import Partition
from study.networks.graph.hidden_layers import unit_labels
from study.tuning.gratings import Gratings, gratings
from study.vocabulary.schema import ARM_GROUPS, MATURATION, MEMORIZATION
from study.vocabulary.seeding import stream

Progress = Callable[[str, float], None]
Streams = Callable[[str], np.random.Generator]


@dataclass(frozen=True)
class Measured:
    """One network, measured.

    Attributes
    ----------
    tree
        As `study.vocabulary.schema.GROUPS` describes; the same bits for the same arguments on the same machine.
    seconds
        Seconds of each stage; like what follows kept out of the tree, which must not depend on it.
    resumed_epoch
        The epoch whose checkpoint training went on from, 0 when it began at the beginning.
    trained_images
        How many training images were shown since, repetitions counted.
    """

    tree: xr.DataTree
    seconds: dict[str, float]
    resumed_epoch: int
    trained_images: int


def measure_network(
    planned: PlannedNetwork,
    config: Config,
    partition: Partition,
    n_classes: int,
    *,
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
    progress
        Called with the stage's name and the share of it that is done.
    checkpoint
        Where training goes on from and saves its state, every `config.execution.checkpoint_epochs` epochs (0: neither).
    """
    keras_bench = bench(
        config.network,
        partition.train_images.shape[1:],
        n_classes,
        precision=config.training.precision,
        silenced=config.shift_invariance.layers,
    )
    asked, training = ARM_GROUPS[planned.arm], training_of(config, planned.arm)
    own = _own_partition(planned, config, partition, n_classes)
    shown = gratings(partition.train_images.shape[1], contrast=config.probe.contrast)
    streams = functools.partial(stream, config.seed, planned.identity)
    initialize(keras_bench.model, root_seed=config.seed, network=planned.identity)
    keras_bench.reset(training.learning_rate)
    clock = _Clock()
    variants = asked_variants(config, planned.arm)
    probed = functools.partial(_probed, keras_bench, shown, own, config, variants, streams, clock)
    states = [probed("initial")] if "tuning" in asked else []
    clock.lap("probe")
    trained = _trained(keras_bench, shown, own, config, planned, progress, checkpoint)
    clock.lap("train")
    states += [probed("analysed")] if "tuning" in asked else []
    clock.lap("probe")
    final = {
        part: evaluate(keras_bench.scores, images, labels, own.training_mean)
        for part, images, labels in (
            ("train", own.train_images, own.train_labels),
            ("test", own.test_images, own.test_labels),
        )
    }
    clock.lap("evaluate")
    groups = {"training": training_arrays(trained, final)}
    if "maturation" in asked:
        groups["maturation"] = {"gosi": np.stack(trained.observations)}
    if "tuning" in asked:
        groups["tuning"] = _stacked([state.tuning for state in states])
    if "responses" in asked:
        groups["responses"] = {"response": np.stack([state.responses for state in states])}
    if "ablation" in asked:
        gosi = states[1].tuning["gosi"]
        groups |= _intervened(keras_bench, own, gosi, final["test"], config, streams, progress, clock)
    if variants:
        losses = target_losses(
            keras_bench.clamped,
            own,
            states[1].variants["gosi"],
            variants,
            config.ablation.layers,
            null_images=null_image_indices(config, len(own.test_labels)),
            streams=streams,
        )
        groups["variants"] = _stacked([state.variants for state in states]) | {"target_loss": losses}
        clock.lap("variants")
    coords = coordinates_by_group(config, planned.arm, keras_bench.layers, shown, n_classes)
    shown_images = (training.epochs - trained.resumed_epoch) * len(own.train_labels)
    return Measured(network_tree(planned, groups, coords), clock.seconds, trained.resumed_epoch, shown_images)


def _own_partition(planned: PlannedNetwork, config: Config, partition: Partition, n_classes: int) -> Partition:
    """Return the images and labels that the network learns from: fewer, and corrupted, in the memorization arm."""
    if planned.arm != MEMORIZATION:
        return partition
    return with_corrupted_labels(
        partition,
        rate=planned.label_corruption,
        n_classes=n_classes,
        n_train=training_images(config, planned.arm, len(partition.train_labels)),
        rng=stream(config.seed, planned.identity, "labels"),
    )


def _trained(
    keras_bench: Bench,
    shown: Gratings,
    partition: Partition,
    config: Config,
    planned: PlannedNetwork,
    progress: Progress,
    checkpoint: CheckpointStore | None,
) -> TrainedNetwork:
    """Train the network as its arm asks; one of the maturation arm is probed before training and after each epoch."""
    training, every = training_of(config, planned.arm), config.execution.checkpoint_epochs
    checkpoints = None
    if checkpoint is not None and every:
        checkpoints = Checkpoints(every, keras_bench.optimizer.variables, checkpoint)

    def selectivity() -> NDArray[np.float32]:
        responses = _responses(keras_bench, shown, partition, config)
        return tuning.gosi(tuning.tuning_curve(responses)[0]).astype(np.float32)

    return train_network(
        keras_bench.model,
        keras_bench.train,
        keras_bench.scores,
        partition,
        training,
        augmentation=planned.augmentation,
        root_seed=config.seed,
        network=planned.identity,
        on_epoch=lambda epoch, loss, accuracy: progress("train", epoch / training.epochs),
        observe=selectivity if planned.arm == MATURATION else None,
        checkpoints=checkpoints,
    )


class _Clock:
    """Adds up the seconds of named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now


def null_image_indices(config: Config, n_test: int) -> np.ndarray:
    """Return the test images the ablation null is measured on, the same for every network of the study."""
    rng = stream(config.seed, "study", "null images")
    return np.sort(rng.permutation(n_test)[: config.ablation.null_images])


def _responses(keras_bench: Bench, shown: Gratings, partition: Partition, config: Config) -> NDArray[np.float32]:
    return grating_responses(
        keras_bench.responses, shown, training_mean=partition.training_mean, readout=config.probe.readout
    )


@dataclass(frozen=True)
class _Probe:
    """What gratings say of a network in one state: the registered reading, and the variants where any are asked for."""

    responses: NDArray[np.float32]
    tuning: dict[str, np.ndarray]
    variants: dict[str, np.ndarray]


def _probed(
    keras_bench: Bench,
    shown: Gratings,
    partition: Partition,
    config: Config,
    variants: tuple[str, ...],
    streams: Streams,
    clock: _Clock,
    state: str,
) -> _Probe:
    responses = _responses(keras_bench, shown, partition, config)
    unit_layers = unit_labels(keras_bench.layers)[0]
    arrays = tuning_arrays(responses, shown, unit_layers, config.probe, rng=streams(f"shuffle/{state}"))
    clock.lap("probe")
    if not variants:
        return _Probe(responses, arrays, {})
    others = variant_arrays(
        keras_bench.responses,
        keras_bench.model,
        keras_bench.layers,
        variants,
        state=state,
        training_mean=partition.training_mean,
        n_permutations=config.multiverse.permutations,
        streams=streams,
    )
    clock.lap("variants")
    return _Probe(responses, arrays, others)


def _stacked(states: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return arrays by name with a leading dimension `state`."""
    return {name: np.stack([arrays[name] for arrays in states]) for name in states[0]}


def _intervened(
    keras_bench: Bench,
    partition: Partition,
    gosi: NDArray[np.float64],
    baseline: tuple[float, float],
    config: Config,
    streams: Streams,
    progress: Progress,
    clock: _Clock,
) -> dict[str, dict[str, np.ndarray]]:
    """Return what units do on photographs, and what becomes of the network when halves of a layer are silenced."""
    model, layers = keras_bench.model, keras_bench.layers
    halves = layer_halves(gosi, layers, rng=streams("ties"))
    activity = activity_arrays(keras_bench.responses, model, layers, partition)
    clock.lap("activity")
    ablation = ablation_arrays(
        keras_bench.clamped,
        partition,
        gosi,
        halves,
        activity,
        config.ablation,
        baseline=baseline,
        null_images=null_image_indices(config, len(partition.test_labels)),
        streams=streams,
        on_progress=functools.partial(progress, "ablate"),
    )
    clock.lap("ablate")
    sets = silenced_halves(keras_bench.watched, gosi, halves, rng=streams("shift"))
    shift = shift_arrays(
        keras_bench.watched,
        partition,
        sets,
        test_images=config.shift_invariance.test_images,
        on_progress=functools.partial(progress, "shift"),
    )
    clock.lap("shift")
    return {"activity": activity, "ablation": ablation, "shift_invariance": shift}

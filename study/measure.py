"""One network from images to a labelled tree: initialise, probe, train, probe again, ablate, shift."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import tuning
from study.ablate import ablation_arrays
from study.activity import activity_arrays
from study.bench import Bench, bench
from study.config import Config
from study.halves import layer_halves
from study.images.corruption import with_corrupted_labels
from study.images.split import Partition
from study.networks.taps import unit_labels
from study.plan import PlannedNetwork, training_images, training_of
from study.probe import coordinates, grating_responses, tuning_arrays
from study.schema import (
    ARM_GROUPS,
    CONTROLS,
    FRACTIONS,
    HALVES,
    MATURATION,
    MEMORIZATION,
    ORDERS,
    SCHEMA_VERSION,
    SHIFTS,
    STATES,
    TARGETS,
    described,
)
from study.seeding import stream
from study.shift import shift_arrays, silenced_halves
from study.stimuli import Gratings, gratings
from study.train import Checkpoints, CheckpointStore, TrainedNetwork, evaluate, initialize, train_network

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Measured:
    """One network, measured.

    Attributes
    ----------
    tree
        As `study.schema.GROUPS` describes; the same bits for the same arguments on the same machine.
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
        config.network, partition.train_images.shape[1:], n_classes, precision=config.training.precision,
        silenced=config.shift_invariance.layers,
    )  # fmt: skip
    asked, training = ARM_GROUPS[planned.arm], training_of(config, planned.arm)
    own = _own_partition(planned, config, partition, n_classes)
    shown = gratings(partition.train_images.shape[1], contrast=config.probe.contrast)
    initialize(keras_bench.model, root_seed=config.seed, network=planned.identity)
    keras_bench.reset(training.learning_rate)
    clock = _Clock()
    probed = functools.partial(_probed, keras_bench, shown, own, config, planned)
    states = [probed("initial")] if "tuning" in asked else []
    clock.lap("probe")
    trained = _trained(keras_bench, shown, own, config, planned, progress, checkpoint)
    clock.lap("train")
    states += [probed("analysed")] if "tuning" in asked else []
    clock.lap("probe")
    final = {
        part: evaluate(keras_bench.scores, images, labels, own.training_mean)
        for part, images, labels in (
            ("train", own.train_images, own.train_labels), ("test", own.test_images, own.test_labels)
        )
    }  # fmt: skip
    clock.lap("evaluate")
    coords = _coordinates(keras_bench, shown, config, n_classes)
    groups = {"training": _training_group(trained, final, training.epochs)}
    if "maturation" in asked:
        epochs = {**coords, "epoch": np.arange(training.epochs + 1)}
        groups["maturation"] = described("maturation", {"gosi": np.stack(trained.observations)}, epochs)
    if "tuning" in asked:
        arrays = {name: np.stack([values[name] for _, values in states]) for name in states[0][1]}
        groups["tuning"] = described("tuning", arrays, coords)
    if "responses" in asked:
        groups["responses"] = described("responses", {"response": np.stack([tensor for tensor, _ in states])}, coords)
    if "ablation" in asked:
        gosi = states[1][1]["gosi"]
        arrays_by_group = _intervened(keras_bench, own, gosi, final["test"], config, planned, progress, clock)
        chosen = [layer.name for layer in keras_bench.layers if layer.name in config.ablation.layers]
        for name, arrays in arrays_by_group.items():
            groups[name] = described(name, arrays, {**coords, "layer": chosen} if name == "ablation" else coords)
    shown_images = (training.epochs - trained.resumed_epoch) * len(own.train_labels)
    return Measured(_tree(planned, groups), clock.seconds, trained.resumed_epoch, shown_images)


def _own_partition(planned: PlannedNetwork, config: Config, partition: Partition, n_classes: int) -> Partition:
    """Return the images and labels that the network learns from: fewer, and corrupted, in the memorization arm."""
    if planned.arm != MEMORIZATION:
        return partition
    return with_corrupted_labels(
        partition, rate=planned.label_corruption, n_classes=n_classes,
        n_train=training_images(config, planned.arm, len(partition.train_labels)),
        rng=stream(config.seed, planned.identity, "labels"),
    )  # fmt: skip


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
        keras_bench.model, keras_bench.train, keras_bench.scores, partition, training,
        augmentation=planned.augmentation, root_seed=config.seed, network=planned.identity,
        on_epoch=lambda epoch, loss, accuracy: progress("train", epoch / training.epochs),
        observe=selectivity if planned.arm == MATURATION else None, checkpoints=checkpoints,
    )  # fmt: skip


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


def _probed(
    keras_bench: Bench, shown: Gratings, partition: Partition, config: Config, planned: PlannedNetwork, state: str
) -> tuple[NDArray[np.float32], dict[str, np.ndarray]]:
    responses = _responses(keras_bench, shown, partition, config)
    rng = stream(config.seed, planned.identity, f"shuffle/{state}")
    return responses, tuning_arrays(responses, shown, unit_labels(keras_bench.layers)[0], config.probe, rng=rng)


def _intervened(
    keras_bench: Bench,
    partition: Partition,
    gosi: NDArray[np.float64],
    baseline: tuple[float, float],
    config: Config,
    planned: PlannedNetwork,
    progress: Progress,
    clock: _Clock,
) -> dict[str, dict[str, np.ndarray]]:
    """Return what units do on photographs, and what becomes of the network when halves of a layer are silenced."""
    model, layers = keras_bench.model, keras_bench.layers
    streams = functools.partial(stream, config.seed, planned.identity)
    halves = layer_halves(gosi, layers, rng=streams("ties"))
    activity = activity_arrays(keras_bench.responses, model, layers, partition)
    clock.lap("activity")
    ablation = ablation_arrays(
        keras_bench.clamped, partition, gosi, halves, activity, config.ablation, baseline=baseline,
        null_images=null_image_indices(config, len(partition.test_labels)), streams=streams,
        on_progress=functools.partial(progress, "ablate"),
    )  # fmt: skip
    clock.lap("ablate")
    sets = silenced_halves(keras_bench.watched, gosi, halves, rng=streams("shift"))
    shift = shift_arrays(
        keras_bench.watched, partition, sets, test_images=config.shift_invariance.test_images,
        on_progress=functools.partial(progress, "shift"),
    )  # fmt: skip
    clock.lap("shift")
    return {"activity": activity, "ablation": ablation, "shift_invariance": shift}


def _coordinates(keras_bench: Bench, shown: Gratings, config: Config, n_classes: int) -> dict[str, Any]:
    """Return the labels of every dimension but `epoch`."""
    layers = keras_bench.layers
    unit_layer, channel = unit_labels(layers)
    return {
        "state": list(STATES), "unit": np.arange(len(channel)), "unit_layer": ("unit", unit_layer),
        "channel": ("unit", channel), "layer": [layer.name for layer in layers], **coordinates(shown),
        "clamp": list(config.ablation.clamps), "target": list(TARGETS), "half": list(HALVES),
        "draw": np.arange(config.ablation.null_draws), "class": np.arange(n_classes), "control": list(CONTROLS),
        "order": list(ORDERS), "fraction": np.array(FRACTIONS), "shift": list(SHIFTS),
        "condition": list(keras_bench.watched.conditions),
    }  # fmt: skip


def _training_group(trained: TrainedNetwork, final: dict[str, tuple[float, float]], epochs: int) -> xr.Dataset:
    arrays = {
        "train_loss": trained.train_loss, "train_accuracy": trained.train_accuracy,
        "validation_loss": trained.validation_loss, "validation_accuracy": trained.validation_accuracy,
        "analysed_epoch": np.array(trained.analysed_epoch),
        "final_train_loss": np.array(final["train"][0]), "final_train_accuracy": np.array(final["train"][1]),
        "test_loss": np.array(final["test"][0]), "test_accuracy": np.array(final["test"][1]),
    }  # fmt: skip
    return described("training", arrays, {"epoch": np.arange(1, epochs + 1)})


def _tree(planned: PlannedNetwork, groups: dict[str, xr.Dataset]) -> xr.DataTree:
    tree = xr.DataTree.from_dict({f"/{name}": groups[name] for name in ARM_GROUPS[planned.arm]})
    tree.attrs = {"schema_version": SCHEMA_VERSION, "key": planned.key, "arm": planned.arm,
                  "augmentation": planned.augmentation, "label_corruption": planned.label_corruption,
                  "seed": planned.seed, "initialization_set": planned.initialization_set}  # fmt: skip
    return tree

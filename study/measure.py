"""One network from images to a labelled tree: initialise, probe, train, probe again, ablate."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import xarray as xr

from study.ablate import ClampedNetwork, ablation_arrays
from study.config import Config, NetworkConfig
from study.images.split import Partition
from study.networks import backend
from study.networks.cnn7 import cnn7
from study.networks.taps import HiddenLayer, hidden_layers, responses_model, unit_labels
from study.plan import PlannedNetwork
from study.probe import coordinates, grating_responses, tuning_arrays
from study.schema import HALVES, SCHEMA_VERSION, STATES, TARGETS, described
from study.seeding import stream
from study.stimuli import Gratings, gratings
from study.train import Checkpoints, CheckpointStore, TrainedNetwork, evaluate, initialize, train_network

Progress = Callable[[str, float], None]


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
    config: NetworkConfig, image_shape: tuple[int, int, int], n_classes: int, *, precision: str = "float32"
) -> Bench:
    """Return this process' compiled network."""
    backend.configure_process()
    model = cnn7(config, image_shape=image_shape, n_classes=n_classes)
    layers = hidden_layers(model)
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


def measure_network(
    planned: PlannedNetwork,
    config: Config,
    partition: Partition,
    n_classes: int,
    *,
    progress: Progress,
    checkpoint: CheckpointStore | None = None,
) -> tuple[xr.DataTree, dict[str, float], int]:
    """Return everything measured on one network, and how long each stage took.

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

    Returns
    -------
    tree
        As `study.schema.GROUPS` describes; the same bits for the same arguments on the same machine.
    seconds
        Seconds of each stage; kept out of the tree, which must not depend on them.
    resumed_epoch
        The epoch whose checkpoint training went on from, 0 when it began at the beginning; kept out for the same reason.
    """
    keras_bench = bench(
        config.network, partition.train_images.shape[1:], n_classes, precision=config.training.precision
    )
    shown = gratings(partition.train_images.shape[1], contrast=config.probe.contrast)
    initialize(keras_bench.model, root_seed=config.seed, network=planned.identity)
    keras_bench.reset(config.training.learning_rate)
    every, checkpoints = config.execution.checkpoint_epochs, None
    if checkpoint is not None and every:
        checkpoints = Checkpoints(every, keras_bench.optimizer.variables, checkpoint)
    clock = _Clock()
    states = [_probed(keras_bench, shown, partition, config, planned, "initial")]
    clock.lap("probe")
    trained = train_network(
        keras_bench.model, keras_bench.train, keras_bench.scores, partition, config.training,
        augmentation=planned.augmentation, root_seed=config.seed, network=planned.identity,
        on_epoch=lambda epoch, loss, accuracy: progress("train", epoch / config.training.epochs),
        checkpoints=checkpoints,
    )  # fmt: skip
    clock.lap("train")
    states.append(_probed(keras_bench, shown, partition, config, planned, "analysed"))
    clock.lap("probe")
    final = {
        part: evaluate(keras_bench.scores, images, labels, partition.training_mean)
        for part, images, labels in (
            ("train", partition.train_images, partition.train_labels),
            ("test", partition.test_images, partition.test_labels),
        )
    }
    clock.lap("evaluate")
    ablation = ablation_arrays(
        keras_bench.clamped, partition, states[1][1]["gosi"], config.ablation, baseline=final["test"],
        null_images=null_image_indices(config, len(partition.test_labels)),
        rng=stream(config.seed, planned.identity, "ablation"), on_progress=lambda share: progress("ablate", share),
    )  # fmt: skip
    clock.lap("ablate")
    tree = _tree(planned, config, keras_bench.layers, shown, trained, final, states, ablation)
    return tree, clock.seconds, trained.resumed_epoch


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


def _probed(
    keras_bench: Bench, shown: Gratings, partition: Partition, config: Config, planned: PlannedNetwork, state: str
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    responses = grating_responses(
        keras_bench.responses, shown, training_mean=partition.training_mean, readout=config.probe.readout
    )
    rng = stream(config.seed, planned.identity, f"shuffle/{state}")
    return responses, tuning_arrays(responses, shown, unit_labels(keras_bench.layers)[0], config.probe, rng=rng)


def _tree(
    planned: PlannedNetwork,
    config: Config,
    layers: tuple[HiddenLayer, ...],
    shown: Gratings,
    trained: TrainedNetwork,
    final: dict[str, tuple[float, float]],
    states: list[tuple[np.ndarray, dict[str, np.ndarray]]],
    ablation: dict[str, np.ndarray],
) -> xr.DataTree:
    unit_layer, channel = unit_labels(layers)
    tuned = {"state": list(STATES), "unit": np.arange(len(channel)), "unit_layer": ("unit", unit_layer),
             "channel": ("unit", channel), "layer": [layer.name for layer in layers], **coordinates(shown)}  # fmt: skip
    ablated = {**tuned, "layer": [layer.name for layer in layers if layer.name in config.ablation.layers],
               "clamp": list(config.ablation.clamps), "target": list(TARGETS), "half": list(HALVES),
               "draw": np.arange(config.ablation.null_draws)}  # fmt: skip
    training = {
        "train_loss": trained.train_loss, "train_accuracy": trained.train_accuracy,
        "validation_loss": trained.validation_loss, "validation_accuracy": trained.validation_accuracy,
        "analysed_epoch": np.array(trained.analysed_epoch),
        "final_train_loss": np.array(final["train"][0]), "final_train_accuracy": np.array(final["train"][1]),
        "test_loss": np.array(final["test"][0]), "test_accuracy": np.array(final["test"][1]),
    }  # fmt: skip
    tuning = {name: np.stack([arrays[name] for _, arrays in states]) for name in states[0][1]}
    groups = {
        "training": described("training", training, {"epoch": np.arange(1, config.training.epochs + 1)}),
        "tuning": described("tuning", tuning, tuned),
        "responses": described("responses", {"response": np.stack([tensor for tensor, _ in states])}, tuned),
        "ablation": described("ablation", ablation, ablated),
    }
    tree = xr.DataTree.from_dict({f"/{name}": dataset for name, dataset in groups.items()})
    tree.attrs = {"schema_version": SCHEMA_VERSION, "key": planned.key, "arm": planned.arm,
                  "augmentation": planned.augmentation, "label_corruption": planned.label_corruption,
                  "seed": planned.seed, "initialization_set": planned.initialization_set}  # fmt: skip
    return tree

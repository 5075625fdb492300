"""Populations of planted networks, put through the real measurement, the real store and the real analysis."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from study import analysis
from study.analysis.results import HypothesisResult
from study.config import Config, resolve
from study.measure import bench, measure_network
from study.plan import PlannedNetwork, planned_networks
from study.store import StudyFolder, compact, open_study, publish_network
from study.train import TrainingState
from tests.example_study import only
from tests.planted.filters import N_CLASSES, planted_filters
from tests.planted.images import cued_partition
from tests.planted.networks import PlantedNetwork, plant, planted_network

N_SIGNALS = 32
CONTRAST = 0.25
SETTINGS = (
    "training.epochs=1", "maturation.seeds=0", "memorization.seeds=0", "replication.seeds=0", "probe.permutations=100",
    "ablation.layers=conv2,conv3", "ablation.null_draws=40", "ablation.null_images=64", "shift_invariance.layers=conv2",
    "shift_invariance.test_images=8", "execution.checkpoint_epochs=1",
)  # fmt: skip
AUGMENTATIONS = ("none", "shift", "flip", "shift_flip")
Design = Callable[[PlannedNetwork, np.random.Generator], PlantedNetwork]


@dataclasses.dataclass(frozen=True)
class Population:
    """Planted networks by key, and the study that was made of them."""

    networks: Mapping[str, PlantedNetwork]
    study: xr.DataTree

    def of(self, group: str) -> xr.Dataset:
        """Return a group of the compacted study."""
        return self.study[group].to_dataset()


class Finished:
    """A checkpoint that says that training is over and which weights it found."""

    def __init__(self, config: Config, weights: list[np.ndarray], optimizer: Sequence[Any]) -> None:
        """Keep the weights; the curves of the training that never was hold what guessing scores."""
        epochs = config.training.epochs
        guessing = [np.log(N_CLASSES), 1 / N_CLASSES]
        curves = np.repeat(np.array(guessing * 2)[:, None], epochs, axis=1)
        moments = [variable.numpy() for variable in optimizer]
        self._state = TrainingState(epochs, curves, epochs, 0.0, weights, weights, moments, [])

    def load(self) -> dict[str, np.ndarray]:
        """Return the state after the last epoch."""
        return self._state.arrays()

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Refuse: nothing is left to train."""
        raise AssertionError("a planted network was trained")


def population(design: Design, place: Path, *, name: str, augmentations: str, seeds: int) -> Population:
    """Measure, publish, compact and open a study of planted networks.

    `design` gives each planned network its weights and images.
    """
    assignments = (*SETTINGS, f"population.augmentations={augmentations}", f"population.seeds={seeds}")
    config = resolve("quick", assignments=assignments)
    folder = StudyFolder(place)
    networks = {}
    for number, planned in enumerate(planned_networks(config, fingerprint=name)):
        network = design(planned, np.random.default_rng([number, len(name)]))
        publish_network(folder, planned.key, _measured(planned, config, network))
        networks[planned.key] = network
    compact(folder, list(networks), {})
    with open_study(folder.compacted) as study:
        return Population(networks, study.load())


def _measured(planned: PlannedNetwork, config: Config, network: PlantedNetwork) -> xr.DataTree:
    shape = network.partition.train_images.shape[1:]
    own = bench(
        config.network, shape, N_CLASSES, precision=config.training.precision, silenced=config.shift_invariance.layers
    )
    plant(own.model, network)
    finished = Finished(config, own.model.get_weights(), own.optimizer.variables)
    found = measure_network(
        planned, config, network.partition, N_CLASSES, progress=lambda stage, share: None, checkpoint=finished
    )
    assert found.trained_images == 0
    return found.tree


def oriented_reading(planned: PlannedNetwork, rng: np.random.Generator) -> PlantedNetwork:
    """Return a network whose images and read-out hang on orientation alone.

    Within an augmentation, more oriented signals make for a lower test loss. Between augmentations it is the other way
    round: where there are more of them the read-out is weaker.
    """
    group = AUGMENTATIONS.index(planned.augmentation)
    n_oriented = 6 + 2 * group + 2 * planned.seed
    filters = planted_filters(rng, n_oriented=n_oriented, n_unoriented=N_SIGNALS - n_oriented, threshold=0.3)
    partition = _images("orientation", rng)
    return planted_network(filters, partition, filters.oriented, scale=(12.0, 8.0, 6.0, 3.2)[group])


def colour_reading(planned: PlannedNetwork, rng: np.random.Generator) -> PlantedNetwork:
    """Return a network whose images and read-out hang on colour alone; oriented signals end in the third layer."""
    filters = _half_oriented(rng)
    unoriented = ~filters.oriented
    return planted_network(filters, _images("colour", rng), unoriented, scale=6.0, sent_on=unoriented)


def equal_reading(planned: PlannedNetwork, rng: np.random.Generator) -> PlantedNetwork:
    """Return a network that reads, for each class, two oriented and two unoriented signals; images have both cues."""
    filters = _half_oriented(rng)
    causal = np.arange(N_SIGNALS) % (N_SIGNALS // 2) < 2 * N_CLASSES
    return planted_network(filters, _images("both", rng), causal, scale=6.0)


def random_reading(planned: PlannedNetwork, rng: np.random.Generator) -> PlantedNetwork:
    """Return a network that reads, for each class, four signals drawn at random, oriented or not, of the eight."""
    filters = _half_oriented(rng)
    causal = np.zeros(N_SIGNALS, dtype=bool)
    for own in (np.flatnonzero(filters.classes == label) for label in range(N_CLASSES)):
        causal[rng.choice(own, len(own) // 2, replace=False)] = True
    return planted_network(filters, _images("both", rng), causal, scale=6.0)


def _half_oriented(rng: np.random.Generator) -> Any:
    return planted_filters(rng, n_oriented=N_SIGNALS // 2, n_unoriented=N_SIGNALS // 2, threshold=0.3)


def _images(cue: str, rng: np.random.Generator) -> Any:
    return cued_partition(cue, n_train=80, n_test=120, contrast=CONTRAST, rng=rng)


def concluded(study: xr.DataTree, layers: Mapping[str, Sequence[str]]) -> dict[str, HypothesisResult]:
    """Return what `study.analysis.analyse` concludes of registered hypotheses, asked of the layers given by their id."""
    registration = only(*layers)
    asked = {
        name: dataclasses.replace(hypothesis, layers=tuple(layers[name]))
        for name, hypothesis in registration.hypotheses.items()
    }
    questions = analysis.analyse(study, dataclasses.replace(registration, hypotheses=asked), root_seed=0)
    return {result.hypothesis.id: result for question in questions for result in question.hypotheses}

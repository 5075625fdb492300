"""Populations of planted networks, put through the real measurement, the real store and the real analysis."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from study import analysis
from study.analysis.core.results import HypothesisResult
from study.config import Config, resolve
from study.config.population import PlannedNetwork, planned_networks
from study.experiment.compiled_network import CompiledNetwork, CompiledNetworks
from study.experiment.measurements.ablation.arrays import ablation_arrays
from study.experiment.one_network import measure_network
from study.experiment.subjects import null_image_indices
from study.experiment.training import TrainingState, evaluate
from study.experiment.unit_sets import SPARSENESS, layer_halves
from study.store import StudyFolder, compact, open_study, publish_network
from study.vocabulary.seeding import stream
from tests.example_study import only, replaced
from tests.planted.filters import N_CLASSES, planted_filters
from tests.planted.images import cued_partition
from tests.planted.networks import PlantedNetwork, plant, planted_network

N_SIGNALS = 32
CONTRAST = 0.25
COMPILED = CompiledNetworks()  # of this process

SETTINGS = (
    "training.epochs=1",
    "maturation.seeds=0",
    "memorization.seeds=0",
    "rearing.seeds=0",
    "replication.seeds=0",
    "probe.permutations=100",
    "ablation.layers=conv2,conv3",
    "ablation.null_draws=20",
    "ablation.null_images=32",
    "shift_invariance.layers=conv2",
    "shift_invariance.test_images=8",
    "execution.checkpoint_epochs=1",
)
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
    config = _config(f"population.augmentations={augmentations}", f"population.seeds={seeds}")
    folder = StudyFolder(place)
    networks = {}
    for number, planned in enumerate(planned_networks(config, fingerprint=name)):
        network = design(planned, np.random.default_rng([number, len(name)]))
        publish_network(folder, planned.key, _measured(planned, config, network))
        networks[planned.key] = network
    compact(folder, list(networks), {})
    with open_study(folder.compacted) as study:
        return Population(networks, study.load())


def _config(*assignments: str) -> Config:
    return resolve("quick", assignments=(*SETTINGS, *assignments))


def _planted_network(config: Config, network: PlantedNetwork) -> CompiledNetwork:
    """Return the process's compiled network with the planted weights."""
    shape = network.partition.train_images.shape[1:]
    compiled = COMPILED.of(config.network, shape, N_CLASSES, precision=config.training.precision)
    plant(compiled.model, network)
    return compiled


def _measured(planned: PlannedNetwork, config: Config, network: PlantedNetwork) -> xr.DataTree:
    compiled = _planted_network(config, network)
    finished = Finished(config, compiled.model.get_weights(), compiled.optimizer.variables)
    measured = measure_network(
        planned,
        config,
        network.partition,
        N_CLASSES,
        compiled_networks=COMPILED,
        progress=lambda *told: None,
        checkpoint=finished,
    )
    assert measured.trained_images == 0
    return measured.tree


def read_anew(planted: Population, causal: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Population:
    """Return the same networks with another read-out, ablated anew; all but the group `ablation` is as it was.

    `causal` gives the signals that are read, (unit,), from the class that drives each. All signals are passed on.
    """
    config, networks, arrays = _config(), {}, []
    for number, (key, network) in enumerate(planted.networks.items()):
        read = causal(network.filters.classes, np.random.default_rng([number, 9]))
        networks[key] = planted_network(network.filters, network.partition, read, scale=6.0)
        measured = {name: group.to_dataset().isel(network=number) for name, group in planted.study.children.items()}
        arrays.append(_ablated(networks[key], measured, config, functools.partial(stream, config.seed, key)))
    ablation = {name: np.stack([one[name] for one in arrays]) for name in arrays[0]}
    return Population(networks, replaced(planted.study, "ablation", **ablation))


def _ablated(
    network: PlantedNetwork,
    measured: Mapping[str, xr.Dataset],
    config: Config,
    streams: Callable[[str], np.random.Generator],
) -> dict[str, np.ndarray]:
    compiled, partition = _planted_network(config, network), network.partition
    gosi = measured["tuning"]["gosi"].sel(state="analysed").values
    return ablation_arrays(
        compiled.clamped,
        partition,
        gosi,
        layer_halves(gosi, compiled.layers, rng=streams("ties")),
        {name: array.values for name, array in measured["activity"].data_vars.items()}
        | {SPARSENESS: measured["tuning"][SPARSENESS].sel(state="analysed").values},
        config.ablation,
        baseline=evaluate(compiled.scores, partition.test_images, partition.test_labels, partition.training_mean),
        null_images=null_image_indices(config, len(partition.test_labels)),
        streams=streams,
    )


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
    """Return a network that reads colour alone, though orientation would tell its classes as well.

    Half of its signals are oriented; those end in the third layer.
    """
    half = N_SIGNALS // 2
    filters = planted_filters(rng, n_oriented=half, n_unoriented=half, threshold=0.3)
    unoriented = ~filters.oriented
    return planted_network(filters, _images("both", rng), unoriented, scale=6.0, sent_on=unoriented)


def equal_parts(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return as many oriented as other signals of each class: the first half of either kind."""
    half = len(classes) // 2
    return np.arange(len(classes)) % half < half // 2


def random_parts(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return half of the signals of each class, drawn without regard to their kind."""
    causal = np.zeros(len(classes), dtype=bool)
    for members in (np.flatnonzero(classes == label) for label in range(N_CLASSES)):
        causal[rng.choice(members, len(members) // 2, replace=False)] = True
    return causal


def _images(cue: str, rng: np.random.Generator) -> Any:
    return cued_partition(cue, n_train=80, n_test=100, contrast=CONTRAST, rng=rng)


def concluded(study: xr.DataTree, layers: Mapping[str, Sequence[str]]) -> dict[str, HypothesisResult]:
    """Return what `study.analysis.analyse` concludes of registered hypotheses, asked of the layers given by their id."""
    registration = only(*layers)
    hypotheses = {
        name: dataclasses.replace(hypothesis, layers=tuple(layers[name]))
        for name, hypothesis in registration.hypotheses.items()
    }
    asked = dataclasses.replace(registration, hypotheses=hypotheses, learning={})  # nothing was trained, to have learnt
    questions = analysis.analyse(study, asked, root_seed=0)
    return {result.hypothesis.id: result for question in questions for result in question.hypotheses}

"""What a measurement is taken on: a network of the study in one of its states, or an external network."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from study.config import AblationConfig, Config, ProbeConfig
from study.config.population import PlannedNetwork
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.grating_responses import grating_readings, grating_responses, orientation_responses, rectified
from study.experiment.measurements.ablation.arrays import Ablated
from study.experiment.photographs import Photographs, scoring_half
from study.experiment.training import CheckpointStore, TrainedNetwork, evaluate
from study.images.labelled.folder import LabelledFolder
from study.images.preparation.split import Partition
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.graph.reading import UnitReader
from study.networks.pretrained.loading import LoadedModel
from study.tuning.gratings import ORIENTATIONS, PHASES, GratingAxes, Gratings, grating_axes, spatial_frequencies
from study.tuning.other_indices import phase_modulation
from study.vocabulary.device import CPU
from study.vocabulary.schema import STATES, TUNED_STATES
from study.vocabulary.seeding import stream

CENTRE: Final = "centre"  # the read-out of one position
READOUT: Final = "mean"  # of external networks
CONTRAST: Final = "min_max"  # of external networks
CLAMPS = ("output_zero", "relu_zero")  # of external networks

Arrays = dict[str, NDArray[Any]]
Streams = Callable[[str], np.random.Generator]
Watch = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, kw_only=True)
class TrainedSubject:
    """A network of the study, with the weights of one of its states.

    Attributes
    ----------
    config
        The study.
    planned
        Which network of it.
    partition
        The images and labels that the network is trained and tested on.
    classes
        (class,): the numbers that stand for classes.
    epochs
        How many it is trained for.
    compiled
        The network with everything compiled.
    gratings
        Those of the registered probe.
    streams
        A purpose to its random stream.
    report
        Called with a stage's name and the share of it that is done.
    state
        One of `study.vocabulary.schema.TUNED_STATES`: which weights and moments the network has now.
    training
        What training left; None before it.
    """

    config: Config
    planned: PlannedNetwork
    partition: Partition
    classes: NDArray[np.int64]
    epochs: int
    compiled: CompiledNetwork
    gratings: Gratings
    streams: Streams
    report: Callable[[str, float, str], None]
    state: str = STATES[0]
    training: TrainedNetwork | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """Return the states that are measured."""
        return STATES

    @property
    def tuned_states(self) -> tuple[str, ...]:
        """Return the states that the tuning of units is measured in."""
        return TUNED_STATES

    @property
    def layers(self) -> tuple[HiddenLayer, ...]:
        """Return the hidden layers."""
        return self.compiled.layers

    @property
    def ablation(self) -> AblationConfig:
        """Return what is ablated, and how."""
        return self.config.ablation

    @property
    def mediated(self) -> tuple[HiddenLayer, ...]:
        """Return the layers behind whose ablated halves it is asked why they cost: those of shift invariance."""
        return tuple(layer for layer in self.layers if layer.name in self.config.shift_invariance.layers)

    @property
    def trained(self) -> TrainedNetwork:
        """Return what training left.

        Raises
        ------
        ValueError
            Before training: a programming error.
        """
        if self.training is None:
            raise ValueError("the network is not trained yet")
        return self.training

    @property
    def responses(self) -> NDArray[np.float32]:
        """Return every unit's response to every grating in this state: (unit, orientation, spatial_frequency, phase)."""
        return self._readings[self.config.probe.readout]

    @property
    def phase_modulation(self) -> NDArray[np.float64]:
        """Return F1 / F0 at the centre of each unit's map, (unit,); see `study.tuning.other_indices.phase_modulation`."""
        return phase_modulation(self._readings[CENTRE])[0]

    @functools.cached_property
    def _readings(self) -> dict[str, NDArray[np.float32]]:
        readouts = tuple({self.config.probe.readout: None, CENTRE: None})
        return grating_readings(
            self.compiled.responses, self.gratings, training_mean=self.partition.training_mean, readouts=readouts
        )

    def shown_gratings(self) -> NDArray[np.float32]:
        """Return the responses with the weights of this moment, which during training are those of no state."""
        return grating_responses(
            self.compiled.responses,
            self.gratings,
            training_mean=self.partition.training_mean,
            readout=self.config.probe.readout,
        )

    def scores(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[float, float]:
        """Return mean cross-entropy, in nats, and accuracy on images that are not augmented."""
        return evaluate(self.compiled.scores, images, labels, self.partition.training_mean)

    @property
    def null_images(self) -> NDArray[np.int64]:
        """Return the test images that ablation's null is measured on, the same for every network of the study."""
        return null_image_indices(self.config, len(self.partition.test_labels))


def null_image_indices(config: Config, n_test: int) -> NDArray[np.int64]:
    """Return the indices of the test images that ablation's null is measured on, sorted."""
    rng = stream(config.seed, "study", "null images")
    return np.sort(rng.permutation(n_test)[: config.ablation.null_images])


@dataclass(frozen=True)
class ExternalSettings:
    """What is measured on an external network, beside the network and the photographs.

    `permutations` a unit and `null_draws` a layer; `null_images` photographs for the random halves, 0 where nothing is
    ablated; `seed` of all random numbers; `memory_bytes` for activations, which decides no result but its last digits;
    `device` the kind that it is measured on.
    """

    permutations: int
    seed: int
    null_draws: int
    null_images: int
    memory_bytes: int
    device: str = CPU

    @property
    def probe(self) -> ProbeConfig:
        """Return how units are probed with gratings."""
        return ProbeConfig(readout=READOUT, contrast=CONTRAST, permutations=self.permutations)


@dataclass(frozen=True, kw_only=True)
class ExternalSubject:
    """An external network, and the photographs it is shown, if any.

    Work is cut into pieces that are kept as they are finished. Random streams are a piece's own, so a piece depends on no
    other's having been made.

    Attributes
    ----------
    network, layers
        The network, and those of its hidden layers that are read.
    settings
        What is measured.
    files
        The photographs; None for none.
    read
        Reads the units.
    at_once
        How many pictures are computed together.
    streams
        A purpose to its random stream.
    kept
        A piece's name to where it is kept.
    gratings_key, key
        Digests that begin the names of pieces: of all that decides what gratings give, and what photographs give.
    watch
        Given what is counted and how many there are, a block that gives what to call with how many more are done.
    """

    network: LoadedModel
    layers: tuple[HiddenLayer, ...]
    settings: ExternalSettings
    files: LabelledFolder | None
    read: UnitReader
    at_once: int
    streams: Streams
    kept: Callable[[str], CheckpointStore]
    gratings_key: str
    key: str
    watch: Watch

    @property
    def states(self) -> tuple[str, ...]:
        """Return the one state that is known of it."""
        return STATES[-1:]

    @property
    def tuned_states(self) -> tuple[str, ...]:
        """Return the same: the one state that is known of it."""
        return self.states

    @property
    def ablation(self) -> Ablated:
        """Return what is ablated, and how."""
        return Ablated(tuple(layer.name for layer in self.layers), CLAMPS, self.settings.null_draws)

    @property
    def mediated(self) -> tuple[HiddenLayer, ...]:
        """Return the layers behind whose ablated halves it is asked why they cost: all of them."""
        return self.layers

    @property
    def is_ablated(self) -> bool:
        """Return whether its units are ablated: there are photographs, and some are asked for."""
        return self.files is not None and self.settings.null_images > 0

    @functools.cached_property
    def gratings(self) -> GratingAxes:
        """Return what the gratings vary in."""
        return grating_axes(self.network.layout.size)

    @functools.cached_property
    def photographs(self) -> Photographs:
        """Return the photographs as the network receives them.

        Raises
        ------
        ValueError
            Without photographs: a programming error.
        """
        if self.files is None:
            raise ValueError("there are no photographs")
        return Photographs(self.files, self.network)

    @functools.cached_property
    def classes(self) -> NDArray[np.int64]:
        """Return the classes that have photographs, (class,)."""
        return np.zeros(0, np.int64) if self.files is None else np.unique(self.files.labels)

    @functools.cached_property
    def _shown(self) -> Arrays:
        """Return what gratings give: every response as it is, and, at the centre of maps, the largest and its F1 / F0."""
        blocks = []
        with self.watch("gratings shown", n_gratings(self.network.layout.size)) as more:
            for orientation in ORIENTATIONS:
                show = functools.partial(self._shown_at, float(orientation))
                blocks.append(self.kept_with_gratings(f"gratings-{orientation:03.0f}", show))
                more(blocks[-1]["response"][0].size)
        return {name: np.stack([block[name] for block in blocks], axis=1) for name in blocks[0]}

    def _shown_at(self, orientation: float) -> Arrays:
        """Return the same of the gratings of one orientation, (unit, spatial_frequency, phase) and (unit,)."""
        size, probe = self.network.layout.size, self.settings.probe
        read = orientation_responses(
            self.read.gratings_with_centre,
            size,
            orientation=orientation,
            contrast=probe.contrast,
            at_once=self.at_once,
        )
        response, centre = np.split(read, 2)
        modulation, largest = phase_modulation(np.maximum(centre, 0))
        return {"response": response, "centre_modulation": modulation, "centre_largest": largest}

    @functools.cached_property
    def _rectified(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        return rectified(self._shown["response"])

    @property
    def responses(self) -> NDArray[np.float32]:
        """Return every unit's response to every grating, 0 or more: (unit, orientation, spatial_frequency, phase)."""
        return self._rectified[0]

    @property
    def rectified_share(self) -> NDArray[np.float64]:
        """Return the share of each unit's responses that were below 0, (unit,)."""
        return self._rectified[1]

    @property
    def phase_modulation(self) -> NDArray[np.float64]:
        """Return F1 / F0 at the centre of each unit's map, (unit,); see `study.tuning.other_indices.phase_modulation`."""
        best = self._shown["centre_largest"].argmax(axis=1)[:, None]
        modulation: NDArray[np.float64] = np.take_along_axis(self._shown["centre_modulation"], best, axis=1)[:, 0]
        return modulation

    @property
    def null_images(self) -> NDArray[np.int64]:
        """Return the photographs that random halves are measured on, of those that no class selectivity is taken from."""
        scoring = np.flatnonzero(scoring_half(self.photographs.test_labels))
        return np.sort(self.streams("null images").permutation(scoring)[: self.settings.null_images])

    def kept_with_gratings(self, piece: str, compute: Callable[[], Arrays]) -> Arrays:
        """Return a piece of what gratings give: as it was kept, or made now and kept."""
        return _piece(self.kept(_file_name(self.gratings_key, piece)), compute)

    def kept_with_photographs(self, piece: str, compute: Callable[[], Arrays]) -> Arrays:
        """Return a piece of what photographs give: as it was kept, or made now and kept."""
        return _piece(self.kept(_file_name(self.key, piece)), compute)


def n_gratings(size: int) -> int:
    """Return how many gratings there are at an image size."""
    return len(ORIENTATIONS) * len(spatial_frequencies(size)) * len(PHASES)


def _file_name(key: str, piece: str) -> str:
    """Return the name that a piece is kept under; uses of one layer, `conv/1`, have a slash, which no file's name has."""
    return f"{key}.{piece}".replace("/", "%")


def _piece(place: CheckpointStore, compute: Callable[[], Arrays]) -> Arrays:
    kept = place.load()
    if kept is not None:
        return dict(kept)
    made = compute()
    place.save(made)
    return made

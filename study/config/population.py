"""Which networks a study consists of, how each is trained, and the key it is stored under.

Networks belong to arms. `generalization` is the population that most questions are asked of; `maturation` is probed
after every epoch; `memorization` learns corrupted labels; `rearing` learns under conditions that confine its kernels or
penalise its selectivity. The second set of initialisations repeats all but the last.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from study.config.sections import RETRAINED, Config, TrainingConfig
from study.vocabulary.architecture import architectures
from study.vocabulary.digests import digest
from study.vocabulary.measurement import taken_on
from study.vocabulary.rearing import FREE, KERNELS, NO_LAYERS, PENALTIES, layers_of_span
from study.vocabulary.schema import GENERALIZATION, MATURATION, MEMORIZATION, REARING, SECOND_SET

ALGORITHM_VERSION = 4  # raise it when the same inputs would give other results; stored networks are then not reused
SETS = (1, SECOND_SET)  # of initialisations: the study's own, and the replication's


@dataclass(frozen=True)
class PlannedNetwork:
    """One network to train and measure.

    `identity` names the random streams of its measurements, `training_identity` those of its initial weights, labels and
    batches; `key`, a digest of all that determines its result, its place in the store.
    """

    arm: str
    augmentation: str
    label_corruption: float
    seed: int
    initialization_set: int
    key: str
    rearing: str = FREE
    reared_layers: str = NO_LAYERS

    @property
    def identity(self) -> str:
        """Return what makes this network itself within a study: the name of its random streams."""
        if self.arm == REARING:
            return f"{self.training_identity}/{self.rearing}/{self.reared_layers}"
        return f"{self.arm}/{self.augmentation}/{self.label_corruption}/{self.initialization_set}/{self.seed}"

    @property
    def training_identity(self) -> str:
        """Return the name of the streams that training draws on.

        Networks of the memorization arm that share a seed share it at all rates of label corruption: they begin with the
        same weights, see the same images in the same order, and labels corrupted at a higher rate contain those of a
        lower one. Networks of the rearing arm that share a seed share it under all conditions.
        """
        if self.arm not in (MEMORIZATION, REARING):
            return self.identity
        return f"{self.arm}/{self.augmentation}/{self.initialization_set}/{self.seed}"

    @property
    def attributes(self) -> dict[str, str | float]:
        """Return what identifies this network in the store: attributes of its root, coordinates of the study."""
        return dataclasses.asdict(self)

    @property
    def label(self) -> str:
        """Return what people call it."""
        corrupted = f", {self.label_corruption:.0%} of labels corrupted" if self.arm == MEMORIZATION else ""
        reared = "" if self.rearing == FREE else f" in {self.reared_layers}"
        corrupted = f", {self.rearing}{reared}" if self.arm == REARING else corrupted
        second = "" if self.initialization_set == 1 else ", second set"
        return f"{self.arm}: {self.augmentation}{corrupted}, seed {self.seed}{second}"


def planned_networks(config: Config, *, fingerprint: str) -> tuple[PlannedNetwork, ...]:
    """Return every network of the study, arm by arm, the second set of initialisations after the first.

    Within an arm seeds vary slowest, so an interrupted study holds balanced groups.

    Parameters
    ----------
    config
        The study.
    fingerprint
        Digest of the images.
    """
    networks = []
    for initialization_set in SETS:
        for arm, augmentation, label_corruption, seed, *reared in _members(config, initialization_set):
            unkeyed = PlannedNetwork(arm, augmentation, label_corruption, seed, initialization_set, "", *reared)
            networks.append(dataclasses.replace(unkeyed, key=_key(unkeyed, config, fingerprint)))
    return tuple(networks)


def training_of(config: Config, arm: str) -> TrainingConfig:
    """Return how the networks of an arm are trained: to the end where something is measured after every epoch."""
    training = config.training
    if arm == MATURATION:
        maturation = config.maturation
        training = dataclasses.replace(training, epochs=maturation.epochs, learning_rate=maturation.learning_rate)
    if arm == MEMORIZATION:
        training = dataclasses.replace(training, epochs=config.memorization.epochs, selection="last", patience=0)
    if arm == REARING:
        training = dataclasses.replace(training, epochs=config.rearing.epochs or training.epochs)
    observed = any(measurement.after_epoch for measurement in taken_on(arm, config))
    return dataclasses.replace(training, patience=0) if observed else training


def is_retrained(config: Config, network: PlannedNetwork) -> bool:
    """Return whether a network is trained for one more epoch with halves held clamped: the first seeds of one kind."""
    return (
        network.arm == GENERALIZATION
        and network.augmentation == RETRAINED
        and network.initialization_set == 1
        and network.seed < config.need.retrained_networks
    )


def networks_together(config: Config, arm: str) -> int:
    """Return how many networks of an arm one program trains; those of the rearing arm, each of its own make, are alone."""
    return 1 if arm == REARING else config.execution.together


def patterned_layers(config: Config, arm: str) -> tuple[str, ...]:
    """Return the layers whose kernels any condition of an arm makes of patterns, in order; all its networks have them so."""
    square = architectures()[config.network.architecture].square_kernels
    spans = [span for condition, span in config.reared if condition in KERNELS]
    shaped = {layer for span in spans for layer in layers_of_span(span, square)}
    return tuple(layer for layer in square if layer in shaped) if arm == REARING else ()


def shaped_layers(network: PlannedNetwork, config: Config) -> tuple[str, ...]:
    """Return the layers whose kernels the condition of a network confines, in order."""
    square = architectures()[config.network.architecture].square_kernels
    return layers_of_span(network.reared_layers, square) if network.rearing in KERNELS else ()


def training_images(config: Config, arm: str, available: int) -> int:
    """Return how many training images the networks of an arm see, of those there are."""
    return min(_fewer_images(config, arm) or available, available)


def _fewer_images(config: Config, arm: str) -> int:
    """Return the arm's own number of training images, 0 for all."""
    return config.memorization.train_images if arm == MEMORIZATION else 0


def _members(config: Config, initialization_set: int) -> list[tuple[Any, ...]]:
    """Return arm, augmentation, label corruption, seed, and rearing of every network of a set."""
    first, again = initialization_set == 1, config.replication
    population, memorization = config.population, config.memorization
    seeds = {
        GENERALIZATION: population.seeds if first else again.seeds,
        MATURATION: config.maturation.seeds if first else again.maturation_seeds,
        MEMORIZATION: memorization.seeds if first else again.memorization_seeds,
        REARING: config.rearing.seeds if first else 0,
    }
    free = (FREE, NO_LAYERS)
    kinds = {
        GENERALIZATION: [(augmentation, 0.0, *free) for augmentation in population.augmentations],
        MATURATION: [("shift_flip", 0.0, *free)],
        MEMORIZATION: [("none", rate, *free) for rate in memorization.label_corruptions],
        REARING: [(config.rearing.augmentation, 0.0, *reared) for reared in config.reared],
    }
    return [
        (arm, augmentation, rate, seed, *reared)
        for arm in kinds
        for seed in range(seeds[arm])
        for augmentation, rate, *reared in kinds[arm]
    ]


def _key(network: PlannedNetwork, config: Config, fingerprint: str) -> str:
    measured = taken_on(network.arm, config, network)
    sections = {section for measurement in measured for section in measurement.settings}
    settings: dict[str, object] = {section: dataclasses.asdict(getattr(config, section)) for section in sections}
    settings |= {
        "training": keyed_training(training_of(config, network.arm)),
        "train_images": _fewer_images(config, network.arm),
        "split": _split_settings(config),
        "images": fingerprint,
        "algorithm": ALGORITHM_VERSION,
        "measured": sorted(measurement.name for measurement in measured if measurement.keyed),
        "root_seed": config.seed,
        "identity": network.identity,
    }
    if (device := config.execution.computes_on).is_gpu:
        settings["device"] = device.kind
    if (together := networks_together(config, network.arm)) > 1:
        settings["networks_per_program"] = together
    if network.arm == REARING:
        settings["strength"] = config.rearing.strength if network.rearing in PENALTIES else 0.0
    return digest(settings)[:20]


def keyed_training(training: TrainingConfig) -> dict[str, Any]:
    """Return what decides how a network is trained; a patience of none is left out, as of versions that had none."""
    settings = dataclasses.asdict(training)
    return {name: value for name, value in settings.items() if name != "patience" or value}


def _split_settings(config: Config) -> dict[str, object]:
    settings = dataclasses.asdict(config.images)
    return {key: settings[key] for key in settings if key not in ("source", "data_dir")}

"""Everything a study can be told, as frozen dataclasses: one field, one place, checked when it is made."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Literal

from study.vocabulary.architecture import architecture_names, architectures
from study.vocabulary.errors import StudyError, quoted
from study.vocabulary.image_source import image_source_names

AUGMENTATIONS = ("none", "shift", "flip", "shift_flip")
CLAMPS = ("output_zero", "relu_zero", "mean", "resample")
READOUTS = ("mean", "max", "centre", "output")
GRATING_SETS = ("min_max", "fixed", "whole_cycles")
MOST_SEEDS = 10_000
MOST_NETWORKS = 50_000
MOST_RATES = 20  # of label corruption
_LONGEST_PATH = 4_096
_A_PATH = f"a path of at most {_LONGEST_PATH} characters, none of them NUL"


def _check(section: str, key: str, value: object, allowed: str, valid: bool) -> None:
    if not valid:
        raise StudyError(f"{section}.{key} = {quoted(value)} is not allowed: it must be {allowed}")


def _is_path(text: str) -> bool:
    return "\0" not in text and len(text) <= _LONGEST_PATH


def is_address(text: str) -> bool:
    """Return whether a text is the address of a dask scheduler: tcp://HOST:PORT or tls://HOST:PORT."""
    parts = re.fullmatch(r"(?:tcp|tls)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", text)
    return parts is not None and 0 < int(parts[1]) < 65_536


@dataclass(frozen=True)
class ImagesConfig:
    """Which images the networks see, and how they are split.

    `source` is one of `study.vocabulary.image_source.image_source_names`.
    """

    source: str = "shapes"
    data_dir: str = ""
    split: Literal["official", "pooled"] = "official"
    split_seed: int = 0
    train_images: int = 0
    validation_images: int = 0
    test_images: int = 0

    def __post_init__(self) -> None:
        known = image_source_names()
        _check("images", "source", self.source, f"one of {', '.join(known)}", self.source in known)
        _check("images", "split_seed", self.split_seed, "0 to 2**63 - 1", 0 <= self.split_seed < 2**63)
        _check("images", "data_dir", self.data_dir, _A_PATH, _is_path(self.data_dir))
        for key in ("train_images", "validation_images", "test_images"):
            number = getattr(self, key)
            _check("images", key, number, "0 (all) or a positive number up to 1000000", 0 <= number <= 1_000_000)


@dataclass(frozen=True)
class NetworkConfig:
    """The network that every member of the population is an instance of; what beside its architecture it is built by.

    `architecture` is one of `study.vocabulary.architecture.architecture_names`. Settings that it does not read are left
    at their defaults.
    """

    architecture: str = "cnn7"
    padding: Literal["valid", "same"] = "valid"
    order: Literal["conv_relu_bn", "conv_bn_relu"] = "conv_relu_bn"

    def __post_init__(self) -> None:
        known = architecture_names()
        _check("network", "architecture", self.architecture, f"one of {', '.join(known)}", self.architecture in known)
        options = architectures()[self.architecture].options
        for setting in dataclasses.fields(self)[1:]:
            value = getattr(self, setting.name)
            _check(
                "network",
                setting.name,
                value,
                f"left out beside network.architecture = {quoted(self.architecture)}, which has no such setting",
                setting.name in options or value == setting.default,
            )


@dataclass(frozen=True)
class TrainingConfig:
    """How one network is trained."""

    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 1e-3
    selection: Literal["validation_accuracy", "validation_loss", "last"] = "validation_accuracy"
    precision: Literal["float32", "bfloat16"] = "float32"  # of training steps; weights and measurements are float32

    def __post_init__(self) -> None:
        _check("training", "epochs", self.epochs, "1 to 10000", 1 <= self.epochs <= 10_000)
        _check("training", "batch_size", self.batch_size, "2 to 4096", 2 <= self.batch_size <= 4096)
        _check("training", "learning_rate", self.learning_rate, "above 0, at most 1", 0 < self.learning_rate <= 1)


@dataclass(frozen=True)
class PopulationConfig:
    """Which networks are trained to generalise: every augmentation times every seed."""

    augmentations: tuple[str, ...] = AUGMENTATIONS
    seeds: int = 2

    def __post_init__(self) -> None:
        _check(
            "population",
            "augmentations",
            list(self.augmentations),
            f"a non-empty list, without repeats, of {', '.join(AUGMENTATIONS)}",
            0 < len(self.augmentations) == len(set(self.augmentations))
            and set(self.augmentations) <= set(AUGMENTATIONS),
        )
        _check(
            "population", "seeds", self.seeds, "1 to 10000 (networks per augmentation)", 1 <= self.seeds <= MOST_SEEDS
        )


@dataclass(frozen=True)
class MaturationConfig:
    """The networks that are probed after every epoch: small steps, shift and flip, `seeds` of them."""

    seeds: int = 0
    epochs: int = 50
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        _check("maturation", "seeds", self.seeds, "0 (no such networks) to 10000", 0 <= self.seeds <= MOST_SEEDS)
        _check("maturation", "epochs", self.epochs, "3 to 10000", 3 <= self.epochs <= 10_000)
        _check("maturation", "learning_rate", self.learning_rate, "above 0, at most 1", 0 < self.learning_rate <= 1)


@dataclass(frozen=True)
class MemorizationConfig:
    """The networks that are trained on corrupted labels, not augmented: `seeds` for each corruption rate."""

    seeds: int = 0
    label_corruptions: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    epochs: int = 50
    train_images: int = 0

    def __post_init__(self) -> None:
        rates = self.label_corruptions
        _check(
            "memorization",
            "seeds",
            self.seeds,
            "0 (no such networks) to 10000 (networks per corruption rate)",
            0 <= self.seeds <= MOST_SEEDS,
        )
        _check(
            "memorization",
            "label_corruptions",
            list(rates),
            f"2 to {MOST_RATES} rising numbers from 0 to 1",
            1 < len(rates) <= MOST_RATES
            and all(0 <= rate <= 1 for rate in rates)
            and list(rates) == sorted(set(rates)),
        )
        _check("memorization", "epochs", self.epochs, "1 to 10000", 1 <= self.epochs <= 10_000)
        _check(
            "memorization",
            "train_images",
            self.train_images,
            "0 (as many as the others) to 1000000",
            0 <= self.train_images <= 1_000_000,
        )


@dataclass(frozen=True)
class ReplicationConfig:
    """The second set of initialisations: how many networks of each kind it repeats, 0 for none of that kind."""

    seeds: int = 0
    maturation_seeds: int = 0
    memorization_seeds: int = 0

    def __post_init__(self) -> None:
        for key in ("seeds", "maturation_seeds", "memorization_seeds"):
            value = getattr(self, key)
            _check("replication", key, value, "0 (none) to 10000", 0 <= value <= MOST_SEEDS)


@dataclass(frozen=True)
class ProbeConfig:
    """How units are probed with gratings."""

    readout: Literal["mean", "max"] = "mean"
    contrast: Literal["min_max", "fixed"] = "min_max"
    permutations: int = 1000

    def __post_init__(self) -> None:
        _check("probe", "permutations", self.permutations, "100 to 100000", 100 <= self.permutations <= 100_000)


@dataclass(frozen=True)
class AblationConfig:
    """Which units are ablated, how, and against which null; no layers stand for all of the architecture."""

    layers: tuple[str, ...] = ()
    clamps: tuple[str, ...] = CLAMPS
    null_draws: int = 100
    null_images: int = 256

    def __post_init__(self) -> None:
        _check(
            "ablation",
            "clamps",
            list(self.clamps),
            f"a list that starts with output_zero, without repeats, of {', '.join(CLAMPS)}",
            len(self.clamps) == len(set(self.clamps))
            and set(self.clamps) <= set(CLAMPS)
            and self.clamps[:1] == ("output_zero",),
        )
        _check("ablation", "null_draws", self.null_draws, "20 to 100000", 20 <= self.null_draws <= 100_000)
        _check("ablation", "null_images", self.null_images, "32 to 1000000", 32 <= self.null_images <= 1_000_000)


@dataclass(frozen=True)
class ShiftInvarianceConfig:
    """Behind which layers' ablated halves the variation under shifts is measured, and on how many test images.

    No layers stand for those that the architecture names.
    """

    layers: tuple[str, ...] = ()
    test_images: int = 0

    def __post_init__(self) -> None:
        images = self.test_images
        _check("shift_invariance", "test_images", images, "0 (all) to 1000000", 0 <= images <= 1_000_000)


@dataclass(frozen=True)
class MultiverseConfig:
    """Which other readings of the gratings are measured beside the registered one: every read-out with every grating set.

    Read-outs are those of `study.experiment.measurements.multiverse`, grating sets those of
    `study.tuning.gratings.grating_set`. The combination that `[probe]` asks for is measured there and not again; both
    lists empty ask for nothing.
    """

    readouts: tuple[str, ...] = ()
    gratings: tuple[str, ...] = ()
    permutations: int = 100

    def __post_init__(self) -> None:
        lists = (("readouts", READOUTS, "gratings"), ("gratings", GRATING_SETS, "readouts"))
        for key, allowed, _ in lists:
            names = getattr(self, key)
            _check(
                "multiverse",
                key,
                list(names),
                f"a list, without repeats, of {', '.join(allowed)}",
                len(names) == len(set(names)) and set(names) <= set(allowed),
            )
        for key, allowed, beside in lists:
            names, others = getattr(self, key), getattr(self, beside)
            _check(
                "multiverse",
                key,
                list(names),
                f"a non-empty list of {', '.join(allowed)} beside multiverse.{beside}"
                f" = {list(others)!r}, or both empty",
                bool(names) or not others,
            )
        _check("multiverse", "permutations", self.permutations, "20 to 100000", 20 <= self.permutations <= 100_000)


@dataclass(frozen=True)
class ExecutionConfig:
    """How the work is spread; nothing here changes a result."""

    workers: int = 0
    retries: int = 1
    checkpoint_epochs: int = 0
    scheduler: str = ""
    scheduler_timeout: int = 300
    keep_weights: Literal["none", "analysed"] = "none"

    def __post_init__(self) -> None:
        _check("execution", "workers", self.workers, "0 (one per core) to 1024", 0 <= self.workers <= 1024)
        _check("execution", "retries", self.retries, "0 to 10", 0 <= self.retries <= 10)
        seconds = self.scheduler_timeout
        _check("execution", "scheduler_timeout", seconds, "0 (none) to 1000000 seconds", 0 <= seconds <= 1_000_000)
        _check(
            "execution",
            "checkpoint_epochs",
            self.checkpoint_epochs,
            "0 (no checkpoints) to 10000 (epochs between two)",
            0 <= self.checkpoint_epochs <= 10_000,
        )
        _check(
            "execution",
            "scheduler",
            self.scheduler,
            "tcp://HOST:PORT, tls://HOST:PORT, or the path of a scheduler file",
            "://" not in self.scheduler or is_address(self.scheduler),
        )
        _check("execution", "scheduler", self.scheduler, _A_PATH, _is_path(self.scheduler))
        _check(
            "execution",
            "workers",
            self.workers,
            f"left out beside execution.scheduler = {quoted(self.scheduler)} (--scheduler),"
            " whose workers are as many as there are",
            not (self.scheduler and self.workers),
        )


@dataclass(frozen=True)
class Config:
    """One study, resolved: everything that decides what is measured, and how the work is spread.

    Layers that `ablation` and `shift_invariance` leave open are those of the network's architecture.
    """

    profile: str = "quick"
    name: str = "quick"
    seed: int = 0
    images: ImagesConfig = field(default_factory=ImagesConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    population: PopulationConfig = field(default_factory=PopulationConfig)
    maturation: MaturationConfig = field(default_factory=MaturationConfig)
    memorization: MemorizationConfig = field(default_factory=MemorizationConfig)
    replication: ReplicationConfig = field(default_factory=ReplicationConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    ablation: AblationConfig = field(default_factory=AblationConfig)
    shift_invariance: ShiftInvarianceConfig = field(default_factory=ShiftInvarianceConfig)
    multiverse: MultiverseConfig = field(default_factory=MultiverseConfig)
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)

    def __post_init__(self) -> None:
        _check(
            "study",
            "name",
            self.name,
            "letters, digits, dots, dashes and underscores, starting with a letter or digit, and not index or calibration",
            re.fullmatch(r"(?!(?i:index|calibration)$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}", self.name) is not None,
        )
        _check("study", "seed", self.seed, "0 to 2**63 - 1", 0 <= self.seed < 2**63)
        _check(
            "study",
            "networks",
            self.n_networks,
            f"at most {MOST_NETWORKS}: lower the seeds",
            self.n_networks <= MOST_NETWORKS,
        )
        architecture = architectures()[self.network.architecture]
        for section, default in (("ablation", architecture.layers), ("shift_invariance", architecture.shifted_layers)):
            settings = getattr(self, section)
            layers = settings.layers or default
            _check(
                section,
                "layers",
                list(layers),
                f"a list, without repeats, of {', '.join(architecture.layers)}",
                len(layers) == len(set(layers)) and set(layers) <= set(architecture.layers),
            )
            object.__setattr__(self, section, dataclasses.replace(settings, layers=layers))

    @property
    def n_networks(self) -> int:
        """Networks of all arms, in both sets of initialisations."""
        again = self.replication
        return (
            len(self.population.augmentations) * (self.population.seeds + again.seeds)
            + (self.maturation.seeds + again.maturation_seeds)
            + len(self.memorization.label_corruptions) * (self.memorization.seeds + again.memorization_seeds)
        )


SECTIONS = (
    "images",
    "network",
    "training",
    "population",
    "maturation",
    "memorization",
    "replication",
    "probe",
    "ablation",
    "shift_invariance",
    "multiverse",
    "execution",
)
STUDY_KEYS = ("name", "seed")

"""Everything a study can be told, as frozen dataclasses: one field, one place, checked when it is made."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Literal

from study.config.arms import (
    MOST_SEEDS,
    MaturationConfig,
    MemorizationConfig,
    PopulationConfig,
    RearingConfig,
    ReplicationConfig,
)
from study.config.checks import A_PATH, check, is_path
from study.config.execution import ExecutionConfig
from study.vocabulary.architecture import architecture_names, architectures
from study.vocabulary.errors import quoted
from study.vocabulary.image_source import image_source_names
from study.vocabulary.rearing import FREE, KERNELS, NO_LAYERS, layers_of_span, span_of

CLAMPS = ("output_zero", "relu_zero", "mean", "resample")
READOUTS = ("mean", "max", "centre", "output")
GRATING_SETS = ("min_max", "fixed", "whole_cycles")
MOST_NETWORKS = 50_000
RETRAINED = "shift_flip"  # augmentation of the networks of the population that are trained for one more epoch


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
        check("images", "source", self.source, f"one of {', '.join(known)}", self.source in known)
        check("images", "split_seed", self.split_seed, "0 to 2**63 - 1", 0 <= self.split_seed < 2**63)
        check("images", "data_dir", self.data_dir, A_PATH, is_path(self.data_dir))
        for key in ("train_images", "validation_images", "test_images"):
            number = getattr(self, key)
            check("images", key, number, "0 (all) or a positive number up to 1000000", 0 <= number <= 1_000_000)


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
        check("network", "architecture", self.architecture, f"one of {', '.join(known)}", self.architecture in known)
        options = architectures()[self.architecture].options
        for setting in dataclasses.fields(self)[1:]:
            value = getattr(self, setting.name)
            check(
                "network",
                setting.name,
                value,
                f"left out beside network.architecture = {quoted(self.architecture)}, which has no such setting",
                setting.name in options or value == setting.default,
            )


@dataclass(frozen=True)
class TrainingConfig:
    """How one network is trained; with `patience` it ends after so many epochs without a better validation score.

    Arms whose last weights are analysed, or that are measured after every epoch, are trained to the end all the same.
    """

    epochs: int = 10
    patience: int = 0
    batch_size: int = 32
    learning_rate: float = 1e-3
    selection: Literal["validation_accuracy", "validation_loss", "last"] = "validation_accuracy"
    precision: Literal["float32", "bfloat16"] = "float32"  # of training steps; weights and measurements are float32

    def __post_init__(self) -> None:
        check("training", "epochs", self.epochs, "1 to 10000", 1 <= self.epochs <= 10_000)
        check("training", "patience", self.patience, "0 (train to the end) to 10000", 0 <= self.patience <= 10_000)
        is_used = not self.patience or self.selection != "last"
        check(
            "training",
            "patience",
            self.patience,
            "0 beside training.selection = 'last', which every epoch betters",
            is_used,
        )
        check("training", "batch_size", self.batch_size, "2 to 4096", 2 <= self.batch_size <= 4096)
        check("training", "learning_rate", self.learning_rate, "above 0, at most 1", 0 < self.learning_rate <= 1)


@dataclass(frozen=True)
class ProbeConfig:
    """How units are probed with gratings."""

    readout: Literal["mean", "max"] = "mean"
    contrast: Literal["min_max", "fixed"] = "min_max"
    permutations: int = 1000

    def __post_init__(self) -> None:
        check("probe", "permutations", self.permutations, "100 to 100000", 100 <= self.permutations <= 100_000)


@dataclass(frozen=True)
class AblationConfig:
    """Which units are ablated, how, and against which null; no layers stand for all of the architecture."""

    layers: tuple[str, ...] = ()
    clamps: tuple[str, ...] = CLAMPS
    null_draws: int = 100
    null_images: int = 256

    def __post_init__(self) -> None:
        check(
            "ablation",
            "clamps",
            list(self.clamps),
            f"a list that starts with output_zero, without repeats, of {', '.join(CLAMPS)}",
            len(self.clamps) == len(set(self.clamps))
            and set(self.clamps) <= set(CLAMPS)
            and self.clamps[:1] == ("output_zero",),
        )
        check("ablation", "null_draws", self.null_draws, "20 to 100000", 20 <= self.null_draws <= 100_000)
        check("ablation", "null_images", self.null_images, "32 to 1000000", 32 <= self.null_images <= 1_000_000)


@dataclass(frozen=True)
class ShiftInvarianceConfig:
    """Behind which layers' ablated halves the variation under shifts is measured, and on how many test images.

    No layers stand for those that the architecture names.
    """

    layers: tuple[str, ...] = ()
    test_images: int = 0

    def __post_init__(self) -> None:
        images = self.test_images
        check("shift_invariance", "test_images", images, "0 (all) to 1000000", 0 <= images <= 1_000_000)


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
            check(
                "multiverse",
                key,
                list(names),
                f"a list, without repeats, of {', '.join(allowed)}",
                len(names) == len(set(names)) and set(names) <= set(allowed),
            )
        for key, allowed, beside in lists:
            names, others = getattr(self, key), getattr(self, beside)
            check(
                "multiverse",
                key,
                list(names),
                f"a non-empty list of {', '.join(allowed)} beside multiverse.{beside}"
                f" = {list(others)!r}, or both empty",
                bool(names) or not others,
            )
        check("multiverse", "permutations", self.permutations, "20 to 100000", 20 <= self.permutations <= 100_000)


@dataclass(frozen=True)
class NeedConfig:
    """How many networks are trained for one more epoch with halves held clamped: seeds of `RETRAINED`, the first ones."""

    retrained_networks: int = 0

    def __post_init__(self) -> None:
        number = self.retrained_networks
        check("need", "retrained_networks", number, "0 (none) to 10000", 0 <= number <= MOST_SEEDS)


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
    rearing: RearingConfig = field(default_factory=RearingConfig)
    replication: ReplicationConfig = field(default_factory=ReplicationConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    ablation: AblationConfig = field(default_factory=AblationConfig)
    shift_invariance: ShiftInvarianceConfig = field(default_factory=ShiftInvarianceConfig)
    multiverse: MultiverseConfig = field(default_factory=MultiverseConfig)
    need: NeedConfig = field(default_factory=NeedConfig)
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)

    def __post_init__(self) -> None:
        check(
            "study",
            "name",
            self.name,
            "letters, digits, dots, dashes and underscores, starting with a letter or digit, and not index or calibration",
            re.fullmatch(r"(?!(?i:index|calibration)$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}", self.name) is not None,
        )
        check("study", "seed", self.seed, "0 to 2**63 - 1", 0 <= self.seed < 2**63)
        check(
            "study",
            "networks",
            self.n_networks,
            f"at most {MOST_NETWORKS}: lower the seeds",
            self.n_networks <= MOST_NETWORKS,
        )
        there = self.population.seeds if RETRAINED in self.population.augmentations else 0
        check(
            "need",
            "retrained_networks",
            self.need.retrained_networks,
            f"0 (none) to {there}, as many networks as the population has with augmentation {RETRAINED}",
            self.need.retrained_networks <= there,
        )
        architecture = architectures()[self.network.architecture]
        for section, default in (("ablation", architecture.layers), ("shift_invariance", architecture.shifted_layers)):
            settings = getattr(self, section)
            layers = settings.layers or default
            check(
                section,
                "layers",
                list(layers),
                f"a list, without repeats, of {', '.join(architecture.layers)}",
                len(layers) == len(set(layers)) and set(layers) <= set(architecture.layers),
            )
            object.__setattr__(self, section, dataclasses.replace(settings, layers=layers))
        spans = self.rearing.layers or architecture.reared_spans
        for span in spans:
            check(
                "rearing",
                "layers",
                span,
                f"one or two, as FIRST-LAST, of the layers of {architecture.name} with 3 x 3 kernels, in order:"
                f" {', '.join(architecture.square_kernels) or 'it has none'}",
                bool(layers_of_span(span, architecture.square_kernels)),
            )
        check("rearing", "layers", list(spans), "a list without repeats", len(spans) == len(set(spans)))
        check(
            "rearing",
            "seeds",
            self.rearing.seeds,
            f"0 beside network.architecture = {quoted(architecture.name)}, which has no layers with 3 x 3 kernels",
            bool(spans) or not self.rearing.seeds,
        )
        object.__setattr__(self, "rearing", dataclasses.replace(self.rearing, layers=spans))

    @property
    def reared(self) -> tuple[tuple[str, str], ...]:
        """Return (condition, span of layers) of every kind of network of the rearing arm; `free` comes once."""
        penalised = span_of(architectures()[self.network.architecture].shifted_layers)
        spans = {FREE: (NO_LAYERS,)} | {
            condition: self.rearing.layers if condition in KERNELS else (penalised,)
            for condition in self.rearing.conditions[1:]
        }
        return tuple((condition, span) for condition in self.rearing.conditions for span in spans[condition])

    @property
    def n_networks(self) -> int:
        """Networks of all arms, in both sets of initialisations."""
        again = self.replication
        return (
            len(self.population.augmentations) * (self.population.seeds + again.seeds)
            + (self.maturation.seeds + again.maturation_seeds)
            + len(self.memorization.label_corruptions) * (self.memorization.seeds + again.memorization_seeds)
            + len(self.reared) * self.rearing.seeds
        )


SECTIONS = (
    "images",
    "network",
    "training",
    "population",
    "maturation",
    "memorization",
    "rearing",
    "replication",
    "probe",
    "ablation",
    "shift_invariance",
    "multiverse",
    "need",
    "execution",
)
STUDY_KEYS = ("name", "seed")

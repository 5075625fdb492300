"""The settings of a study's arms: which networks each trains, how many of them, and what sets it apart."""

from __future__ import annotations

from dataclasses import dataclass

from study.config.checks import check
from study.vocabulary.rearing import CONDITIONS, FREE

AUGMENTATIONS = ("none", "shift", "flip", "shift_flip")
MOST_SEEDS = 10_000
MOST_RATES = 20  # of label corruption


@dataclass(frozen=True)
class PopulationConfig:
    """Which networks are trained to generalise: every augmentation times every seed."""

    augmentations: tuple[str, ...] = AUGMENTATIONS
    seeds: int = 2

    def __post_init__(self) -> None:
        check(
            "population",
            "augmentations",
            list(self.augmentations),
            f"a non-empty list, without repeats, of {', '.join(AUGMENTATIONS)}",
            0 < len(self.augmentations) == len(set(self.augmentations))
            and set(self.augmentations) <= set(AUGMENTATIONS),
        )
        check(
            "population", "seeds", self.seeds, "1 to 10000 (networks per augmentation)", 1 <= self.seeds <= MOST_SEEDS
        )


@dataclass(frozen=True)
class MaturationConfig:
    """The networks that are probed after every epoch: small steps, shift and flip, `seeds` of them."""

    seeds: int = 0
    epochs: int = 50
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        check("maturation", "seeds", self.seeds, "0 (no such networks) to 10000", 0 <= self.seeds <= MOST_SEEDS)
        check("maturation", "epochs", self.epochs, "3 to 10000", 3 <= self.epochs <= 10_000)
        check("maturation", "learning_rate", self.learning_rate, "above 0, at most 1", 0 < self.learning_rate <= 1)


@dataclass(frozen=True)
class MemorizationConfig:
    """The networks that are trained on corrupted labels, not augmented: `seeds` for each corruption rate."""

    seeds: int = 0
    label_corruptions: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    epochs: int = 50
    train_images: int = 0

    def __post_init__(self) -> None:
        rates = self.label_corruptions
        check(
            "memorization",
            "seeds",
            self.seeds,
            "0 (no such networks) to 10000 (networks per corruption rate)",
            0 <= self.seeds <= MOST_SEEDS,
        )
        check(
            "memorization",
            "label_corruptions",
            list(rates),
            f"2 to {MOST_RATES} rising numbers from 0 to 1",
            1 < len(rates) <= MOST_RATES
            and all(0 <= rate <= 1 for rate in rates)
            and list(rates) == sorted(set(rates)),
        )
        check("memorization", "epochs", self.epochs, "1 to 10000", 1 <= self.epochs <= 10_000)
        check(
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
            check("replication", key, value, "0 (none) to 10000", 0 <= value <= MOST_SEEDS)


@dataclass(frozen=True)
class RearingConfig:
    """The networks that learn under a condition of rearing, paired by seed: `seeds` for each condition and span of layers.

    `conditions` are those of `study.vocabulary.rearing`. `layers` are the spans of layers, such as "conv1-conv3", whose
    kernels the conditions of kernels shape; empty for the architecture's own. The conditions of penalties act on the layers
    that the architecture names for shift invariance, with `strength` nats a unit of mean gOSI. (One network of
    cnn7 each, 6 epochs on 6,000 photographs: without a penalty gOSI in conv2 and conv3 is .41 and .45; discouraged with .2 it
    is .14 and .18 at .02 nat of test loss, under the sham .34 and .49; with 1 it is .04 and .03, but at .24 nat.) `epochs` 0
    are those of `training`.
    """

    seeds: int = 0
    conditions: tuple[str, ...] = ("free", "isotropic", "parted")
    layers: tuple[str, ...] = ()
    strength: float = 0.2
    augmentation: str = "shift_flip"
    epochs: int = 0

    def __post_init__(self) -> None:
        chosen = self.conditions
        check(
            "rearing",
            "seeds",
            self.seeds,
            "0 (no such networks) to 10000 (networks per condition)",
            0 <= self.seeds <= MOST_SEEDS,
        )
        check(
            "rearing",
            "conditions",
            list(chosen),
            f"a list that starts with {FREE}, without repeats, of {', '.join(CONDITIONS)}",
            chosen[:1] == (FREE,) and len(chosen) == len(set(chosen)) and set(chosen) <= set(CONDITIONS),
        )
        check("rearing", "strength", self.strength, "above 0, at most 1000 (nat)", 0 < self.strength <= 1000)
        check(
            "rearing",
            "augmentation",
            self.augmentation,
            f"one of {', '.join(AUGMENTATIONS)}",
            self.augmentation in AUGMENTATIONS,
        )
        check("rearing", "epochs", self.epochs, "0 (those of training) to 10000", 0 <= self.epochs <= 10_000)

"""Which networks a study consists of, and the key each is stored under."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from study.config import Config, digest

ALGORITHM_VERSION = 2  # raise it when the same inputs would give other results; stored networks are then not reused
GENERALIZATION_ARM = "generalization"


@dataclass(frozen=True)
class PlannedNetwork:
    """One network to train and measure.

    `identity` names its random streams; `key`, a digest of all that determines its result, its place in the store.
    """

    arm: str
    augmentation: str
    label_corruption: float
    seed: int
    initialization_set: int
    key: str

    @property
    def identity(self) -> str:
        """Return what makes this network itself within a study: the name of its random streams."""
        return f"{self.arm}/{self.augmentation}/{self.label_corruption}/{self.initialization_set}/{self.seed}"


def planned_networks(config: Config, *, fingerprint: str) -> tuple[PlannedNetwork, ...]:
    """Return every network of the study: each augmentation times each seed.

    Seeds vary slowest, so an interrupted study holds balanced groups.

    Parameters
    ----------
    config
        The study.
    fingerprint
        Digest of the images.
    """
    shared: dict[str, object] = {
        section: dataclasses.asdict(getattr(config, section))
        for section in ("network", "training", "probe", "ablation")
    }
    shared |= {"split": _split_settings(config), "images": fingerprint, "algorithm": ALGORITHM_VERSION}
    networks = []
    for seed in range(config.population.seeds):
        for augmentation in config.population.augmentations:
            unkeyed = PlannedNetwork(
                GENERALIZATION_ARM, augmentation, 0.0, seed, config.population.initialization_set, ""
            )
            key = digest({**shared, "root_seed": config.seed, "identity": unkeyed.identity})[:20]
            networks.append(dataclasses.replace(unkeyed, key=key))
    return tuple(networks)


def _split_settings(config: Config) -> dict[str, object]:
    settings = dataclasses.asdict(config.images)
    return {key: settings[key] for key in settings if key not in ("source", "data_dir")}

"""How long the networks still to do will take, and how much disk they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from study.config import Config
from study.images.split import Split

# Measured on one core of a 2 GHz server processor (Sapphire Rapids), in images per second, and seconds.
TRAINING_SPEED, INFERENCE_SPEED, PROBE_SECONDS, START_SECONDS = 1000.0, 4500.0, 7.0, 15.0
SUFFIX_SHARE = 0.3  # cost of a clamped pass from a layer on, against a whole forward pass, mean over layers
NETWORK_MEGABYTES = 3.0  # compressed; the compacted copy needs the same again


@dataclass(frozen=True)
class Estimate:
    """Time and disk of what is still to do; `basis` says what the time rests on."""

    minutes: float
    megabytes: float
    basis: str


def estimate(
    config: Config, split: Split, *, n_networks: int, workers: int, journal: Sequence[Mapping[str, Any]]
) -> Estimate:
    """Return what `n_networks` networks need with so many workers.

    Time rests on the study's own networks where some are done, otherwise on speeds measured elsewhere.
    """
    measured = [entry["seconds"] for entry in journal if not entry.get("failure") and "seconds" in entry]
    seconds = float(np.median(measured)) if measured else _nominal_seconds(config, split)
    basis = "from this study's own networks" if measured else "from speeds measured on another machine"
    rounds = np.ceil(n_networks / workers)
    minutes = (rounds * seconds + START_SECONDS) / 60 if n_networks else 0.0
    return Estimate(float(minutes), 2 * NETWORK_MEGABYTES * n_networks, basis)


def _nominal_seconds(config: Config, split: Split) -> float:
    epochs, ablation = config.training.epochs, config.ablation
    trained = epochs * len(split.train) / TRAINING_SPEED
    clamped = 2 * len(ablation.layers) * (
        len(ablation.clamps) * len(split.test) + ablation.null_draws * ablation.null_images
    )  # fmt: skip
    inferred = epochs * len(split.validation) + len(split.train) + 2 * len(split.test) + SUFFIX_SHARE * clamped
    return float(trained + inferred / INFERENCE_SPEED + PROBE_SECONDS)

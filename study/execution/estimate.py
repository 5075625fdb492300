"""How long the networks still to do will take, and how much disk they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from study.config import Config
from study.config.population import PlannedNetwork, asked_variants, training_images, training_of
from study.images.preparation.split import Split
from study.vocabulary.schema import CONTROLS, FRACTIONS, GENERALIZATION, MATURATION, MEMORIZATION, ORDERS

# Measured on one core of a 2 GHz server processor (Sapphire Rapids), in images per second, and seconds.
TRAINING_SPEED, INFERENCE_SPEED, START_SECONDS = 1000.0, 4500.0, 15.0
PROBE_SECONDS, GRATINGS_SECONDS = 5.0, 0.3  # both states with their shuffles; the gratings alone, after an epoch
READING_SECONDS, SHUFFLE_SECONDS = 0.08, 0.002  # of another reading of one state; and for each of its permutations
SUFFIX_SHARE = 0.3  # cost of a clamped pass from a layer on, against a whole forward pass, mean over layers
SHIFT_PASSES = 15.0  # of a whole network, for each test image: its views, seen twice, intact and with halves silenced
NETWORK_MEGABYTES = {
    GENERALIZATION: 3.0,
    MATURATION: 0.3,
    MEMORIZATION: 0.5,
}  # and the same again in the compacted copy
READING_MEGABYTES = 0.0625  # for every other reading of the gratings


@dataclass(frozen=True)
class Estimate:
    """Time and disk of what is still to do; `basis` says what the time rests on."""

    minutes: float
    megabytes: float
    basis: str


def estimate(
    config: Config,
    split: Split,
    networks: Sequence[PlannedNetwork],
    *,
    workers: int,
    journal: Sequence[Mapping[str, Any]],
) -> Estimate:
    """Return what `networks`, all still to do, need with so many workers.

    Time rests on the study's own networks of the same arm where some are done, otherwise on speeds measured elsewhere.
    """
    own = {arm: _journal_seconds(journal, arm) for arm in {network.arm for network in networks}}
    seconds = {arm: found or _nominal_seconds(config, split, arm) for arm, found in own.items()}
    measured = bool(own) and all(own.values())
    basis = "from this study's own networks" if measured else "from speeds measured on another machine"
    work = [seconds[network.arm] for network in networks]
    minutes = (max(sum(work) / workers, max(work)) + START_SECONDS) / 60 if work else 0.0
    megabytes = {
        arm: NETWORK_MEGABYTES[arm] + READING_MEGABYTES * len(asked_variants(config, arm)) for arm in NETWORK_MEGABYTES
    }
    return Estimate(minutes, 2 * sum(megabytes[network.arm] for network in networks), basis)


def _journal_seconds(journal: Sequence[Mapping[str, Any]], arm: str) -> float:
    """Return the median of what networks of an arm took, 0 where none is done."""
    done = [entry["seconds"] for entry in journal if entry.get("arm") == arm and "seconds" in entry]
    return float(np.median(done)) if done else 0.0


def _nominal_seconds(config: Config, split: Split, arm: str) -> float:
    epochs, n_train = training_of(config, arm).epochs, training_images(config, arm, len(split.train))
    seconds = epochs * n_train / TRAINING_SPEED
    seconds += (epochs * len(split.validation) + n_train + len(split.test)) / INFERENCE_SPEED
    if arm == MATURATION:
        return seconds + (epochs + 1) * GRATINGS_SECONDS
    seconds += PROBE_SECONDS + _reading_seconds(config, arm)
    return seconds + (_intervention_seconds(config, split) if arm == GENERALIZATION else 0.0)


def _reading_seconds(config: Config, arm: str) -> float:
    """Return the seconds of the other readings of the gratings: two states of each, and the halves by them silenced."""
    variants = asked_variants(config, arm)
    shown = {variant.split("/")[1] for variant in variants}
    tuned = len(variants) * (READING_SECONDS + SHUFFLE_SECONDS * config.multiverse.permutations)
    clamped = 2 * len(config.ablation.layers) * len(variants) * config.ablation.null_images
    return 2 * (tuned + len(shown) * GRATINGS_SECONDS) + SUFFIX_SHARE * clamped / INFERENCE_SPEED


def _intervention_seconds(config: Config, split: Split) -> float:
    ablation, n_test = config.ablation, len(split.test)
    masks = ablation.null_draws + len(CONTROLS) + len(ORDERS) * len(FRACTIONS) / 2
    clamped = 2 * len(ablation.layers) * (len(ablation.clamps) * n_test + masks * ablation.null_images)
    shifted = SHIFT_PASSES * (config.shift_invariance.test_images or n_test)
    return (len(split.train) + n_test + SUFFIX_SHARE * clamped + shifted) / INFERENCE_SPEED

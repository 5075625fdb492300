"""How long the networks still to do will take, and how much disk they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from study.config import Config
from study.config.population import PlannedNetwork, training_images, training_of
from study.vocabulary.measurement import Cost, Workload, taken_on

START_SECONDS = 15.0  # of the process: TensorFlow, compiling


@dataclass(frozen=True)
class Estimate:
    """Time and disk of what is still to do; `basis` says what the time rests on."""

    minutes: float
    megabytes: float
    basis: str


def estimate(
    config: Config,
    sizes: Mapping[str, int],
    networks: Sequence[PlannedNetwork],
    *,
    workers: int,
    journal: Sequence[Mapping[str, Any]],
) -> Estimate:
    """Return what `networks`, all still to do, need with so many workers.

    `sizes` holds the number of images for `train`, `validation` and `test`. Time rests on the study's own networks of the
    same arm where some are done, otherwise on speeds measured elsewhere.
    """
    journalled = {arm: _journal_seconds(journal, arm) for arm in {network.arm for network in networks}}
    costs = {arm: _costs(config, sizes, arm) for arm in journalled}
    seconds = {arm: median or sum(cost.seconds for cost in costs[arm]) for arm, median in journalled.items()}
    measured = bool(journalled) and all(journalled.values())
    basis = "from this study's own networks" if measured else "from speeds measured on another machine"
    work = [seconds[network.arm] for network in networks]
    minutes = (max(sum(work) / workers, max(work)) + START_SECONDS) / 60 if work else 0.0
    megabytes = {arm: sum(cost.megabytes for cost in costs[arm]) for arm in costs}
    return Estimate(minutes, 2 * sum(megabytes[network.arm] for network in networks), basis)  # and a compacted copy


def _journal_seconds(journal: Sequence[Mapping[str, Any]], arm: str) -> float:
    """Return the median of what networks of an arm took, 0 where none is done."""
    done = [entry["seconds"] for entry in journal if entry.get("arm") == arm and "seconds" in entry]
    return float(np.median(done)) if done else 0.0


def _costs(config: Config, sizes: Mapping[str, int], arm: str) -> list[Cost]:
    """Return what each measurement takes of a network of an arm."""
    work = Workload(
        config=config,
        arm=arm,
        epochs=training_of(config, arm).epochs,
        train=training_images(config, arm, sizes["train"]),
        validation=sizes["validation"],
        test=sizes["test"],
    )
    return [measurement.cost(work) for measurement in taken_on(arm, config)]

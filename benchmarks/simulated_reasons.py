"""Of a simulated network, what halves by rivals of gOSI cost, and why halves cost: noise about what random halves do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from study.config import Config
from study.experiment.measurements.dose.doses import DESIGNED, kept_draws
from study.experiment.measurements.mediation import SPLITS
from study.experiment.measurements.need.sizes import SPLITS as NEED_SPLITS
from study.vocabulary.schema import HALVES, RANKINGS, RECEIVED, STEPS, TARGETS, WAYS, variables_by_group

GROUPS = ("other_tuning", "dose", "rivals", "mediation", "need")

Arrays = dict[str, np.ndarray]


def labels_of(group: str, halved: Sequence[str]) -> dict[str, Any]:
    """Return the labels of the dimensions that a group has differently; `halved` are the layers that shifts are watched behind."""
    of_halves = {"layer": list(halved), "received": list(RECEIVED), "way": list(WAYS), "step": list(STEPS)}
    others: dict[str, dict[str, Any]] = {
        "mediation": {**of_halves, "draw": np.arange(SPLITS)},
        "need": {**of_halves, "draw": np.arange(NEED_SPLITS)},
        "rivals": {"ranking": list(RANKINGS)},
    }
    return others.get(group, {})


def group_arrays(
    rng: np.random.Generator, units: Mapping[str, int], gosi: np.ndarray, config: Config, *, blocks: int
) -> dict[str, Arrays]:
    """Return the arrays of `GROUPS`.

    Parameters
    ----------
    rng
        Of the network.
    units, gosi
        Units of each layer, and their gOSI, (unit,), NaN where silent.
    config
        The study.
    blocks
        Number of blocks of the null's images.
    """
    halved, draws = len(config.shift_invariance.layers), config.ablation.null_draws
    sizes = {
        "layer": len(units),
        "unit": sum(units.values()),
        "target": len(TARGETS),
        "half": len(HALVES),
        "ranking": len(RANKINGS),
        "received": len(RECEIVED),
        "way": len(WAYS),
        "step": len(STEPS),
        "null_block": blocks,
        "designed_half": DESIGNED,
    }
    groups = {}
    for group in GROUPS:
        own = {"mediation": {"layer": halved, "draw": SPLITS}, "need": {"layer": halved, "draw": NEED_SPLITS}}
        there = sizes | own.get(group, {})
        groups[group] = {
            name: 1.5 + 0.1 * rng.standard_normal([there[dim] for dim in variable.dims])
            for name, variable in variables_by_group()[group].items()
            if variable.kind == "f"
        }
    for name in groups["other_tuning"]:
        groups["other_tuning"][name] = np.where(np.isnan(gosi), np.nan, rng.random(gosi.shape))
    groups["rivals"]["ranking_size"] = np.repeat(
        np.array([[size // 2] for size in units.values()]), len(RANKINGS), axis=1
    )
    groups["dose"]["membership"] = _members(rng, units, gosi, 2 * kept_draws(draws) + DESIGNED)
    return groups


def _members(rng: np.random.Generator, units: Mapping[str, int], gosi: np.ndarray, halves: int) -> np.ndarray:
    """Return who is in each half of each layer, one bit a unit: (layer, half, byte)."""
    width, packed = -(-max(units.values()) // 8), []
    for of_layer in np.split(gosi, np.cumsum(list(units.values()))[:-1]):
        responding = np.flatnonzero(np.isfinite(of_layer))
        members = np.zeros((halves, 8 * width), dtype=bool)
        for row in members:
            row[rng.permutation(responding)[: len(responding) // 2]] = True
        packed.append(np.packbits(members, axis=-1).astype(np.int16))
    return np.stack(packed)

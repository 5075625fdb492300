"""What simulated tuning is made of: gOSI of units around a layer's value, silent units, labels as the store has them.

Units are nested in networks: they differ among themselves, some are silent, and a layer of few units is measured less
exactly.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.simulation.population import (
    SILENT,
    Design,
    Floats,
    Truth,
    deviations,
    kept_within,
    of_units,
    silent_units,
    spread_between,
    uniform,
)
from study.analysis.simulation.stored_groups import group, unit_labels

GOSI_NOISE: Final = 0.15  # half the width of the uniform noise of a unit's gOSI
UNIT_SD: Final = 0.12  # of gOSI over the units of a layer, where it is normal
NETWORK_SD: Final = 0.04  # of layer-mean gOSI over networks of one augmentation, as measured


def planted_in_units(rng: np.random.Generator, design: Design, truth: Truth, within: Floats, reach: float) -> Floats:
    """Return each network's value in every unit of a layer, (rows, units): `theta` on average.

    Parameters
    ----------
    within
        Standard deviation that the units add to what is measured, (layers,).
    reach
        How far from `theta` a network's value may lie.
    """
    values = truth.theta + spread_between(truth.sd, within) * deviations(rng, design, len(truth.layers))
    return of_units(kept_within(values, truth.theta, reach), design.unit_counts(truth.layers))


def binomial_error(share: float, counts: NDArray[Any]) -> Floats:
    """Return the standard error of a share over so many units, of which some are silent, (layers,)."""
    return np.sqrt(share * (1 - share) / (counts * (1 - SILENT)))


def gosi_by_selectivity(rng: np.random.Generator, selective: NDArray[np.bool_]) -> Floats:
    """Return gOSI on the side of 0.33 that `selective` says."""
    return np.where(selective, uniform(rng, selective.shape, 0.34, 0.94), uniform(rng, selective.shape, 0.02, 0.32))


def tuning_group(
    design: Design, truth: Truth, states: tuple[str, ...], silent: NDArray[np.bool_], **tuned: Floats
) -> dict[str, xr.Dataset]:
    """Return the group of tuning; what is undefined for a silent unit is NaN. Arrays are (rows, state, units)."""
    arrays = {name: np.where(silent, np.float32(np.nan), values) for name, values in tuned.items()}
    labels = {"state": list(states), **unit_labels(truth.layers, design.unit_counts(truth.layers))}
    return group("tuning", design, {**arrays, "silent": silent}, labels)


def mean_error(design: Design, layers: tuple[str, ...]) -> Floats:
    """Return the standard error of a layer's mean of units that are normal around it, (layers,)."""
    return np.asarray(UNIT_SD / np.sqrt(design.unit_counts(layers) * (1 - SILENT)))


def gosi_around(
    rng: np.random.Generator, design: Design, truth: Truth, means: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the gOSI of units around their layer's mean, and which are silent: (rows, state, units)."""
    silent = silent_units(rng, design, truth.layers)
    noise = UNIT_SD * rng.standard_normal(silent.shape, dtype=np.float32)
    gosi = np.clip(of_units(means, design.unit_counts(truth.layers)) + noise, 0, 1)
    return np.where(silent, np.float32(np.nan), gosi)[:, None], silent[:, None]

"""Simulated tuning of units: shares of selective units, gOSI above chance, gain over the initial weights, ranges.

Each function plants `Truth.theta` as the expectation over networks of the measure it is named after. Units are nested
in networks: they differ among themselves, some are silent, and a layer of few units is measured less exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.simulation.population import (
    SILENT,
    Design,
    Floats,
    Truth,
    deviations,
    group,
    kept_within,
    of_units,
    silent_units,
    spread_between,
    uniform,
    unit_counts,
    unit_labels,
)
from study.vocabulary.schema import STATES

GOSI_NOISE = 0.15  # half the width of the uniform noise of a unit's gOSI
_MULTIPLE = 0.9  # share of selective units with at least two spatial frequencies above half peak
_SELECTIVE = 0.4  # share of units that are selective, where the measure is about their ranges


def _excess(rng: np.random.Generator, design: Design, truth: Truth, within: Floats, reach: float) -> Floats:
    """Return each network's own value in every unit of a layer, (rows, units): `theta` on average."""
    own = truth.theta + spread_between(truth.sd, within) * deviations(rng, design, len(truth.layers))
    return of_units(kept_within(own, truth.theta, reach), truth.layers)


def _binomial_error(share: float, counts: NDArray[Any]) -> Floats:
    return np.sqrt(share * (1 - share) / (counts * (1 - SILENT)))


def _gosi(rng: np.random.Generator, selective: NDArray[np.bool_]) -> Floats:
    """Return gOSI on the side of 0.33 that `selective` says."""
    return np.where(selective, uniform(rng, selective.shape, 0.34, 0.94), uniform(rng, selective.shape, 0.02, 0.32))


def _tuning(
    design: Design, truth: Truth, states: tuple[str, ...], silent: NDArray[np.bool_], **tuned: Floats
) -> dict[str, xr.Dataset]:
    """Return the group of tuning; what is undefined for a silent unit is NaN. Arrays are (rows, state, units)."""
    arrays = {name: np.where(silent, np.float32(np.nan), values) for name, values in tuned.items()}
    return group("tuning", design, {**arrays, "silent": silent}, {"state": list(states), **unit_labels(truth.layers)})


def selective_excess(rng: np.random.Generator, design: Design, truth: Truth, *, state: str) -> xr.DataTree:
    """Simulate shares of selective units above those of the units' own shuffles; every unit has its own chance."""
    within = _binomial_error(0.35, unit_counts(truth.layers))
    silent = silent_units(rng, design, truth.layers)
    chance = uniform(rng, silent.shape, 0.25, 0.45)
    share = chance + _excess(rng, design, truth, within, 0.24)
    gosi = _gosi(rng, uniform(rng, silent.shape, 0, 1) < share)
    groups = _tuning(design, truth, (state,), silent[:, None], gosi=gosi[:, None], gosi_null_selective=chance[:, None])
    return xr.DataTree.from_dict(groups)


def selective_share(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate shares of selective units with the initial weights."""
    within = _binomial_error(truth.theta, unit_counts(truth.layers))
    silent = silent_units(rng, design, truth.layers)
    share = _excess(rng, design, truth, within, min(truth.theta, 1 - truth.theta))
    gosi = _gosi(rng, uniform(rng, silent.shape, 0, 1) < share)
    return xr.DataTree.from_dict(_tuning(design, truth, ("initial",), silent[:, None], gosi=gosi[:, None]))


def gosi_excess(rng: np.random.Generator, design: Design, truth: Truth, *, null: str) -> xr.DataTree:
    """Simulate gOSI above the mean of the units' own shuffles, the variable `null`; every unit has its own mean."""
    within = GOSI_NOISE / np.sqrt(3 * unit_counts(truth.layers) * (1 - SILENT))
    silent = silent_units(rng, design, truth.layers)
    chance = uniform(rng, silent.shape, 0.32, 0.42)
    noise = uniform(rng, silent.shape, -GOSI_NOISE, GOSI_NOISE)
    gosi = chance + _excess(rng, design, truth, within, 0.15) + noise
    groups = _tuning(design, truth, ("analysed",), silent[:, None], gosi=gosi[:, None], **{null: chance[:, None]})
    return xr.DataTree.from_dict(groups)


def gosi_gain(rng: np.random.Generator, design: Design, truth: Truth) -> xr.DataTree:
    """Simulate gOSI with the initial and the analysed weights of the same units, which are silent now and then."""
    within = GOSI_NOISE * np.sqrt(2 / (3 * unit_counts(truth.layers) * (1 - SILENT)))
    silent = np.stack([silent_units(rng, design, truth.layers) for _ in STATES], axis=1)
    own = uniform(rng, (design.rows, silent.shape[-1]), 0.34, 0.44)
    gosi = own[:, None] + uniform(rng, silent.shape, -GOSI_NOISE, GOSI_NOISE)
    gosi[:, 1] += _excess(rng, design, truth, within, 0.18)
    return xr.DataTree.from_dict(_tuning(design, truth, STATES, silent, gosi=gosi))


def zero_range(rng: np.random.Generator, design: Design, truth: Truth, *, fewest_frequencies: int) -> xr.DataTree:
    """Simulate selective units' ranges of preferred orientations; with a single frequency the range is always 0."""
    counts = unit_counts(truth.layers) * _SELECTIVE
    multiple = 1.0 if fewest_frequencies == 1 else _MULTIPLE
    within = _binomial_error(truth.theta, counts * multiple)
    silent = silent_units(rng, design, truth.layers)
    share = _excess(rng, design, truth, within, 0.4 - abs(truth.theta - 0.5))
    several = uniform(rng, silent.shape, 0, 1) < _MULTIPLE
    if fewest_frequencies == 1:  # the single ones have range 0, so the others must have it less often
        share = (share - (1 - _MULTIPLE)) / _MULTIPLE
    zero = ~several | (uniform(rng, silent.shape, 0, 1) < share)
    selective = uniform(rng, silent.shape, 0, 1) < _SELECTIVE
    ranges = np.where(zero, 0, 15 * rng.integers(1, 6, silent.shape, dtype=np.int8)).astype(np.float32)
    groups = _tuning(
        design,
        truth,
        ("analysed",),
        silent[:, None],
        gosi=_gosi(rng, selective)[:, None],
        spatial_frequency_range=np.where(selective, ranges, np.float32(np.nan))[:, None],
    )
    frequencies = np.where(silent, 0, np.where(several, rng.integers(2, 6, silent.shape, dtype=np.int8), 1))
    counted = group(
        "tuning",
        design,
        {"spatial_frequency_count": frequencies[:, None]},
        {"state": ["analysed"], **unit_labels(truth.layers)},
    )
    return xr.DataTree.from_dict({"/tuning": groups["/tuning"].assign(counted["/tuning"].data_vars)})

"""Simulated halves of layers, whose units are worth something by what they are and by themselves.

Each function plants `Truth.theta` as the expectation over networks of the measure it stands for. The halves of a network share
their units; the quantities of a unit go with each other; halves were designed by gOSI and by selectivity for spatial
frequency. What a unit is worth by itself scatters the slopes of a network, networks differ beyond that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.questions.dose.estimands import FREQUENCY, GOSI, QUANTITIES, Floats, Halves, standardized_slopes
from study.analysis.simulation.population import Design, Simulator, Truth, deviations, kept_within, spread_between
from study.analysis.simulation.stored_groups import group, unit_labels

DRAWS: Final = 10  # random splits; more of them change slopes little, as units are what there are few of
DOSES: Final = (-1.5, -0.9, -0.3, 0.3, 0.9, 1.5)  # of designed halves, for either index
COMMON: Final = 0.5  # correlation of the quantities of a unit
OWN_SD: Final = 0.1  # of a half's cost that is not its units', in standard deviations over random halves
FARTHEST: Final = 0.9  # from 0 that a network's slope may lie: beyond 1 it would say more than there is
_ROUNDS: Final = 25  # until the planted slope is met


def slope(rng: np.random.Generator, design: Design, truth: Truth, *, beyond_frequency: bool) -> xr.DataTree:
    """Simulate costs of halves whose slope on gOSI, or that less the slope on spatial frequency, is planted."""
    counts = design.unit_counts(truth.layers)
    layers = [_halves(rng, design.rows, int(count)) for count in counts]
    by_chance = np.stack([_slope(of_layer, beyond_frequency) for of_layer in layers], axis=1)
    between = spread_between(truth.sd, by_chance.std(axis=0)) * deviations(rng, design, len(layers))
    planted = kept_within(truth.theta + by_chance + between, truth.theta, FARTHEST - abs(truth.theta))
    costs = [_planted(one, planted[:, place], beyond_frequency) for place, one in enumerate(layers)]
    return _stored(design, truth, layers, costs, counts)


def _halves(rng: np.random.Generator, rows: int, n_units: int) -> Halves:
    """Return halves of one layer, random and designed, and what they cost by units' own worth."""
    common = rng.standard_normal((rows, 1, n_units))
    own = rng.standard_normal((rows, len(QUANTITIES), n_units))
    units = np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * own
    first = _top_half(rng.standard_normal((rows, DRAWS, n_units)))
    random = np.stack([first, ~first], axis=2).reshape(rows, 2 * DRAWS, n_units)
    doses = np.array(DOSES)[:, None] * units[:, :2, None]
    designed = _top_half(doses + rng.standard_normal(doses.shape)).reshape(rows, -1, n_units)
    members = np.concatenate([random, designed], axis=1)
    costs = np.einsum("rhu,ru->rh", members.astype(np.float64), rng.standard_normal((rows, n_units)))
    costs /= costs[:, : 2 * DRAWS].std(axis=1, keepdims=True)
    return Halves(members, costs + OWN_SD * rng.standard_normal(costs.shape), 2 * DRAWS, units)


def _top_half(scores: Floats) -> NDArray[np.bool_]:
    """Return which scores are above the median, (..., unit); the number of units is even."""
    return np.asarray(scores > np.median(scores, axis=-1, keepdims=True))


def _slope(halves: Halves, beyond_frequency: bool) -> Floats:
    """Return the measure, (network,)."""
    slopes = standardized_slopes(halves)
    gosi, frequency = (slopes[:, QUANTITIES.index(name)] for name in (GOSI, FREQUENCY))
    return gosi - frequency if beyond_frequency else gosi


def _planted(halves: Halves, wanted: Floats, beyond_frequency: bool) -> Floats:
    """Return costs, (network, half), whose measure is exactly what is wanted, (network,).

    Something is added that goes with the doses alone, in the direction of the measure, whose slope on it is 1.
    """
    random, doses = slice(halves.n_random), halves.doses
    scaled = (doses - doses.mean(axis=1, keepdims=True)) / doses[:, random].std(axis=1)[:, None]
    gosi, frequency = (scaled[..., QUANTITIES.index(name)] for name in (GOSI, FREQUENCY))
    direction = (gosi - frequency) / 2 if beyond_frequency else gosi
    of_chance = _slope(halves, beyond_frequency) * halves.costs[:, random].std(axis=1)
    added = np.zeros(len(wanted))
    for _ in range(_ROUNDS):
        costs = halves.costs + added[:, None] * direction
        added = wanted * costs[:, random].std(axis=1) - of_chance
    planted: Floats = halves.costs + added[:, None] * direction
    return planted


def _stored(
    design: Design, truth: Truth, layers: list[Halves], costs: list[Floats], counts: NDArray[np.intp]
) -> xr.DataTree:
    """Return the groups that hold the halves of some layers and their units."""
    packed = [np.packbits(of_layer.members, axis=-1).astype(np.int16) for of_layer in layers]
    width = max(of_layer.shape[-1] for of_layer in packed)
    members = [np.pad(of_layer, ((0, 0), (0, 0), (0, width - of_layer.shape[-1]))) for of_layer in packed]
    losses = 1 + np.stack(costs, axis=1)
    units = np.concatenate([of_layer.units for of_layer in layers], axis=-1)
    by_name = {name: units[:, place] for place, name in enumerate(QUANTITIES)}
    labels, of_layers = unit_labels(truth.layers, counts), {"layer": list(truth.layers)}
    random = losses[..., : 2 * DRAWS].reshape(design.rows, len(layers), DRAWS, 2)
    dose: dict[str, NDArray[Any]] = {"designed_loss": losses[..., 2 * DRAWS :], "membership": np.stack(members, axis=1)}
    tuned = {name: values[:, None] for name, values in by_name.items() if name.startswith("gosi")}
    active = {name: by_name[name] for name in QUANTITIES if name not in tuned and name != FREQUENCY}
    return xr.DataTree.from_dict(
        group("ablation", design, {"null_loss": random}, of_layers)
        | group("dose", design, dose, of_layers)
        | group("tuning", design, tuned, {"state": ["analysed"], **labels})
        | group("other_tuning", design, {FREQUENCY: by_name[FREQUENCY]}, labels)
        | group("activity", design, active, labels)
    )


SIMULATORS: Mapping[str, Simulator] = {
    "gosi_slope_beyond_frequency": partial(slope, beyond_frequency=True),
    "gosi_slope": partial(slope, beyond_frequency=False),
}

"""Which units are ablated: halves of a layer by selectivity, at random, or alike in another quantity; and growing fractions.

A unit that is silent to gratings has no gOSI (NaN) and is in no set. Masks are bool, (unit,), True for a unit in the set.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from study.networks.graph.hidden_layers import HiddenLayer
from study.vocabulary.schema import FRACTIONS

Mask = NDArray[np.bool_]
Halves = tuple[Mask, Mask]
Number = TypeVar("Number", bound=np.floating[Any])

SPARSENESS = "gosi_null_mean"  # of the `tuning` group: what a unit's gOSI is once orientations are shuffled
_MATCHED = ("mean_activity", "activity_sd", "weight_norm", SPARSENESS)  # as in `study.vocabulary.schema.CONTROLS`


def layer_halves(
    gosi: NDArray[np.float64], layers: tuple[HiddenLayer, ...], *, rng: np.random.Generator
) -> dict[str, Halves]:
    """Return the top and the bottom half of every layer's units by gOSI, by the layer's name.

    Parameters
    ----------
    gosi
        (unit,) of all layers in order; NaN for silent units.
    layers
        The hidden layers, all of them.
    rng
        Breaks ties, layer by layer.
    """
    return {name: selectivity_halves(selectivity, rng=rng) for name, selectivity in by_layer(gosi, layers).items()}


def half_of_units(halves: Mapping[str, Halves], ablated: Collection[str]) -> NDArray[np.int8]:
    """Return the half that each unit is in, (unit,) of all layers in order: 1 the top, -1 the bottom, 0 neither.

    Units of layers that are not ablated are in neither.
    """
    parts = [
        (top.astype(np.int8) - bottom.astype(np.int8)) * np.int8(name in ablated)
        for name, (top, bottom) in halves.items()
    ]
    return np.concatenate(parts)


def by_layer(values: NDArray[Number], layers: tuple[HiddenLayer, ...]) -> dict[str, NDArray[Number]]:
    """Return each layer's part of an array over all units, (unit, ...), by the layer's name."""
    starts = np.cumsum([layer.n_units for layer in layers])[:-1]
    return {layer.name: part for layer, part in zip(layers, np.split(values, starts), strict=True)}


def selectivity_halves(selectivity: NDArray[np.float64], *, rng: np.random.Generator) -> Halves:
    """Return the top and the bottom half of a layer's units by a selectivity index, as masks of shape (unit,).

    Parameters
    ----------
    selectivity
        (unit,); NaN marks a unit without the index, which is in neither half.
    rng
        Breaks ties at random.

    Returns
    -------
    top, bottom
        Disjoint masks of floor(n / 2) units each, n being the number of units with the index.
    """
    ranked = _ranked(selectivity, rng=rng)
    size = len(ranked) // 2
    return _mask(ranked[len(ranked) - size :], len(selectivity)), _mask(ranked[:size], len(selectivity))


def random_halves(eligible: Mask, *, rng: np.random.Generator) -> Halves:
    """Return two random disjoint halves of the eligible units, floor(n / 2) units each, as masks of shape (unit,)."""
    shuffled = rng.permutation(np.flatnonzero(eligible))
    size = len(shuffled) // 2
    return _mask(shuffled[:size], len(eligible)), _mask(shuffled[size : 2 * size], len(eligible))


def null_halves(
    gosi: Mapping[str, NDArray[np.float64]], ablated: Collection[str], n_draws: int, *, rng: np.random.Generator
) -> dict[str, NDArray[np.bool_]]:
    """Return the random halves of ablation's null by the layer's name: masks (draw, half, unit).

    Parameters
    ----------
    gosi
        (unit,) by the layer's name, layers in order; NaN for silent units, which are in no half.
    ablated
        Names of the layers that are ablated; the others have no halves.
    n_draws
        Number of random splits of each layer.
    rng
        Draws them, layer by layer: its stream is `"ablation"`, so that other measurements can ablate the same halves.
    """
    return {
        name: np.stack([np.stack(random_halves(~np.isnan(of_layer), rng=rng)) for _ in range(n_draws)])
        for name, of_layer in gosi.items()
        if name in ablated
    }


def matched_halves(gosi: NDArray[np.float64], covariate: NDArray[np.float64], *, rng: np.random.Generator) -> Halves:
    """Return two sets of units that are alike in one quantity and differ in gOSI, as masks of shape (unit,).

    Units are sorted by the quantity and neighbours paired; of each pair the unit with the higher gOSI goes to the top. Of
    an odd number of units the one is left out without which the differences within pairs sum to the least: as a rule one
    that is far from all others.

    Parameters
    ----------
    gosi
        (unit,); NaN marks a silent unit, which is in neither set.
    covariate
        (unit,), the quantity to match; defined for every unit that is not silent.
    rng
        Breaks ties at random, of the quantity and of gOSI.

    Returns
    -------
    top, bottom
        Disjoint masks of floor(n / 2) units each, n being the number of units that are not silent.
    """
    ranked = _ranked(np.where(np.isnan(gosi), np.nan, covariate), rng=rng)
    if len(ranked) % 2:
        ranked = np.delete(ranked, 2 * _odd_one_out(covariate[ranked]))
    pairs = ranked.reshape(-1, 2)
    order = np.lexsort((rng.random(pairs.shape), gosi[pairs]), axis=1)
    bottom, top = np.take_along_axis(pairs, order, axis=1).T
    return _mask(top, len(gosi)), _mask(bottom, len(gosi))


def control_halves(
    gosi: NDArray[np.float64], quantities: Mapping[str, NDArray[np.float64]], *, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return the halves of every control of `study.vocabulary.schema.CONTROLS`: (control, target, unit).

    Parameters
    ----------
    gosi
        (unit,) of a layer; NaN marks a silent unit, which is in no half.
    quantities
        The arrays of the `activity` group and `SPARSENESS`, (unit,) of the same layer. A unit without class selectivity is
        in neither half by class selectivity.
    rng
        Breaks ties, control by control.
    """
    by_class = selectivity_halves(np.where(np.isnan(gosi), np.nan, quantities["class_selectivity"]), rng=rng)
    matched = [matched_halves(gosi, quantities[name], rng=rng) for name in _MATCHED]
    return np.stack([by_class, *matched])


def cumulative_sets(gosi: NDArray[np.float64], *, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return the sets of units that grow by `study.vocabulary.schema.FRACTIONS` in each of its `ORDERS`: (order, fraction, unit).

    A set holds round(fraction * n) of the n units that are not silent, the lowest gOSI first, the highest first (the same
    ranking from its other end), or in one random order.

    Parameters
    ----------
    gosi
        (unit,) of a layer; NaN marks a silent unit, which is in no set.
    rng
        Breaks ties, then draws the random order.
    """
    ranked = _ranked(gosi, rng=rng)
    sizes = np.rint(np.multiply(FRACTIONS, len(ranked))).astype(int)
    orders = (ranked, ranked[::-1], rng.permutation(ranked))
    return np.stack([np.stack([_mask(order[:size], len(gosi)) for size in sizes]) for order in orders])


def _ranked(values: NDArray[np.float64], *, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the indices of the values that are not NaN in ascending order, ties at random."""
    return np.lexsort((rng.random(len(values)), values))[: int(np.count_nonzero(~np.isnan(values)))]  # NaN sorts last


def _odd_one_out(ascending: NDArray[np.float64]) -> int:
    """Return which pair begins with the value to leave out of an odd number, so that pairs differ least in all."""
    gaps = np.diff(ascending)
    before, after = (np.concatenate([[0.0], np.cumsum(gaps[start::2])]) for start in (0, 1))
    return int(np.argmin(before + after[-1] - after))


def _mask(members: NDArray[np.intp], n_units: int) -> Mask:
    mask = np.zeros(n_units, dtype=bool)
    mask[members] = True
    return mask

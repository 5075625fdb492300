"""Halves of a layer designed to differ in one selectivity and to balance the rest, and what the network loses without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.experiment.measurements.ablation.arrays import Settings, TestImages, mean_scores
from study.experiment.measurements.dose.doses import DOSES, kept_draws
from study.experiment.unit_sets import by_layer, null_halves
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.measurement import Arrays
from study.vocabulary.schema import DOSE_COVARIATES, DOSED


def dose_quantities(groups: Mapping[str, Arrays]) -> dict[str, NDArray[np.float64]]:
    """Return what halves are designed by, (unit,) of all layers: both indices of `DOSED`, then `DOSE_COVARIATES`."""
    tuning = {name: values[-1] for name, values in groups["tuning"].items() if name.startswith("gosi")}
    every = {**tuning, **groups["other_tuning"], **groups["activity"]}
    return {name: every[name] for name in (*DOSED, *DOSE_COVARIATES)}


def designed_halves(
    quantities: NDArray[np.float64], eligible: NDArray[np.bool_], *, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return halves of a layer that differ in one of two quantities and balance the others: (half, unit).

    For each of the two a half holds the floor(n / 2) of n eligible units with the largest sum of a standard normal number
    and a dose times the quantity, less what the others explain of it, in standard deviations; one half a dose.

    Parameters
    ----------
    quantities
        (quantity, unit), the two first; a unit in which one is undefined counts as average in it.
    eligible
        (unit,): the others are in no half.
    rng
        Draws the normal numbers.
    """
    units = np.flatnonzero(eligible)
    columns = _standardized(quantities[:, units])
    halves = np.zeros((2 * len(DOSES), len(eligible)), dtype=bool)
    for place in range(2):
        left = _left(columns[place], np.delete(columns, place, axis=0))
        scores = np.multiply.outer(DOSES, left) + rng.standard_normal((len(DOSES), len(units)))
        chosen = np.argsort(scores, axis=1)[:, len(units) - len(units) // 2 :]
        rows = place * len(DOSES) + np.arange(len(DOSES))
        halves[rows[:, None], units[chosen]] = True
    return halves


def _standardized(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (quantity, unit) in standard deviations from the mean, 0 where undefined, or where nothing differs."""
    defined = np.isfinite(columns)
    count = np.maximum(defined.sum(axis=1, keepdims=True), 1)
    mean = np.where(defined, columns, 0).sum(axis=1, keepdims=True) / count
    centred = np.where(defined, columns - mean, 0)
    scale = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    standardized: NDArray[np.float64] = np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 0)
    return standardized


def _left(column: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a linear regression on the others leaves of a column, (unit,), in standard deviations; 0 if nothing."""
    if not column.size:
        return column
    left: NDArray[np.float64] = column - others.T @ np.linalg.lstsq(others.T, column, rcond=None)[0]
    scale = left.std()
    return left / scale if scale > 1e-6 else np.zeros_like(left)


def dose_arrays(
    network: ClampedNetwork,
    partition: TestImages,
    gosi: NDArray[np.float64],
    quantities: Mapping[str, NDArray[np.float64]],
    settings: Settings,
    *,
    null_images: NDArray[np.int64],
    streams: Callable[[str], np.random.Generator],
) -> dict[str, NDArray[Any]]:
    """Return the `dose` group's arrays of one network.

    Parameters
    ----------
    network, partition
        With the analysed weights; the test images.
    gosi
        (unit,) of all layers in order, NaN for silent units, which are in no half.
    quantities
        From `dose_quantities`.
    settings
        Of the ablation, whose random halves are drawn again, not measured again.
    null_images
        Indices of the images that losses are measured on, those of the ablation's random halves.
    streams
        A purpose to its random stream: `"ablation"` as there, and `"dose"`, which draws designed halves layer by layer.
    """
    rng, gosi_of = streams("dose"), by_layer(gosi, network.layers)
    quantities_of = {name: by_layer(values, network.layers) for name, values in quantities.items()}
    ablated = {i: layer.name for i, layer in enumerate(network.layers) if layer.name in settings.layers}
    random = null_halves(gosi_of, settings.layers, settings.null_draws, rng=streams("ablation"))
    designed = {
        i: designed_halves(np.stack([of[name] for of in quantities_of.values()]), ~np.isnan(gosi_of[name]), rng=rng)
        for i, name in ablated.items()
    }
    draws = kept_draws(settings.null_draws)
    members = [
        np.concatenate([drawn[:draws].reshape(2 * draws, -1), of_layer])
        for drawn, of_layer in zip(random.values(), designed.values(), strict=True)
    ]
    losses = mean_scores(network, partition, designed, null_images)[0]
    return {"designed_loss": losses, "membership": _packed(members)}


def _packed(members: list[NDArray[np.bool_]]) -> NDArray[np.int16]:
    """Return the members of each layer's halves, (half, unit), as bits: (layer, half, byte), 0 behind the last unit."""
    packed = [np.packbits(of_layer, axis=-1).astype(np.int16) for of_layer in members]
    width = max(of_layer.shape[-1] for of_layer in packed)
    return np.stack([np.pad(of_layer, ((0, 0), (0, width - of_layer.shape[-1]))) for of_layer in packed])

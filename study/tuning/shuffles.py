"""The shuffle control: what a unit's gOSI would be if its responses had no order.

Every unit's own responses are permuted, all of them or the orientation labels within each spatial frequency.

Source: section 3.1 of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from study.tuning.orientations import Floats
from study.tuning.selectivity import SELECTIVE, gosi, gosi_of_checked, non_negative, tuning_curve

COLUMNS_AT_ONCE = 1000  # tensors that are shuffled together; more no longer fit the processor's cache
TIE_TOLERANCE = 1e-9  # two gOSI closer than this are equal: rotating r changes its gOSI in the last digits only


@dataclass(frozen=True)
class ShuffleNull:
    """A unit's own null: gOSI after shuffling its responses. All arrays are (unit,), but for `counts`.

    `pvalue` is (1 + #{null >= observed}) / (1 + n); `selective` the share of shuffles above `SELECTIVE`. Everything is
    NaN for a silent unit. `counts` is (unit, bin): shuffled values in each of `n_bins` equal bins of [0, 1].
    """

    mean: Floats
    sd: Floats
    selective: Floats
    pvalue: Floats
    orientation_mean: Floats
    orientation_pvalue: Floats
    counts: NDArray[np.int64]


def shuffle_null(
    responses: NDArray[np.floating], *, n_permutations: int, n_bins: int, rng: np.random.Generator
) -> ShuffleNull:
    """Return each unit's shuffle control (section 3.1 of the paper), with its own permutations for every unit.

    Two nulls: all entries of the unit's response tensor permuted, as published; and, sharper, the orientation labels
    permuted within each spatial frequency. The index reads one spatial frequency, and permuting labels within
    frequencies moves no peak to another frequency, so the second comes to permuting the tuning curve.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase), >= 0.
    n_permutations
        Permutations per unit and null.
    n_bins
        Bins of `ShuffleNull.counts`.
    rng
        Source of the permutations.
    """
    n_units, shape = len(responses), responses.shape[1:]
    curves = tuning_curve(non_negative(responses, "the response tensor"))[0]
    observed = gosi(curves)
    mean, sd, selective, pvalue, orientation_mean, orientation_pvalue = np.full((6, n_units), np.nan)
    counts = np.zeros((n_units, n_bins), dtype=np.int64)
    responding = np.flatnonzero(~np.isnan(observed))
    at_once = max(1, COLUMNS_AT_ONCE // n_permutations)
    for units in (responding[start : start + at_once] for start in range(0, len(responding), at_once)):
        full, within = _both_nulls(responses[units], curves[units], shape, n_permutations, rng)
        mean[units], sd[units] = full.mean(axis=1), full.std(axis=1, ddof=1)
        selective[units], orientation_mean[units] = (full > SELECTIVE).mean(axis=1), within.mean(axis=1)
        pvalue[units] = exceedance_pvalue(observed[units], full)
        orientation_pvalue[units] = exceedance_pvalue(observed[units], within)
        counts[units] = _binned(full, n_bins)
    return ShuffleNull(mean, sd, selective, pvalue, orientation_mean, orientation_pvalue, counts)


def _both_nulls(
    responses: NDArray[np.floating],
    curves: Floats,
    shape: tuple[int, ...],
    n_permutations: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return gOSI after shuffling all of each unit's entries, and its orientation labels: (unit, permutation) each.

    Random numbers are drawn unit by unit, so that no unit's depend on how many are computed together.
    """
    flat = np.sort(responses.reshape(len(responses), -1), axis=1)
    untied = flat[:, -1] > flat[:, -2]
    full, uniforms, within = np.empty((len(flat), n_permutations)), [], []
    for unit, curve in enumerate(curves):
        if untied[unit]:
            uniforms.append(rng.random((_n_drawn(shape), n_permutations)))
        else:
            full[unit] = gosi_of_checked(_fully_shuffled_curves(responses[unit], n_permutations, rng))
        within.append(rng.permuted(np.tile(curve, (n_permutations, 1)), axis=1))
    if uniforms:
        columns = np.repeat(flat[untied].T, n_permutations, axis=1)
        shuffled = gosi_of_checked(_curves_by_column(columns, shape, np.concatenate(uniforms, axis=1)))
        full[untied] = shuffled.reshape(-1, n_permutations)
    return full, gosi_of_checked(np.stack(within))


def _binned(values: Floats, n_bins: int) -> NDArray[np.int64]:
    """Return how many of each row's values, in [0, 1], lie in each of so many equal bins, (row, bin), as NumPy bins them."""
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    bins = np.minimum(np.searchsorted(edges, values, side="right") - 1, n_bins - 1)
    places = bins + n_bins * np.arange(len(values))[:, None]
    return np.bincount(places.ravel(), minlength=len(values) * n_bins).reshape(len(values), n_bins)


def shuffled_gosi(responses: NDArray[np.floating], *, n_permutations: int, rng: np.random.Generator) -> Floats:
    """Return gOSI after permuting all entries of each unit's response tensor: (unit, permutation), NaN if silent.

    The published one of the two nulls of `shuffle_null` and nothing else, for many units at once: a few permutations cost
    a small part of what `shuffle_null` takes.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase), >= 0.
    n_permutations
        Permutations per unit.
    rng
        Source of the permutations.
    """
    non_negative(responses, "the response tensor")
    shape = responses.shape[1:]
    flat = np.sort(responses.reshape(len(responses), -1), axis=1)
    null = np.full((len(flat), n_permutations), np.nan)
    tied = flat[:, -1] == flat[:, -2]
    untied = np.flatnonzero(~tied)
    at_once = max(1, COLUMNS_AT_ONCE // n_permutations)
    for start in range(0, len(untied), at_once):
        units = untied[start : start + at_once]
        columns = np.repeat(flat[units].T, n_permutations, axis=1)
        uniforms = rng.random((_n_drawn(shape), columns.shape[1]))
        null[units] = gosi_of_checked(_curves_by_column(columns, shape, uniforms)).reshape(len(units), n_permutations)
    for unit in np.flatnonzero(tied & (flat[:, -1] > 0)):
        null[unit] = gosi_of_checked(_fully_shuffled_curves(responses[unit], n_permutations, rng))
    return null


def shuffled_curves(response: NDArray[np.floating], n_permutations: int, rng: np.random.Generator) -> Floats:
    """Return (permutation, orientation) tuning curves of one unit's shuffled (orientation, frequency, phase) tensor.

    The curve is read at the spatial frequency that holds the largest entry. When that entry is unique, the others that
    share its frequency are, by symmetry, a uniform draw without replacement from the rest, so only they need drawing:
    47 of 431 entries instead of a permutation of 432. (gOSI does not depend on which orientation holds the largest.)
    """
    flat = np.sort(response, axis=None)
    if flat[-1] == flat[-2]:
        return _fully_shuffled_curves(response, n_permutations, rng)
    uniforms = rng.random((_n_drawn(response.shape), n_permutations))
    return _curves_by_column(np.repeat(flat[:, None], n_permutations, axis=1), response.shape, uniforms)


def _n_drawn(shape: tuple[int, ...]) -> int:
    """Return how many entries share the largest one's frequency in a tensor (orientation, spatial_frequency, phase)."""
    return shape[0] * shape[2] - 1


def _curves_by_column(columns: NDArray[np.floating], shape: tuple[int, ...], uniforms: Floats) -> Floats:
    """Return (column, orientation): a shuffled tuning curve of each column's ascending entries, whose last is unique.

    `uniforms`, (entry, column), are drawn from [0, 1) for each of the entries that share the largest one's frequency.
    """
    n_orientations, _, n_phases = shape
    drawn = _drawn_without_replacement(columns[:-1], uniforms)
    entries = np.concatenate([columns[-1:], drawn]).reshape(n_orientations, n_phases, -1)
    return np.asarray(entries.max(axis=1).T, dtype=np.float64)


def _drawn_without_replacement(pool: NDArray[np.floating], uniforms: Floats) -> NDArray[np.floating]:
    """Return a draw without replacement from each column (a shuffle cut short), shaped as `uniforms`; `pool` is changed."""
    column = np.arange(pool.shape[1])
    for i, uniform in enumerate(uniforms):
        j = i + (uniform * (len(pool) - i)).astype(np.intp)
        picked = pool[j, column]
        pool[j, column] = pool[i]
        pool[i] = picked
    return pool[: len(uniforms)]


def _fully_shuffled_curves(response: NDArray[np.floating], n_permutations: int, rng: np.random.Generator) -> Floats:
    """Return the same as `shuffled_curves` by permuting every entry: slower, and right when the largest is tied."""
    tiled = np.tile(response.reshape(-1), (n_permutations, 1))
    shuffled = rng.permuted(tiled, axis=1).reshape(n_permutations, *response.shape)
    return np.asarray(tuning_curve(shuffled)[0])


def exceedance_pvalue(observed: float | Floats, null: Floats) -> Floats:
    """Return (1 + #{null >= observed}) / (1 + n), values that differ in their last digits counting as equal: (...).

    Parameters
    ----------
    observed
        (...).
    null
        (..., permutation).
    """
    reached = np.count_nonzero(null >= np.asarray(observed)[..., None] - TIE_TOLERANCE, axis=-1)
    return np.asarray((1 + reached) / (1 + null.shape[-1]))

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
    n_units = len(responses)
    observed = gosi(tuning_curve(non_negative(responses, "the response tensor"))[0])
    mean, sd, selective, pvalue, orientation_mean, orientation_pvalue = np.full((6, n_units), np.nan)
    counts = np.zeros((n_units, n_bins), dtype=np.int64)
    for unit in np.flatnonzero(~np.isnan(observed)):
        full = gosi_of_checked(shuffled_curves(responses[unit], n_permutations, rng))
        curve = np.tile(tuning_curve(responses[unit])[0], (n_permutations, 1))
        within = gosi_of_checked(rng.permuted(curve, axis=1))
        mean[unit], sd[unit], selective[unit] = full.mean(), full.std(ddof=1), (full > SELECTIVE).mean()
        orientation_mean[unit] = within.mean()
        pvalue[unit], orientation_pvalue[unit] = (
            exceedance_pvalue(observed[unit], full),
            exceedance_pvalue(observed[unit], within),
        )
        counts[unit] = np.histogram(full, bins=n_bins, range=(0.0, 1.0))[0]
    return ShuffleNull(mean, sd, selective, pvalue, orientation_mean, orientation_pvalue, counts)


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
        null[units] = gosi_of_checked(_curves_by_column(columns, shape, rng)).reshape(len(units), n_permutations)
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
    return _curves_by_column(np.repeat(flat[:, None], n_permutations, axis=1), response.shape, rng)


def _curves_by_column(columns: NDArray[np.floating], shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return (column, orientation): a shuffled tuning curve of each column's ascending entries, whose last is unique."""
    n_orientations, _, n_phases = shape
    drawn = _drawn_without_replacement(columns[:-1], n_orientations * n_phases - 1, rng)
    entries = np.concatenate([columns[-1:], drawn]).reshape(n_orientations, n_phases, -1)
    return np.asarray(entries.max(axis=1).T, dtype=np.float64)


def _drawn_without_replacement(
    pool: NDArray[np.floating], n_drawn: int, rng: np.random.Generator
) -> NDArray[np.floating]:
    """Return (n_drawn, column): a draw without replacement from each column (a shuffle cut short); `pool` is changed."""
    column = np.arange(pool.shape[1])
    for i, uniform in enumerate(rng.random((n_drawn, pool.shape[1]))):
        j = i + (uniform * (len(pool) - i)).astype(np.intp)
        picked = pool[j, column]
        pool[j, column] = pool[i]
        pool[i] = picked
    return pool[:n_drawn]


def _fully_shuffled_curves(response: NDArray[np.floating], n_permutations: int, rng: np.random.Generator) -> Floats:
    """Return the same as `shuffled_curves` by permuting every entry: slower, and right when the largest is tied."""
    tiled = np.tile(response.reshape(-1), (n_permutations, 1))
    shuffled = rng.permuted(tiled, axis=1).reshape(n_permutations, *response.shape)
    return np.asarray(tuning_curve(shuffled)[0])


def exceedance_pvalue(observed: float, null: Floats) -> float:
    """Return (1 + #{null >= observed}) / (1 + n), values that differ in their last digits counting as equal."""
    return float((1 + np.count_nonzero(null >= observed - TIE_TOLERANCE)) / (1 + len(null)))

"""Orientation tuning of recorded neurons: trials averaged or resampled, and every measure of every unit in one dataset.

The measures are those that the study takes of a network's units. A recording has what a network has not: trials that differ,
trials that are lost, responses below 0, whatever orientations were shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from study.tuning.orientations import Floats, as_floats, checked_orientations, even_angles, unlabelled
from study.tuning.selectivity import Negative, gosi, non_negative, osi, preferred_orientation
from study.tuning.shuffles import exceedance_pvalue
from study.tuning.von_mises import FEWEST, von_mises_fit

MEANINGS = {
    "tuning_curve": ("", "mean response over trials"),
    "gosi": ("1", "global orientation selectivity index of the mean over trials"),
    "gosi_low": ("1", "lower end of the 95 % interval of gOSI, trials resampled within orientation"),
    "gosi_high": ("1", "upper end of the 95 % interval of gOSI, trials resampled within orientation"),
    "gosi_null_mean": (
        "1",
        "mean gOSI of the unit's own trials with their orientations permuted: what noise alone gives",
    ),
    "pvalue": ("1", "share of permutations with as large a gOSI, (1 + k) / (1 + n)"),
    "qvalue": ("1", "p-value adjusted over units by Benjamini and Hochberg"),
    "circular_variance": ("1", "1 - gOSI"),
    "osi": ("1", "(preferred - orthogonal) / (preferred + orthogonal)"),
    "preferred_orientation": ("degree", "orientation that the vector sum points to"),
    "peak_orientation": ("degree", "orientation of the largest mean response, the first if tied"),
    "width": ("degree", "half width at half height of a fitted von Mises curve"),
    "explained": ("1", "share of the variance over orientations that the fitted curve explains"),
    "trials": ("1", "fewest trials with a response at any orientation"),
    "lost_trials": ("1", "trials without a response (NaN)"),
}


def trial_means(responses: NDArray[np.floating]) -> tuple[Floats, NDArray[np.int64]]:
    """Return the mean over trials and how many trials it rests on, NaN left out.

    Parameters
    ----------
    responses
        (..., orientation, trial); NaN, or masked, where a trial has no response.

    Returns
    -------
    mean, count
        (..., orientation); the mean of no trial is NaN.

    Raises
    ------
    ValueError
        When a response is infinite.
    """
    values = as_floats(responses, "the array of responses")
    if np.isinf(values).any():
        raise ValueError("the responses hold infinity: they must be finite numbers, or NaN for a lost trial")
    present = ~np.isnan(values)
    count = present.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.where(present, values, 0.0).sum(axis=-1) / count, count


def unit_measures(
    responses: Any,
    orientations: ArrayLike | None = None,
    *,
    dim: str = "orientation",
    trial: str = "trial",
    negative: Negative = "refuse",
    n_permutations: int = 1000,
    n_resamples: int = 1000,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Return every measure of orientation tuning of every unit of a recording.

    Trials are averaged, NaN left out and counted; a unit without a trial at some orientation has NaN measures. Directions
    are to be folded first, with `folded`.

    Parameters
    ----------
    responses
        Plain, (unit, orientation, trial), or labelled, with dimensions `dim` and `trial`, units on one further dimension.
        One trial an orientation will do: p-values are then of permuted tuning curves, and there are no intervals.
    orientations
        (orientation,), degrees; by default the coordinate of a labelled array, evenly spaced for a plain one.
    dim, trial
        The dimensions of a labelled array.
    negative
        What becomes of mean responses below 0, such as dF/F has: `"refuse"` them, or `"rectify"` them to 0. Trials are
        averaged first: rectifying each of them would turn noise into response.
    n_permutations, n_resamples
        Permutations of orientations over trials, for p-values; resamples of trials within orientation, for intervals.
    rng
        Source of both.

    Returns
    -------
    Dataset
        By unit, what `MEANINGS` lists. Silent units have NaN measures; `width` also with fewer than five orientations, and
        see `von_mises_fit`. p-values are never 0; units whose p-value is NaN are no part of `qvalue`.

    Raises
    ------
    ValueError
        When dimensions are others, a response is infinite, a mean is negative and refused, orientations do not go round the
        half circle, units carry a label named as a measure, or a number of draws or `rng` is none.
    """
    _refuse_draws(rng, n_permutations=n_permutations, n_resamples=n_resamples)
    values, angles, label = _by_unit(responses, orientations, dim=dim, trial=trial)
    curve, count = trial_means(values)
    measures: dict[str, NDArray[Any]] = {name: np.full(len(values), np.nan) for name in MEANINGS}
    measures |= {"tuning_curve": curve, "trials": count.min(axis=1), "lost_trials": np.isnan(values).sum(axis=(1, 2))}
    whole = ~np.isnan(curve).any(axis=1)
    checked = non_negative(curve[whole], "the mean response", negative)
    for name, found in _of_curves(checked, angles).items():
        measures[name][whole] = found
    for unit in np.flatnonzero(~np.isnan(measures["gosi"])):
        observed = measures["gosi"][unit]
        for name, value in _of_trials(values[unit], observed, angles, n_permutations, n_resamples, rng).items():
            measures[name][unit] = value
    measures["qvalue"] = _adjusted(measures["pvalue"])
    return _described(measures, angles, label)


def _refuse_draws(rng: np.random.Generator, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} = {number}: must be 1 or more")
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {rng!r}: must be a NumPy generator, such as numpy.random.default_rng(0)")


def _of_trials(
    trials: Floats, observed: float, angles: Floats, n_permutations: int, n_resamples: int, rng: np.random.Generator
) -> dict[str, float]:
    """Return what one unit's (orientation, trial) responses say of the gOSI of their means.

    A draw that rectification silences has no gOSI and is left out, as a unit is whose own means it silences: the unit is
    compared with draws that respond.
    """
    null = _responding(_permuted_gosi(trials, angles, n_permutations, rng))
    drawn = {"pvalue": float(exceedance_pvalue(observed, null))}
    if null.size:
        drawn["gosi_null_mean"] = float(null.mean())
    if (~np.isnan(trials)).sum(axis=1).min() > 1:
        resampled = _responding(_resampled_gosi(trials, angles, n_resamples, rng))
        if resampled.size:
            drawn["gosi_low"], drawn["gosi_high"] = map(float, np.quantile(resampled, (0.025, 0.975)))
    return drawn


def _responding(draws: Floats) -> Floats:
    return draws[~np.isnan(draws)]


def _by_unit(
    responses: Any, orientations: ArrayLike | None, *, dim: str, trial: str
) -> tuple[Floats, Floats, xr.DataArray]:
    """Return responses as (unit, orientation, trial), the orientations, and the labels of units."""
    if not isinstance(responses, xr.DataArray):
        plain = as_floats(responses, "the array of responses")
        if plain.ndim != 3:
            raise ValueError(
                f"the responses have the shape {plain.shape}, must be (unit, orientation, trial); a single trial is one, too"
            )
        responses = xr.DataArray(plain, dims=("unit", dim, trial))
        orientations = even_angles(plain.shape[1]) if orientations is None else orientations
    others = [name for name in responses.dims if name not in (dim, trial)]
    if len(others) != 1 or trial not in responses.dims:
        raise ValueError(
            f"the responses have the dimensions {', '.join(map(str, responses.dims))}, must be {dim}, {trial} and one of units"
        )
    if taken := sorted({str(others[0]), *map(str, responses[others[0]].coords)} & {*MEANINGS, "orientation"}):
        raise ValueError(f"the units have the label {', '.join(taken)}, as a measure has; rename it")
    if responses.sizes[trial] == 0:
        raise ValueError(f"the responses have no {trial}: one or more are needed")
    moved, angles = unlabelled(responses.transpose(*others, trial, dim), orientations, dim=dim)
    values = np.swapaxes(moved, 1, 2)
    return values, checked_orientations(angles, values.shape[1]), responses.isel({dim: 0, trial: 0}, drop=True)


def _of_curves(curves: Floats, angles: Floats) -> dict[str, Floats]:
    """Return what a tuning curve alone says, of (unit, orientation) curves without NaN."""
    selectivity = gosi(curves, angles)
    measures = {
        "gosi": selectivity,
        "circular_variance": 1 - selectivity,
        "osi": osi(curves, angles),
        "preferred_orientation": preferred_orientation(curves, angles),
        "peak_orientation": np.where(np.isnan(selectivity), np.nan, angles[curves.argmax(axis=1)]),
    }
    if len(angles) >= FEWEST and len(curves):
        fit = von_mises_fit(curves, angles)
        measures |= {name: fit[name].values for name in ("width", "explained")}
    return measures


def _permuted_gosi(trials: Floats, angles: Floats, number: int, rng: np.random.Generator) -> Floats:
    """Return gOSI with a unit's responses permuted over all its trials, (permutation,); lost trials stay where they are."""
    flat = trials.reshape(-1)
    present = np.flatnonzero(~np.isnan(flat))
    shuffled = np.full((number, flat.size), np.nan)
    shuffled[:, present] = rng.permuted(np.tile(flat[present], (number, 1)), axis=1)
    return _rectified_gosi(shuffled.reshape(number, *trials.shape), angles)


def _resampled_gosi(trials: Floats, angles: Floats, number: int, rng: np.random.Generator) -> Floats:
    """Return gOSI with a unit's trials drawn anew, with replacement, within each orientation: (resample,)."""
    drawn = np.full((number, *trials.shape), np.nan)
    for index, row in enumerate(trials):
        heard = row[~np.isnan(row)]
        drawn[:, index, : len(heard)] = rng.choice(heard, size=(number, len(heard)))
    return _rectified_gosi(drawn, angles)


def _rectified_gosi(trials: Floats, angles: Floats) -> Floats:
    """Return gOSI of the means over trials, (draw,); a mean that a draw takes below 0 counts 0."""
    return np.asarray(gosi(trial_means(trials)[0], angles, negative="rectify"))


def _adjusted(pvalues: Floats) -> Floats:
    """Return p-values adjusted over the units that have one, NaN elsewhere."""
    from scipy.stats import false_discovery_control

    adjusted = np.full(len(pvalues), np.nan)
    tested = ~np.isnan(pvalues)
    if tested.any():
        adjusted[tested] = false_discovery_control(pvalues[tested])
    return adjusted


def _described(measures: dict[str, NDArray[Any]], angles: Floats, label: xr.DataArray) -> xr.Dataset:
    """Return the measures with units and meanings, on the units' own labels."""
    unit = str(label.dims[0])
    described = {
        name: (
            (unit, "orientation") if measures[name].ndim == 2 else (unit,),
            measures[name],
            {"units": units, "long_name": meaning},
        )
        for name, (units, meaning) in MEANINGS.items()
    }
    coordinates = {key: kept for key, kept in label.coords.items()}
    return xr.Dataset(described, coords=coordinates | {"orientation": ("orientation", angles, {"units": "degree"})})

"""Sets of orientations as experiments have them: even or uneven, of orientations or of directions, on labelled arrays or plain.

An orientation is an angle in degrees on a circle of 180: 0 is 180. A direction of motion lies on a circle of 360, and a grating
that drifts to either side has the same orientation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

HALF_CIRCLE, CIRCLE = 180.0, 360.0
_SAME = 1e-6  # degrees: orientations closer than this are one
_FIRM = 1e4  # how much heavier the balance of weights counts than their closeness to arcs
_BALANCED = 1e-6
_LEAST = 0.05  # of its arc that every orientation counts


def as_floats(values: Any, name: str) -> Floats:
    """Return an array as floats, what is masked in it as NaN.

    Raises
    ------
    ValueError
        When it, called `name`, is complex, or a dataset of several.
    """
    if isinstance(values, xr.Dataset):
        raise ValueError(f"{name} is a Dataset; take one of its variables: {', '.join(map(str, values.data_vars))}")
    if np.iscomplexobj(values):
        raise ValueError(f"{name} holds complex numbers: responses are real")
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
    return np.asarray(values, dtype=np.float64)


def even_angles(number: int, circle: float = HALF_CIRCLE) -> Floats:
    """Return so many angles, evenly spaced over a circle from 0 on: (angle,), degrees."""
    return circle * np.arange(number) / number


def checked_orientations(orientations: ArrayLike, length: int) -> Floats:
    """Return the orientations of a curve's entries as floats, (orientation,), degrees.

    Parameters
    ----------
    orientations
        Degrees, 0 or more and below 180, in any order, each once.
    length
        How many entries the curve has.

    Raises
    ------
    ValueError
        When their number is not the curve's or below two, one is not finite or outside the half circle, or one comes twice.
    """
    angles = np.asarray(orientations, dtype=np.float64)
    if angles.shape != (length,):
        raise ValueError(f"orientations of shape {angles.shape} for {length} responses: each response needs one")
    if length < 2:
        raise ValueError(f"a tuning curve of {length} orientations has no selectivity: two or more are needed")
    if not np.isfinite(angles).all() or angles.min() < 0 or angles.max() >= HALF_CIRCLE:
        raise ValueError(
            f"orientations {np.round(angles, 6).tolist()} must be degrees from 0 to below 180; fold directions first, with folded()"
        )
    if _gaps(np.sort(angles)).min() < _SAME:
        raise ValueError(f"orientations {np.round(angles, 6).tolist()} hold one twice; average its responses first")
    return angles


def weights(orientations: Floats) -> Floats:
    """Return what each response counts in a vector sum, (orientation,), summing to 1; untuned curves then sum to exactly 0.

    Evenly spaced orientations count alike. Otherwise each counts by the arc that it stands for, half of either gap beside it,
    moved as little as possible so that the weighted unit vectors of the doubled angles cancel: else a flat curve would seem
    tuned to where the orientations crowd.

    Parameters
    ----------
    orientations
        (orientation,), degrees, as `checked_orientations` gives them.

    Raises
    ------
    ValueError
        When no weights, each at least a twentieth of its arc, make a flat curve cancel: there are fewer than three
        orientations, or a gap of 90 degrees or nearly so between two.
    """
    from scipy.optimize import nnls

    order = np.argsort(orientations)
    gaps = _gaps(orientations[order])
    if len(orientations) >= 3 and np.ptp(gaps) < _SAME:
        return np.full(len(orientations), 1 / len(orientations))
    arcs = np.empty(len(orientations))
    arcs[order] = (gaps + np.roll(gaps, 1)) / (2 * HALF_CIRCLE)
    doubled = np.radians(2 * orientations)
    balance, target = np.stack([np.ones_like(arcs), np.cos(doubled), np.sin(doubled)]), np.array([1.0, 0.0, 0.0])
    least = _LEAST * arcs
    wanted = np.concatenate([_FIRM * (target - balance @ least), arcs - least])
    found = least + nnls(np.vstack([_FIRM * balance, np.eye(len(arcs))]), wanted)[0]
    if len(arcs) < 3 or np.abs(balance @ found - target).max() > _BALANCED:
        radians = "; are they in radians? They must be in degrees" if orientations.max() < CIRCLE / 50 else ""
        raise ValueError(
            f"orientations {np.round(orientations, 6).tolist()} do not go round the half circle: an untuned cell could not be told"
            f" from a tuned one; three or more are needed, with no gap of 90 degrees or nearly so{radians}"
        )
    moved = found > least
    found[moved] += np.linalg.lstsq(balance[:, moved], target - balance @ found, rcond=None)[0]
    return found


def folded(responses: Any, directions: ArrayLike | None = None, *, dim: str = "direction") -> Any:
    """Return responses to directions of motion as responses to orientations: those to opposite directions are averaged.

    Parameters
    ----------
    responses
        Plain, (..., direction), or labelled, with dimension `dim`. NaN are left out of the average.
    directions
        (direction,), degrees, any; by default the coordinate of a labelled array, evenly spaced over 360 for a plain one.
    dim
        The dimension of a labelled array.

    Returns
    -------
    DataArray, or (ndarray, ndarray)
        Labelled, with `dim` replaced by `orientation`, sorted; or plain, (..., orientation), and the orientations. NaN where
        neither direction has a response.

    Raises
    ------
    ValueError
        When a direction is not finite, or their number is not the responses'.
    """
    values, angles = unlabelled(responses, directions, dim=dim, circle=CIRCLE)
    if angles.shape != values.shape[-1:] or not np.isfinite(angles).all():
        raise ValueError(f"{angles.size} directions, all finite, are needed for {values.shape[-1]} responses")
    rounded = np.round(angles / _SAME) * _SAME % HALF_CIRCLE
    rounded[HALF_CIRCLE - rounded < _SAME] = 0.0
    orientations, group = np.unique(np.round(rounded, 6), return_inverse=True)
    present = ~np.isnan(values)
    sums, counts = np.zeros((2, *values.shape[:-1], len(orientations)))
    for index, member in enumerate(group):
        sums[..., member] += np.where(present[..., index], values[..., index], 0.0)
        counts[..., member] += present[..., index]
    with np.errstate(invalid="ignore"):
        means = np.where(counts > 0, sums / counts, np.nan)
    if not isinstance(responses, xr.DataArray):
        return means, orientations
    others = [name for name in responses.dims if name != dim]
    coordinates = {key: kept for key, kept in responses.coords.items() if dim not in kept.dims}
    described = ("orientation", orientations, {"units": "degree"})
    return xr.DataArray(means, dims=[*others, "orientation"], coords=coordinates | {"orientation": described})


def unlabelled(
    responses: Any, angles: ArrayLike | None, *, dim: str, circle: float = HALF_CIRCLE
) -> tuple[Floats, Floats]:
    """Return responses with the dimension of angles last, (..., angle), and the angles, (angle,), degrees.

    Without angles those of a labelled array are its coordinate, and a plain array's evenly spaced over a circle from 0.

    Raises
    ------
    ValueError
        When a labelled array has no such dimension, or no coordinate of it and no angles are given; when a plain one has
        no dimension; and as `as_floats`.
    """
    if isinstance(responses, xr.DataArray):
        if dim not in responses.dims:
            raise ValueError(f"dimension {dim!r} is not one of the responses': {', '.join(map(str, responses.dims))}")
        if angles is None and dim not in responses.coords:
            raise ValueError(f"dimension {dim!r} has no coordinate in degrees; attach one, or name the angles")
        values = responses.transpose(..., dim).values
        angles = responses[dim].values if angles is None else angles
    else:
        values = as_floats(responses, "the array of responses")
        if values.ndim == 0:
            raise ValueError(f"the responses are the single number {values:g}: a tuning curve has one for each {dim}")
        angles = even_angles(values.shape[-1], circle) if angles is None else angles
    return as_floats(values, "the array of responses"), np.asarray(angles, dtype=np.float64)


def relabelled(responses: Any, values: NDArray[Any], *, dim: str) -> Any:
    """Return what was computed of each curve, (...), labelled as `responses` are but for `dim`, or plain if they are plain."""
    if not isinstance(responses, xr.DataArray):
        return values
    others = [name for name in responses.dims if name != dim]
    coordinates = {key: kept for key, kept in responses.coords.items() if dim not in kept.dims}
    return xr.DataArray(values, dims=others, coords=coordinates)


def of_curves(
    measure: Callable[[Floats, Floats], NDArray[Any]], curves: Any, orientations: ArrayLike | None, *, dim: str
) -> Any:
    """Return a measure of every curve, plain or labelled: `measure` is given (..., orientation) and the orientations."""
    values, angles = unlabelled(curves, orientations, dim=dim)
    return relabelled(curves, measure(values, checked_orientations(angles, values.shape[-1])), dim=dim)


def _gaps(ascending: Floats) -> Floats:
    """Return the gap from each of the ascending orientations to the next, the last one's to the first, (orientation,)."""
    return np.diff(np.append(ascending, ascending[0] + HALF_CIRCLE))

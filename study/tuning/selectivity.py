"""From responses to orientation selectivity: pure functions on arrays, plain or labelled.

Responses are non-negative, shaped (..., orientation, spatial_frequency, phase). Orientations are evenly spaced over the
half circle of 180 degrees unless they are given. A unit that responds to nothing has no selectivity: every index of it is
NaN, never 0.

Source: equation 2 and section A.2 of the paper.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from study.tuning.orientations import HALF_CIRCLE, Floats, as_floats, of_curves, weights

Negative = Literal["refuse", "rectify"]
SELECTIVE = 0.33  # gOSI above which visual neuroscience calls a unit orientation-selective
RANGE_THRESHOLDS = ("half_peak", "midpoint")  # above which a spatial frequency counts for the range


def non_negative(responses: NDArray[np.floating], name: str, negative: Negative = "refuse") -> Floats:
    """Return responses as floats, those below 0 rectified to 0 where that is asked for.

    Raises
    ------
    ValueError
        Where one of them, called `name`, is NaN, masked, infinite, complex, or negative and refused; and on another `negative`.
    """
    if negative not in get_args(Negative):
        raise ValueError(f"negative = {negative!r}: must be one of {', '.join(get_args(Negative))}")
    values = as_floats(responses, name)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds NaN or infinity: responses must be finite numbers")
    if negative == "rectify":
        return np.maximum(values, 0.0)
    if values.size and values.min() < 0:
        raise ValueError(
            f"{name} holds the negative value {values.min():g}: gOSI is defined for responses >= 0 only;"
            ' negative="rectify" sets such to 0'
        )
    return values


def tuning_curve(responses: Any) -> tuple[Any, Any]:
    """Return each unit's orientation-tuning curve and the index of the spatial frequency it was read at.

    Parameters
    ----------
    responses
        (..., orientation, spatial_frequency, phase), >= 0; of a labelled array the dimensions of these names, in any order.

    Returns
    -------
    curve
        (..., orientation): maximum over phase, at the spatial frequency with the largest peak (the lowest, if tied).
    frequency
        (...): index of that spatial frequency.

    Raises
    ------
    ValueError
        When a labelled array lacks one of the three dimensions.
    """
    if isinstance(responses, xr.DataArray):
        read = ["orientation", "spatial_frequency", "phase"]
        if not set(read) <= set(responses.dims):
            raise ValueError(
                f"the responses have the dimensions {', '.join(map(str, responses.dims))}, must have {', '.join(read)}"
            )
        return xr.apply_ufunc(  # type: ignore[no-any-return]
            tuning_curve, responses.compute(), input_core_dims=[read], output_core_dims=[["orientation"], []]
        )
    peaks = np.asarray(responses, dtype=np.float64).max(axis=-1)
    frequency = peaks.max(axis=-2).argmax(axis=-1)
    curve = np.take_along_axis(peaks, frequency[..., None, None], axis=-1)[..., 0]
    return curve, frequency


def gosi(
    curve: Any, orientations: ArrayLike | None = None, *, dim: str = "orientation", negative: Negative = "refuse"
) -> Any:
    """Return the global orientation selectivity index |sum_k r_k exp(2 i theta_k)| / sum_k r_k, in [0, 1].

    Equals 1 minus the circular variance. Orientations that are not evenly spaced are weighted, see
    `study.tuning.orientations.weights`, so that a flat curve still has an index of 0.

    Parameters
    ----------
    curve
        (..., orientation), >= 0; or a labelled array with dimension `dim`.
    orientations
        (orientation,), degrees; by default the coordinate of a labelled array, evenly spaced for a plain one.
    dim
        The dimension of a labelled array.
    negative
        What becomes of responses below 0: `"refuse"` them, or `"rectify"` them to 0.

    Returns
    -------
    ndarray or DataArray
        (...), as `curve` is; NaN for a curve that is zero everywhere (a silent unit).

    Raises
    ------
    ValueError
        When a response is NaN, or negative and refused; when the orientations do not go round the half circle.
    """
    if orientations is None and not isinstance(curve, xr.DataArray) and np.shape(curve)[-1:] > (2,):
        return gosi_of_checked(non_negative(curve, "the tuning curve", negative))
    return of_curves(lambda values, angles: _length(values, angles, negative), curve, orientations, dim=dim)


def preferred_orientation(
    curve: Any, orientations: ArrayLike | None = None, *, dim: str = "orientation", negative: Negative = "refuse"
) -> Any:
    """Return the orientation that the vector sum of `gosi` points to, in degrees from 0 to below 180.

    The parameters are those of `gosi`. NaN for a silent unit, and where the vector sum is 0 (to rounding), as in a flat curve.
    """

    def pointed_to(values: Floats, angles: Floats) -> Floats:
        vector = _vector(non_negative(values, "the tuning curve", negative), angles)
        degrees = np.degrees(np.angle(vector)) / 2 % HALF_CIRCLE
        return np.where(np.abs(vector) > 1e-12, np.where(degrees == HALF_CIRCLE, 0.0, degrees), np.nan)

    return of_curves(pointed_to, curve, orientations, dim=dim)


def _length(values: Floats, angles: Floats, negative: Negative) -> Floats:
    return np.minimum(np.abs(_vector(non_negative(values, "the tuning curve", negative), angles)), 1.0)


def _vector(values: Floats, angles: Floats) -> NDArray[np.complex128]:
    """Return each curve's vector sum over its sum, (...), complex; NaN for a silent one."""
    weighted = values * weights(angles)
    total = weighted.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, weighted @ np.exp(2j * np.radians(angles)) / total, np.nan))


def gosi_of_checked(values: Floats) -> Floats:
    """Return what `gosi` does of curves known to be finite and >= 0."""
    n_orientations = values.shape[-1]
    angles = 2 * np.pi * np.arange(n_orientations) / n_orientations  # doubled: 180 degrees make a full turn
    total = values.sum(axis=-1)
    vector = np.hypot(values @ np.cos(angles), values @ np.sin(angles))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.minimum(vector / total, 1.0), np.nan)


def osi(
    curve: Any, orientations: ArrayLike | None = None, *, dim: str = "orientation", negative: Negative = "refuse"
) -> Any:
    """Return (r_pref - r_orth) / (r_pref + r_orth), the classical orientation selectivity index, in [0, 1].

    The preferred orientation is that of the largest response (the first, if tied). Where the orthogonal orientation is none
    of those shown, the response to it is read from the straight line between those beside it.

    The parameters are those of `gosi`. NaN for a silent unit.
    """

    def index_of(values: Floats, angles: Floats) -> Floats:
        checked = non_negative(values, "the tuning curve", negative)
        preferred = checked.argmax(axis=-1)
        r_pref = np.take_along_axis(checked, preferred[..., None], axis=-1)[..., 0]
        between = _interpolation(angles, (angles + HALF_CIRCLE / 2) % HALF_CIRCLE)
        r_orth = np.einsum("...k,...k->...", checked, between[preferred])
        with np.errstate(invalid="ignore"):
            return np.asarray(np.maximum(r_pref - r_orth, 0.0) / (r_pref + r_orth))

    return of_curves(index_of, curve, orientations, dim=dim)


def _interpolation(angles: Floats, wanted: Floats) -> Floats:
    """Return what each response weighs in the value at each wanted angle, (wanted, orientation): linear, round the circle."""
    return np.stack([np.interp(wanted, angles, row, period=HALF_CIRCLE) for row in np.eye(len(angles))], axis=-1)


def shortest_arc(orientations: NDArray[np.floating], period: float = 180.0) -> float:
    """Return the length of the shortest arc of the circle that holds all orientations, in degrees.

    Parameters
    ----------
    orientations
        (n,), degrees; at least one.
    period
        Circumference of the circle, in degrees.

    Raises
    ------
    ValueError
        When there is no orientation.
    """
    points = np.sort(np.unique(np.asarray(orientations, dtype=np.float64) % period))
    if points.size == 0:
        raise ValueError("orientations is empty: an arc needs at least one")
    gaps = np.diff(np.append(points, points[0] + period))
    return float(period - gaps.max())


def spatial_frequency_range(
    responses: NDArray[np.floating], orientations: NDArray[np.floating], *, threshold: str
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the range of preferred orientations over spatial frequency, and the number of frequencies it rests on.

    The frequencies kept are those whose peak exceeds a threshold; with one of them alone the range is 0 by construction,
    which is why their number is returned too.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase), >= 0.
    orientations
        (orientation,), degrees.
    threshold
        `"half_peak"`: half of the unit's overall peak, as section A.2 says. `"midpoint"`: halfway between the largest and
        the smallest of the peaks of its frequencies, as the author's published scripts have it; never below half peak,
        so it keeps no more frequencies. The largest peak is kept even where no other is smaller.

    Returns
    -------
    range
        (unit,), degrees, 0 to 165 with 12 orientations; NaN for a silent unit.
    count
        (unit,): frequencies kept; 0 for a silent unit.

    Raises
    ------
    ValueError
        On another `threshold`.
    """
    if threshold not in RANGE_THRESHOLDS:
        raise ValueError(f"threshold = {threshold!r}: must be one of {', '.join(RANGE_THRESHOLDS)}")
    peaks = np.asarray(responses, dtype=np.float64).max(axis=-1)
    per_frequency = peaks.max(axis=1)
    largest = per_frequency.max(axis=1, keepdims=True)
    smallest = per_frequency.min(axis=1, keepdims=True) if threshold == "midpoint" else 0.0
    kept = (per_frequency > (largest + smallest) / 2) | ((per_frequency == largest) & (largest > 0))
    preferred = np.asarray(orientations)[peaks.argmax(axis=1)]
    ranges = np.array(
        [shortest_arc(angles[keep]) if keep.any() else np.nan for angles, keep in zip(preferred, kept, strict=True)]
    )
    return ranges, kept.sum(axis=1)

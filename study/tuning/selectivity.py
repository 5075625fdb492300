"""From responses to orientation selectivity: pure functions on arrays.

Responses are non-negative, shaped (..., orientation, spatial_frequency, phase). Orientations are evenly spaced over the
half circle of 180 degrees. A unit that responds to nothing has no selectivity: every index of it is NaN, never 0.

Source: equation 2 and section A.2 of the paper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SELECTIVE = 0.33  # gOSI above which visual neuroscience calls a unit orientation-selective
RANGE_THRESHOLDS = ("half_peak", "midpoint")  # above which a spatial frequency counts for the range

Floats = NDArray[np.float64]


def non_negative(responses: NDArray[np.floating], name: str) -> Floats:
    """Return responses as floats, or raise `ValueError` where one of them, called `name`, is NaN, infinite or negative."""
    values = np.asarray(responses, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds NaN or infinity: responses must be finite numbers")
    if values.size and values.min() < 0:
        raise ValueError(f"{name} holds the negative value {values.min():g}: gOSI is defined for responses >= 0 only")
    return values


def tuning_curve(responses: NDArray[np.floating]) -> tuple[Floats, NDArray[np.intp]]:
    """Return each unit's orientation-tuning curve and the index of the spatial frequency it was read at.

    Parameters
    ----------
    responses
        (..., orientation, spatial_frequency, phase), >= 0.

    Returns
    -------
    curve
        (..., orientation): maximum over phase, at the spatial frequency with the largest peak (the lowest, if tied).
    frequency
        (...): index of that spatial frequency.
    """
    peaks = np.asarray(responses, dtype=np.float64).max(axis=-1)
    frequency = peaks.max(axis=-2).argmax(axis=-1)
    curve = np.take_along_axis(peaks, frequency[..., None, None], axis=-1)[..., 0]
    return curve, frequency


def gosi(curve: NDArray[np.floating]) -> Floats:
    """Return the global orientation selectivity index |sum_k r_k exp(2 i theta_k)| / sum_k r_k, in [0, 1].

    Equals 1 minus the circular variance.

    Parameters
    ----------
    curve
        (..., orientation), >= 0, orientations evenly spaced over 180 degrees.

    Returns
    -------
    ndarray
        (...); NaN for a curve that is zero everywhere (a silent unit).

    Raises
    ------
    ValueError
        When a response is negative or NaN.
    """
    values = non_negative(curve, "the tuning curve")
    return gosi_of_checked(values)


def gosi_of_checked(values: Floats) -> Floats:
    """Return what `gosi` does of curves known to be finite and >= 0."""
    n_orientations = values.shape[-1]
    angles = 2 * np.pi * np.arange(n_orientations) / n_orientations  # doubled: 180 degrees make a full turn
    total = values.sum(axis=-1)
    vector = np.hypot(values @ np.cos(angles), values @ np.sin(angles))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.minimum(vector / total, 1.0), np.nan)


def osi(curve: NDArray[np.floating]) -> Floats:
    """Return (r_pref - r_orth) / (r_pref + r_orth), the classical orientation selectivity index.

    Parameters
    ----------
    curve
        (..., orientation), >= 0, with an even number of orientations; the orthogonal one is half of them away.

    Returns
    -------
    ndarray
        (...), in [0, 1]; NaN for a silent unit.
    """
    values = non_negative(curve, "the tuning curve")
    n_orientations = values.shape[-1]
    preferred = values.argmax(axis=-1)
    at = np.stack([preferred, (preferred + n_orientations // 2) % n_orientations], axis=-1)
    r_pref, r_orth = np.moveaxis(np.take_along_axis(values, at, axis=-1), -1, 0)
    with np.errstate(invalid="ignore"):
        return np.asarray((r_pref - r_orth) / (r_pref + r_orth))


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

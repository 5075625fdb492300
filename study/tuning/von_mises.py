"""The width of orientation tuning, from a von Mises curve fitted by least squares.

r(theta) = baseline + amplitude exp(concentration (cos 2 (theta - preferred) - 1)), as is usual for orientation tuning (for
instance Swindale 1998, Biological Cybernetics 78:45-56).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from study.tuning.orientations import HALF_CIRCLE, Floats, checked_orientations, relabelled, unlabelled

PARAMETERS = {
    "baseline": ("", "response far from the preferred orientation"),
    "amplitude": ("", "response at the preferred orientation above the baseline"),
    "preferred_orientation": ("degree", "orientation of the curve's peak"),
    "concentration": ("1", "concentration of the von Mises curve"),
    "width": ("degree", "half width at half height above the baseline"),
    "explained": ("1", "share of the variance over orientations that the curve explains"),
}
FEWEST = 5  # orientations: four parameters are fitted
_STARTS = (0.5, 2.0, 8.0, 30.0)  # concentrations that the search begins from
_MOST_CONCENTRATED = 1000.0
_HIGHEST = 20.0  # amplitude, in ranges of the responses: a peak between two orientations may not have been shown


def von_mises_curve(theta: Floats, baseline: float, amplitude: float, preferred: float, concentration: float) -> Floats:
    """Return the von Mises curve at orientations `theta`, degrees."""
    turned = np.cos(2 * np.radians(theta - preferred))
    return np.asarray(baseline + amplitude * np.exp(concentration * (turned - 1)))


def half_width(concentration: float) -> float:
    """Return the half width at half height, degrees; NaN where the curve nowhere falls to half its height."""
    cosine = 1 - np.log(2) / concentration if concentration > 0 else -np.inf
    return float(np.degrees(np.arccos(cosine)) / 2) if cosine >= -1 else float("nan")


def von_mises_fit(curve: Any, orientations: ArrayLike | None = None, *, dim: str = "orientation") -> xr.Dataset:
    """Return the least-squares von Mises curve of every unit.

    Parameters
    ----------
    curve
        (..., orientation), or a labelled array with dimension `dim`; any finite values, at least five orientations. A curve
        that holds NaN is not fitted.
    orientations
        (orientation,), degrees; by default the coordinate of a labelled array, evenly spaced for a plain one.
    dim
        The dimension of a labelled array.

    Returns
    -------
    Dataset
        (...): `baseline`, `amplitude` (both in the units of the responses), `preferred_orientation`, `concentration`,
        `width` and `explained`. All NaN for a flat curve and where no fit was found; `width` also where the fitted curve
        nowhere falls to half its height: such a unit is broadly tuned, not untuned.

    Raises
    ------
    ValueError
        With fewer than five orientations.
    """
    values, angles = unlabelled(curve, orientations, dim=dim)
    angles = checked_orientations(angles, values.shape[-1])
    if len(angles) < FEWEST:
        raise ValueError(
            f"{len(angles)} orientations: a von Mises curve has four parameters and needs {FEWEST} or more"
        )
    flat = values.reshape(-1, len(angles))
    fitted = np.array([_fitted(row, angles) for row in flat]).reshape(*values.shape[:-1], len(PARAMETERS))
    columns = dict(zip(PARAMETERS, np.moveaxis(fitted, -1, 0), strict=True))
    arrays = {name: _array(relabelled(curve, column, dim=dim)) for name, column in columns.items()}
    for name, array in arrays.items():
        array.attrs = {"units": PARAMETERS[name][0], "long_name": PARAMETERS[name][1]}
    return xr.Dataset(arrays)


def _array(values: Any) -> xr.DataArray:
    """Return a labelled array, the axes of a plain one by number."""
    if isinstance(values, xr.DataArray):
        return values
    array = np.asarray(values)
    return xr.DataArray(array, dims=["unit"] if array.ndim == 1 else [f"axis_{axis}" for axis in range(array.ndim)])


def _fitted(row: Floats, angles: Floats) -> Floats:
    """Return one curve's parameters in the order of `PARAMETERS`."""
    from scipy.optimize import OptimizeWarning, curve_fit

    nothing = np.full(len(PARAMETERS), np.nan)
    spread = np.ptp(row)
    if not np.isfinite(row).all() or spread <= 1e-12 * np.abs(row).max():
        return nothing
    scaled = row / spread
    start = min((_started(scaled, angles, concentration) for concentration in _STARTS), key=lambda one: one[0])[1]
    low = (-np.inf, 0.0, start[2] - HALF_CIRCLE / 2, 1e-3)
    high = (np.inf, _HIGHEST, start[2] + HALF_CIRCLE / 2, _MOST_CONCENTRATED)
    try:
        found, _ = curve_fit(von_mises_curve, angles, scaled, p0=start, bounds=(low, high), maxfev=2000)
    except (RuntimeError, OptimizeWarning):
        return nothing
    baseline, amplitude, preferred, concentration = (float(value) for value in found)
    left = np.sum((von_mises_curve(angles, *found) - scaled) ** 2)
    explained = 1 - left / np.sum((scaled - scaled.mean()) ** 2)
    fit = (baseline * spread, amplitude * spread, preferred % HALF_CIRCLE, concentration)
    return np.array([*fit, half_width(concentration), explained])


def _started(row: Floats, angles: Floats, concentration: float) -> tuple[float, tuple[float, float, float, float]]:
    """Return the best sum of squares at a concentration, over peaks at the orientations shown, and its parameters."""
    best = (np.inf, (float(row.min()), 1.0, float(angles[row.argmax()]), concentration))
    for preferred in angles:
        bump = von_mises_curve(angles, 0.0, 1.0, preferred, concentration)
        centred = bump - bump.mean()
        amplitude = float(np.clip(centred @ row / (centred @ centred), 0.0, _HIGHEST))
        baseline = float((row - amplitude * bump).mean())
        left = float(np.sum((row - baseline - amplitude * bump) ** 2))
        best = min(best, (left, (baseline, amplitude, float(preferred), concentration)))
    return best

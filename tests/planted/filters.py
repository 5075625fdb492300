"""First-layer filters with a known tuning, and what linear theory says their responses to gratings are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

N_CLASSES = 4
CLASS_ORIENTATIONS = np.array([0.0, 45.0, 90.0, 135.0])  # degrees, one a class
CLASS_COLOURS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])  # directions in RGB, one a class
FREQUENCY = 0.2  # cycles per pixel, of the oriented filters and of the gratings that tell classes apart
AMPLITUDE = 0.5  # of a probing grating, whose pixels go from 0 to 1

_Y, _X = np.mgrid[-1:2, -1:2].astype(float)
_ROUND = (
    np.exp(-(_X**2 + _Y**2)),
    np.exp(-(_X**2 + _Y**2) / 4),
    np.where((_X == 0) & (_Y == 0), 1.0, -0.05),
)  # a narrow blob, a wide one, and a bright centre in a dark surround: all alike after a quarter turn


@dataclass(frozen=True)
class Filters:
    """The filters of a first layer, one a unit.

    Attributes
    ----------
    kernels
        (row, column, colour, unit).
    thresholds
        (unit,): what is subtracted before the rectification.
    oriented
        (unit,), bool.
    orientations
        (unit,): the preferred orientation in degrees, NaN for a unit that is not oriented.
    classes
        (unit,): the class whose images drive the unit.
    """

    kernels: np.ndarray
    thresholds: np.ndarray
    orientations: np.ndarray
    classes: np.ndarray

    @property
    def oriented(self) -> np.ndarray:
        """Return which units are oriented, bool, (unit,)."""
        return np.isfinite(self.orientations)


def planted_filters(rng: np.random.Generator, *, n_oriented: int, n_unoriented: int, threshold: float) -> Filters:
    """Return Gabor filters of four orientations and phases, then round ones of three kinds and four colours, jittered.

    A Gabor filter sees brightness and ignores its mean; its threshold is a share of its largest response to a probing
    grating. A round filter sees one colour.
    """
    kernels, thresholds, orientations = [], [], np.full(n_oriented + n_unoriented, np.nan)
    for unit in range(n_oriented):
        orientations[unit] = CLASS_ORIENTATIONS[unit % N_CLASSES] + rng.uniform(-4, 4)
        kernel = gabor(orientations[unit], phase=90.0 * (unit // N_CLASSES) + rng.uniform(-10, 10))
        kernel /= gain(kernel, orientations[unit, None], np.array([FREQUENCY])).item()
        kernels.append(kernel[..., None] * np.full(3, 1 / 3))
        thresholds.append(AMPLITUDE * (threshold + rng.uniform(-0.03, 0.03)))
    for unit in range(n_unoriented):
        kernel = _ROUND[unit // N_CLASSES % len(_ROUND)]
        kernels.append((kernel / kernel.sum())[..., None] * CLASS_COLOURS[unit % N_CLASSES] / 3)
        thresholds.append(rng.uniform(0.02, 0.03))
    classes = np.r_[np.arange(n_oriented), np.arange(n_unoriented)] % N_CLASSES
    return Filters(np.stack(kernels, axis=-1), np.array(thresholds), orientations, classes)


def gabor(orientation: float, *, phase: float) -> np.ndarray:
    """Return a Gabor filter of 3 x 3 pixels with no response to the mean: orientation and phase in degrees."""
    theta = np.deg2rad(orientation)
    across = -_X * np.sin(theta) + _Y * np.cos(theta)
    envelope = np.exp(-(_X**2 + _Y**2) / 2)
    wave = envelope * np.cos(2 * np.pi * FREQUENCY * across + np.deg2rad(phase))
    return wave - envelope * wave.sum() / envelope.sum()


def gain(kernel: np.ndarray, orientations: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Return the modulus of a kernel's transfer function, (row, column) to (orientation, frequency)."""
    theta = np.deg2rad(orientations)[:, None, None, None]
    across = -_X * np.sin(theta) + _Y * np.cos(theta)
    return np.abs((kernel * np.exp(2j * np.pi * frequencies[:, None, None] * across)).sum(axis=(-2, -1)))


def predicted_tuning(filters: Filters, orientations: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Return the mean response over a whole number of cycles of an endless grating: (unit, orientation, frequency).

    A sinusoid of amplitude A, cut off at the threshold b, has the mean (sqrt(A^2 - b^2) - b arccos(b / A)) / pi.
    """
    amplitude = AMPLITUDE * np.stack([gain(kernel, orientations, frequencies) for kernel in _grey(filters)])
    share = np.minimum(filters.thresholds[:, None, None] / np.maximum(amplitude, 1e-12), 1.0)
    return amplitude * (np.sqrt(1 - share**2) - share * np.arccos(share)) / np.pi


def _grey(filters: Filters) -> np.ndarray:
    """Return what each filter makes of grey images: (unit, row, column)."""
    return filters.kernels.sum(axis=2).transpose(2, 0, 1)

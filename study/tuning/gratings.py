"""Grating images, as visual neuroscience shows them.

Source: equation 1 and section A.1 of the paper; spacing of spatial frequencies, centre and contrast scaling from its
author's published scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORIENTATIONS = np.arange(0.0, 180.0, 15.0)
PHASES = np.arange(0.0, 360.0, 90.0)


@dataclass(frozen=True)
class GratingAxes:
    """What a full set of gratings varies in.

    `orientation` and `phase` are in degrees, `spatial_frequency` in cycles per pixel. Orientation 0 shows horizontal
    bars; it grows clockwise as seen on a screen, whose rows run downwards. In the author's published scripts x of equation 1
    runs down the rows and here along the columns, so their theta is 90 degrees minus ours (and their tau minus ours): the
    set of gratings is the same, and so are gOSI and ranges; preferred orientations are mirrored.
    """

    orientation: NDArray[np.float64]
    spatial_frequency: NDArray[np.float64]
    phase: NDArray[np.float64]


@dataclass(frozen=True)
class Gratings(GratingAxes):
    """A full set of gratings: `images` is (orientation, spatial_frequency, phase, row, column), grey, in [0, 1]."""

    images: NDArray[np.float32]


def grating_axes(size: int) -> GratingAxes:
    """Return the orientations, spatial frequencies and phases shown at an image size.

    Raises
    ------
    ValueError
        When `size` is not a positive multiple of 4.
    """
    return GratingAxes(ORIENTATIONS.copy(), spatial_frequencies(size), PHASES.copy())


def spatial_frequencies(size: int) -> NDArray[np.float64]:
    """Return the spatial frequencies used at an image size, in cycles per pixel: (s + 1) / (size + 8), s = 0, 1, ...

    There are size / 4 + 1 of them: 9 at 32 pixels, 57 at 224. The angular frequency is (s + 1) pi / (size / 2 + 4).

    Raises
    ------
    ValueError
        When `size` is not a positive multiple of 4.
    """
    if size <= 0 or size % 4:
        raise ValueError(f"size = {size}: gratings are defined for positive multiples of 4 pixels")
    return np.arange(1, size // 4 + 2) / (size + 8)


def whole_cycle_frequencies(size: int) -> NDArray[np.float64]:
    """Return the whole numbers of cycles per image that are nearest to `spatial_frequencies`, in cycles per pixel.

    They are (s + 1) / size: 1 to 9 cycles at 32 pixels, where the published ones are .8 to 7.2. Rounding would give some
    numbers twice; of all sets of different whole numbers above 0 this one is nearest, as no such set has a smaller
    number in any place, and even these lie above the published.

    Raises
    ------
    ValueError
        When `size` is not a positive multiple of 4.
    """
    return np.arange(1, len(spatial_frequencies(size)) + 1) / size


def grating(size: int, *, orientation: float, spatial_frequency: float, phase: float) -> NDArray[np.float64]:
    """Return one grating G(x, y) = cos(k0 y' + tau), y' = -(x - x0) sin(theta) + (y - y0) cos(theta), in [-1, 1].

    Parameters
    ----------
    size
        Height and width in pixels; the centre (x0, y0) is pixel (size // 2, size // 2).
    orientation, phase
        theta and tau, in degrees.
    spatial_frequency
        k0 / (2 pi), in cycles per pixel.
    """
    theta, tau = np.deg2rad(orientation), np.deg2rad(phase)
    y, x = np.mgrid[:size, :size] - size // 2
    rotated = -x * np.sin(theta) + y * np.cos(theta)
    return np.asarray(np.cos(2 * np.pi * spatial_frequency * rotated + tau))


def grating_set(size: int, name: str) -> Gratings:
    """Return one of `study.config.GRATING_SETS`, which differ from the published gratings in one respect or two.

    Parameters
    ----------
    size
        Height and width in pixels.
    name
        `"min_max"` and `"fixed"`: the published frequencies with that contrast (see `gratings`). `"whole_cycles"`: as
        `"fixed"`, with whole numbers of cycles per image, so that an image of bars along its sides holds every phase of
        the wave equally often. (Oblique gratings have whole cycles along their own direction.)

    Raises
    ------
    ValueError
        On another `name` or a size without gratings.
    """
    if name == "whole_cycles":
        return gratings(size, contrast="fixed", frequencies=whole_cycle_frequencies(size))
    return gratings(size, contrast=name)


def gratings(size: int, *, contrast: str, frequencies: NDArray[np.float64] | None = None) -> Gratings:
    """Return all gratings of a size: 12 orientations, size / 4 + 1 spatial frequencies, 4 phases.

    Parameters
    ----------
    size
        Height and width in pixels.
    contrast
        `"min_max"` stretches each image to exactly [0, 1], as published; `"fixed"` maps [-1, 1] to [0, 1] for all.
    frequencies
        (spatial_frequency,), in cycles per pixel; those of `spatial_frequencies` where left out.

    Raises
    ------
    ValueError
        On another `contrast` or a size without gratings.
    """
    _refuse_contrast(contrast)
    if frequencies is None:
        frequencies = spatial_frequencies(size)
    waves = np.array(
        [
            [[grating(size, orientation=o, spatial_frequency=f, phase=p) for p in PHASES] for f in frequencies]
            for o in ORIENTATIONS
        ]
    )
    return Gratings(ORIENTATIONS.copy(), frequencies, PHASES.copy(), _pictures(waves, contrast))


def drawn_gratings(size: int, *, contrast: str, n_phases: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return gratings of every orientation at one spatial frequency that is drawn: (orientation, phase, row, column).

    Parameters
    ----------
    size
        Height and width in pixels.
    contrast
        As for `gratings`.
    n_phases
        They are 90 degrees apart.
    rng
        Draws the spatial frequency, one of `spatial_frequencies` as likely as another, and the first phase, uniform.

    Raises
    ------
    ValueError
        On another `contrast` or a size without gratings.
    """
    _refuse_contrast(contrast)
    frequency, first = rng.choice(spatial_frequencies(size)), rng.uniform(0.0, 360.0)
    phases = first + PHASES[1] * np.arange(n_phases)
    waves = np.array(
        [[grating(size, orientation=o, spatial_frequency=frequency, phase=p) for p in phases] for o in ORIENTATIONS]
    )
    return _pictures(waves, contrast)


def grating_batches(size: int, *, orientation: float, contrast: str, at_once: int) -> Iterator[NDArray[np.float32]]:
    """Yield the gratings of one orientation, spatial frequencies in order and the phases of each: (image, row, column).

    No more than `at_once` of them exist at a time, in batches as even as can be; they are those of `gratings`, to the
    bit. At 224 pixels an orientation has 228 gratings; all orientations together would take half a gigabyte as they are
    returned and three times that while they are made.

    Parameters
    ----------
    size
        Height and width in pixels.
    orientation
        In degrees.
    contrast
        As for `gratings`.
    at_once
        Most images in a batch, at least 1.

    Raises
    ------
    ValueError
        On another `contrast`, a size without gratings, or an `at_once` below 1.
    """
    _refuse_contrast(contrast)
    if at_once < 1:
        raise ValueError(f"at_once = {at_once}: must be at least 1")
    shown = [(frequency, phase) for frequency in spatial_frequencies(size) for phase in PHASES]
    for batch in np.array_split(np.array(shown), -(-len(shown) // at_once)):
        waves = [grating(size, orientation=orientation, spatial_frequency=f, phase=p) for f, p in batch]
        yield _pictures(np.array(waves), contrast)


def _refuse_contrast(contrast: str) -> None:
    if contrast not in ("min_max", "fixed"):
        raise ValueError(f"contrast = {contrast!r}: must be 'min_max' or 'fixed'")


def _pictures(waves: NDArray[np.float64], contrast: str) -> NDArray[np.float32]:
    """Return waves in [-1, 1], (..., row, column), as grey pictures in [0, 1]."""
    low, high = (-1.0, 1.0)
    if contrast == "min_max":
        low, high = waves.min(axis=(-2, -1), keepdims=True), waves.max(axis=(-2, -1), keepdims=True)
    return ((waves - low) / (high - low)).astype(np.float32)

"""Augmentation by shifts and mirroring, as plain NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from study.config import AUGMENTATIONS


def augmented(
    images: NDArray[np.uint8], *, augmentation: str, rng: np.random.Generator, fraction: float = 0.1
) -> NDArray[np.uint8]:
    """Return one random augmentation of every image.

    Parameters
    ----------
    images
        uint8, (n, height, width, channels).
    augmentation
        One of `study.config.AUGMENTATIONS`. ``none`` returns `images` itself. ``shift`` moves each image by whole
        pixels, vertically and horizontally independently, uniformly over -k..k with k = round(fraction * size), and
        repeats the edge pixels into the gap. ``flip`` mirrors each image left to right with probability 1/2.
        ``shift_flip`` shifts, then mirrors.
    rng
        Every augmentation, ``none`` included, draws the same numbers, so what is drawn after it does not depend on it.
    fraction
        Largest shift, as a fraction of the height and of the width.

    Returns
    -------
    uint8, same shape as `images`.

    Raises
    ------
    ValueError
        On an unknown `augmentation`.

    Source
    ------
    Paper 3.3: shifts, flips, both, or none; 10 % and nearest fill as in its author's published scripts.
    """
    if augmentation not in AUGMENTATIONS:
        raise ValueError(f"augmentation {augmentation!r} is not one of {', '.join(AUGMENTATIONS)}")
    count, height, width = images.shape[:3]
    reach_down, reach_right = round(fraction * height), round(fraction * width)
    down = rng.integers(-reach_down, reach_down, count, endpoint=True)
    right = rng.integers(-reach_right, reach_right, count, endpoint=True)
    mirrored = rng.integers(0, 2, count).astype(bool)
    if augmentation == "none":
        return images
    rows = np.broadcast_to(np.arange(height), (count, height))
    columns = np.broadcast_to(np.arange(width), (count, width))
    if augmentation in ("shift", "shift_flip"):
        rows = np.clip(rows - down[:, None], 0, height - 1)
        columns = np.clip(columns - right[:, None], 0, width - 1)
    if augmentation in ("flip", "shift_flip"):
        columns = np.where(mirrored[:, None], columns[:, ::-1], columns)
    # One gather of whole pixels from a flat list of them: three times as fast as indexing the four axes.
    first = np.arange(count)[:, None] * height
    pixels = (first + rows)[:, :, None] * width + columns[:, None, :]
    gathered: NDArray[np.uint8] = images.reshape(count * height * width, images.shape[3]).take(pixels, axis=0)
    return gathered

"""Images with two cues: the orientation of a grating and a colour, either of which may tell the class."""

from __future__ import annotations

import numpy as np

from study.images.preparation.split import Partition
from tests.planted.filters import CLASS_COLOURS, CLASS_ORIENTATIONS, FREQUENCY, N_CLASSES

SIZE = 32
COLOUR = 0.15
NOISE = 0.04


def cued_images(
    orientation: np.ndarray, colour: np.ndarray, *, contrast: float, rng: np.random.Generator
) -> np.ndarray:
    """Return a coloured grating in noise for each pair of classes, uint8, (image, row, column, colour).

    Its orientation is that of its class of `orientation` within 5 degrees, its colour that of its class of `colour`; its
    phase and, within a tenth, its spatial frequency and its amplitude, `contrast`, are random.
    """
    n_images = len(orientation)
    theta = np.deg2rad(CLASS_ORIENTATIONS[orientation] + rng.uniform(-5, 5, n_images))[:, None, None]
    frequency = FREQUENCY * rng.uniform(0.9, 1.1, (n_images, 1, 1))
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    phase = rng.uniform(0, 2 * np.pi, (n_images, 1, 1))
    waves = np.cos(2 * np.pi * frequency * (-x * np.sin(theta) + y * np.cos(theta)) + phase)
    waves *= contrast * rng.uniform(0.9, 1.1, (n_images, 1, 1))
    images = 0.5 + waves[..., None] + COLOUR * CLASS_COLOURS[colour][:, None, None, :]
    images += rng.normal(0, NOISE, images.shape)
    return np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8)


def cued_partition(cue: str, *, n_train: int, n_test: int, contrast: float, rng: np.random.Generator) -> Partition:
    """Return images whose class is told by `"orientation"`, by `"colour"`, or by `"both"`; the other cue is random.

    Classes are equally frequent. Nothing is trained on these images, so a few stand for the validation part.
    """

    def part(n_images: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.permutation(np.arange(n_images) % N_CLASSES)
        cues = {name: rng.permutation(labels) for name in ("orientation", "colour")}
        cues |= dict.fromkeys(("orientation", "colour") if cue == "both" else (cue,), labels)
        return cued_images(**cues, contrast=contrast, rng=rng), labels.astype(np.int64)

    parts = [array for n_images in (n_train, N_CLASSES, n_test) for array in part(n_images)]
    mean = (parts[0].mean(axis=0, dtype=np.float64) / 255).astype(np.float32)
    return Partition(*parts, training_mean=mean)

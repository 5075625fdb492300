"""Bars of four orientations on a noisy ground, drawn from a fixed seed: the smallest source of images."""

from __future__ import annotations

from study.config import ImagesConfig
from study.images.image_set import ImageSet, fingerprint
from study.vocabulary.image_source import ImageSource

SIZE = 32
CLASS_NAMES = ("horizontal", "rising", "vertical", "falling")
TEST_SHARE = 4  # one image in so many is of the test half
COUNT = 1_000


def bars(settings: ImagesConfig) -> ImageSet:
    """Return the images; how many of them a study uses is the split's to say."""
    import numpy as np

    rng = np.random.default_rng(20_200)
    labels = np.arange(COUNT, dtype=np.int64) % len(CLASS_NAMES)
    down, across = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    angle = np.pi * labels / len(CLASS_NAMES)
    offset = rng.uniform(-6, 6, COUNT)
    distance = np.cos(angle)[:, None, None] * down + np.sin(angle)[:, None, None] * across - offset[:, None, None]
    grey = 100 + 90 * (np.abs(distance) < 2) + rng.normal(0, 15, distance.shape)
    images = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=3)
    is_test = np.arange(COUNT) % TEST_SHARE == 0
    is_test = rng.permutation(is_test)
    description = f"bars: {COUNT:,} images of {len(CLASS_NAMES)} orientations, generated, not photographs"
    digest = fingerprint(images, labels, is_test, CLASS_NAMES)
    return ImageSet(images, labels, is_test, CLASS_NAMES, digest, "bars", description, None)


SOURCE = ImageSource(
    name="bars",
    help="bars of four orientations, drawn by this program",
    data_dir="",
    needs_data_dir=False,
    photographs=False,
    read=bars,
)

"""How many images and steps the search for constants takes, and how many random splits."""

from __future__ import annotations

from typing import Final

SPLITS: Final = 1  # random ones, both halves
IMAGES: Final = 512  # training images that constants and moments are from, at most
SEARCH_BATCH: Final = 32
ROUNDS: Final = 4  # how often the search sees each image


def searched_images(null_images: int, available: int) -> int:
    """Return how many training images constants and moments are from: twice as many as losses are on, at most `IMAGES`."""
    return min(2 * null_images, IMAGES, available)


def search_steps(images: int) -> int:
    """Return how many steps the search for constants takes with so many images."""
    return ROUNDS * max(1, images // SEARCH_BATCH)

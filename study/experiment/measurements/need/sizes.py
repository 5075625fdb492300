"""How many images and steps the search for constants takes, and how many random splits."""

from __future__ import annotations

from typing import Final

SPLITS: Final = 1  # random ones, both halves
IMAGES: Final = 512  # training images that constants and moments are from, at most
SEARCH_STEPS: Final = 64
SEARCH_BATCH: Final = 32

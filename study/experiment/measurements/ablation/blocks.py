"""Test images in blocks, so that an analysis can treat images, too, as a sample.

Blocks are contiguous stretches of the images, in their order, which is a stratified random one in a study.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST_BLOCKS = 20


def n_blocks(n_images: int) -> int:
    """Return into how many blocks images are cut.

    The first number from 20 to 40 that divides that of the images, so that blocks are alike; where none does, 20, and
    every image by itself where there are fewer than 20.
    """
    if n_images < FEWEST_BLOCKS:
        return n_images
    numbers = range(FEWEST_BLOCKS, 2 * FEWEST_BLOCKS + 1)
    return next((number for number in numbers if n_images % number == 0), FEWEST_BLOCKS)


def block_members(n_images: int) -> NDArray[np.float64]:
    """Return which image is in which block, (image, block): 1 or 0; sizes differ by one image at most."""
    blocks = n_blocks(n_images)
    block = np.arange(n_images) * blocks // n_images
    members: NDArray[np.float64] = (block[:, None] == np.arange(blocks)).astype(np.float64)
    return members


def block_means(sums: NDArray[np.float64], n_images: int) -> NDArray[np.float64]:
    """Return sums over the images of each block, (..., block), over the mean size of a block.

    Of blocks that are alike these are the means over their images; the mean over blocks is always that over all images.
    """
    means: NDArray[np.float64] = sums * (sums.shape[-1] / n_images)
    return means

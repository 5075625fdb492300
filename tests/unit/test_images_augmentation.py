"""Augmentation: against a slow reference, and what it promises about its random stream."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.config import AUGMENTATIONS
from study.images.preparation.augmentation import augmented


def slow(images, down, right, mirrored):
    """Pad, crop and mirror one image at a time."""
    reach = max(images.shape[1:3])
    results = []
    for image, dy, dx, flip in zip(images, down, right, mirrored, strict=True):
        padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
        height, width = image.shape[:2]
        shifted = padded[reach - dy : reach - dy + height, reach - dx : reach - dx + width]
        results.append(shifted[:, ::-1] if flip else shifted)
    return np.stack(results)


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 5),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    augmentation=st.sampled_from(AUGMENTATIONS),
    fraction=st.sampled_from((0.0, 0.1, 0.3)),
)
def test_equals_padding_and_cropping(seed, count, height, width, augmentation, fraction):
    """Every augmentation equals np.pad with edge fill, a crop, and a mirrored axis."""
    images = np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    result = augmented(images, augmentation=augmentation, rng=np.random.default_rng(seed), fraction=fraction)

    rng = np.random.default_rng(seed)
    down = rng.integers(-round(fraction * height), round(fraction * height), count, endpoint=True)
    right = rng.integers(-round(fraction * width), round(fraction * width), count, endpoint=True)
    mirrored = rng.integers(0, 2, count)
    if "shift" not in augmentation:
        down, right = 0 * down, 0 * right
    if "flip" not in augmentation:
        mirrored = 0 * mirrored
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, slow(images, down, right, mirrored))


def test_none_returns_the_input_itself():
    """Without augmentation nothing is copied or changed."""
    images = np.zeros((3, 32, 32, 3), np.uint8)
    assert augmented(images, augmentation="none", rng=np.random.default_rng(0)) is images


def test_every_augmentation_draws_the_same_numbers():
    """What is drawn after an augmentation does not depend on which one it was."""
    images = np.zeros((7, 32, 32, 3), np.uint8)
    following = set()
    for augmentation in AUGMENTATIONS:
        rng = np.random.default_rng(5)
        augmented(images, augmentation=augmentation, rng=rng)
        following.add(int(rng.integers(2**62)))
    assert len(following) == 1


def test_shifts_are_uniform_up_to_three_pixels_and_flips_are_even():
    """At 32 px every one of the 7 x 7 shifts comes up about equally often, and half of the images are mirrored."""
    count = 49 * 400
    rows, columns = np.meshgrid(np.arange(32), np.arange(32), indexing="ij")
    image = np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)
    images = np.broadcast_to(image, (count, 32, 32, 3))
    result = augmented(images, augmentation="shift", rng=np.random.default_rng(1))
    down, right = 16 - result[:, 16, 16, 0].astype(int), 16 - result[:, 16, 16, 1].astype(int)
    observed = np.bincount((down + 3) * 7 + right + 3, minlength=49)
    assert observed.shape == (49,)
    # Chi-square with 48 degrees of freedom: 99.99 % lie below 93.
    assert ((observed - 400) ** 2 / 400).sum() < 93
    flipped = augmented(images, augmentation="flip", rng=np.random.default_rng(1))[:, 0, 0, 1] == 31
    assert abs(flipped.mean() - 0.5) < 4 * 0.5 / np.sqrt(count)


def test_unknown_augmentation_is_refused_by_name():
    """A name that is not in the list is named, with the list."""
    with pytest.raises(ValueError, match="'zoom' is not one of none, shift, flip, shift_flip"):
        augmented(np.zeros((1, 2, 2, 3), np.uint8), augmentation="zoom", rng=np.random.default_rng(0))

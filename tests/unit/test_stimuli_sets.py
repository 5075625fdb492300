"""Grating sets beside the published one: fixed amplitude, and whole cycles per image."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from study.config import GRATING_SETS
from study.tuning.gratings import Gratings, grating, grating_set, gratings, spatial_frequencies, whole_cycle_frequencies


@pytest.fixture(scope="module")
def whole() -> Gratings:
    """Return the gratings of 32 pixels with whole cycles."""
    return grating_set(32, "whole_cycles")


def test_there_are_as_many_different_whole_numbers_as_frequencies(whole: Gratings) -> None:
    """1 to 9 cycles per 32 pixels."""
    np.testing.assert_array_equal(whole.spatial_frequency * 32, np.arange(1, 10))
    assert whole.images.shape == (12, 9, 4, 32, 32)


def test_no_other_whole_numbers_are_nearer_to_the_published() -> None:
    """Of all ways to choose nine of 1 to 12 cycles; the published have 0.8, 1.6 ... 7.2."""
    published = spatial_frequencies(32) * 32
    distances = {
        chosen: np.abs(np.array(chosen) - published).sum() for chosen in itertools.combinations(range(1, 13), 9)
    }
    nearest = min(distances, key=distances.__getitem__)
    assert nearest == tuple(whole_cycle_frequencies(32) * 32)
    assert sorted(distances.values())[1] > distances[nearest] + 0.5


@pytest.mark.parametrize(("orientation", "axis"), [(0, 0), (6, 1)])
def test_bars_along_the_sides_have_one_line_in_the_spectrum(whole: Gratings, orientation: int, axis: int) -> None:
    """The Fourier transform of the 32 rows (columns) is zero but for the mean and that number of cycles."""
    for cycles, phase in itertools.product(range(1, 10), range(4)):
        image = whole.images[orientation, cycles - 1, phase].astype(float)
        spectrum = np.abs(np.fft.rfft2(image if axis else image.T)) / image.size
        peaks = np.argwhere(spectrum > 1e-6).tolist()
        assert peaks == [[0, 0], [0, cycles]]
        assert spectrum[0, 0] == pytest.approx(0.5)
        assert spectrum[0, cycles] == pytest.approx(0.25)


def test_bars_repeat_after_each_cycle(whole: Gratings) -> None:
    """Rolled by a period of 32, 16, 8 or 4 rows, an image of horizontal bars is itself."""
    for cycles in (1, 2, 4, 8):
        images = whole.images[0, cycles - 1]
        np.testing.assert_allclose(np.roll(images, 32 // cycles, axis=1), images, atol=1e-6)


def test_oblique_bars_have_whole_cycles_along_their_own_direction(whole: Gratings) -> None:
    """They are the same wave at another angle, at the same amplitude: [-1, 1] becomes [0, 1] for all."""
    for o, f, p in itertools.product((1, 5, 8), range(9), range(4)):
        wave = grating(32, orientation=15.0 * o, spatial_frequency=(f + 1) / 32, phase=90.0 * p)
        np.testing.assert_allclose(whole.images[o, f, p], (wave + 1) / 2, atol=1e-6)


def test_published_gratings_do_not_have_whole_cycles() -> None:
    """Neither with stretched nor with fixed contrast, save for one frequency of nine (4 cycles)."""
    for contrast in ("min_max", "fixed"):
        images = gratings(32, contrast=contrast).images[0, :, 0].astype(float)
        lines = (np.abs(np.fft.fft(images[:, :, 0], axis=1)) > 1e-4).sum(axis=1)
        assert (lines > 3).tolist() == [f != 4 for f in range(9)]


@pytest.mark.parametrize("name", ["min_max", "fixed"])
def test_the_other_sets_are_the_published_gratings(name: str) -> None:
    """With that contrast and the published frequencies."""
    actual, expected = grating_set(16, name), gratings(16, contrast=name)
    np.testing.assert_array_equal(actual.images, expected.images)
    np.testing.assert_array_equal(actual.spatial_frequency, expected.spatial_frequency)


def test_every_set_that_can_be_asked_for_can_be_made() -> None:
    """And no other."""
    assert len({grating_set(8, name).images.tobytes() for name in GRATING_SETS}) == len(GRATING_SETS)
    with pytest.raises(ValueError, match="'loud'"):
        grating_set(8, "loud")
    with pytest.raises(ValueError, match="multiples of 4"):
        grating_set(30, "whole_cycles")

"""Gratings: their number, their formula, their contrast, and which way they are turned."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.tuning.gratings import (
    ORIENTATIONS,
    PHASES,
    Gratings,
    grating,
    grating_batches,
    gratings,
    spatial_frequencies,
)

QUICK = settings(deadline=None, max_examples=40, derandomize=True, database=None)
FREQUENCY = st.sampled_from([(step + 1) / 40 for step in range(9)])
ANGLE = st.sampled_from([15.0 * step for step in range(12)])
PHASE = st.sampled_from([0.0, 90.0, 180.0, 270.0])


@pytest.fixture(scope="module")
def published() -> Gratings:
    """Return the gratings of 32 pixels with the published contrast."""
    return gratings(32, contrast="min_max")


@pytest.fixture(scope="module")
def fixed() -> Gratings:
    """Return the gratings of 32 pixels whose amplitude is the same for all."""
    return gratings(32, contrast="fixed")


def slow_grating(size: int, orientation: float, spatial_frequency: float, phase: float) -> np.ndarray:
    """Return equation 1 of the paper, pixel by pixel, with the standard library."""
    theta, tau, k0 = math.radians(orientation), math.radians(phase), 2 * math.pi * spatial_frequency
    sine, cosine, centre = math.sin(theta), math.cos(theta), size // 2
    return np.array(
        [
            [math.cos(k0 * (-(x - centre) * sine + (y - centre) * cosine) + tau) for x in range(size)]
            for y in range(size)
        ]
    )


def test_there_are_432_images_of_32_pixels(published: Gratings) -> None:
    """Twelve orientations 15 degrees apart, nine frequencies of (s + 1) / 40 cycles a pixel, four phases."""
    assert published.images.shape == (12, 9, 4, 32, 32)
    assert published.images.dtype == np.float32
    assert math.prod(published.images.shape[:3]) == 432
    np.testing.assert_array_equal(published.orientation, np.arange(12) * 15)
    np.testing.assert_array_equal(published.phase, np.arange(4) * 90)
    np.testing.assert_allclose(published.spatial_frequency, np.arange(1, 10) / 40, rtol=1e-15)


def test_there_are_57_frequencies_at_224_pixels() -> None:
    """The frequencies are (s + 1) / 232 cycles a pixel, which makes 2,736 images."""
    frequencies = spatial_frequencies(224)
    np.testing.assert_allclose(frequencies, np.arange(1, 58) / 232, rtol=1e-15)
    assert len(ORIENTATIONS) * len(frequencies) * len(PHASES) == 2736


@pytest.mark.parametrize("size", [4, 32, 224])
def test_frequencies_are_those_of_the_published_scripts(size: int) -> None:
    """There the angular frequency is (s + 1) pi / (size / 2 + 4) radians a pixel."""
    published = [(s + 1) * math.pi / (size / 2 + 4) / (2 * math.pi) for s in range(size // 4 + 1)]
    np.testing.assert_allclose(spatial_frequencies(size), published, rtol=1e-14)


def test_every_image_is_equation_1(fixed: Gratings) -> None:
    """All 432 images agree with a loop over pixels; the fixed contrast maps [-1, 1] to [0, 1]."""
    for o, orientation in enumerate(fixed.orientation):
        for f, frequency in enumerate(fixed.spatial_frequency):
            for p, phase in enumerate(fixed.phase):
                expected = (slow_grating(32, orientation, frequency, phase) + 1) / 2
                np.testing.assert_allclose(fixed.images[o, f, p], expected, atol=1e-6)


def test_published_contrast_spans_exactly_0_to_1(published: Gratings, fixed: Gratings) -> None:
    """Each image by itself has minimum 0 and maximum 1, to the last bit, and is the same wave stretched."""
    assert (published.images.min(axis=(-2, -1)) == 0).all()
    assert (published.images.max(axis=(-2, -1)) == 1).all()
    waves = fixed.images.astype(float)
    low, high = waves.min(axis=(-2, -1), keepdims=True), waves.max(axis=(-2, -1), keepdims=True)
    np.testing.assert_allclose(published.images, (waves - low) / (high - low), atol=1e-5)


def test_fixed_contrast_stays_within_0_and_1(fixed: Gratings) -> None:
    """No image leaves the unit interval, and a wave too slow to reach its trough keeps less than full contrast."""
    assert fixed.images.min() >= 0
    assert fixed.images.max() <= 1
    assert np.ptp(fixed.images[0, 0, 0]) < 0.95


def test_orientation_0_shows_horizontal_bars(published: Gratings) -> None:
    """Every row is of one grey, and rows differ; at 90 degrees it is the columns."""
    horizontal, vertical = published.images[0, 3, 1], published.images[6, 3, 1]
    assert (horizontal == horizontal[:, :1]).all()
    assert np.ptp(horizontal[:, 0]) == 1
    np.testing.assert_allclose(vertical, np.broadcast_to(vertical[:1], vertical.shape), atol=1e-6)
    assert np.ptp(vertical[0]) == 1


def test_orientation_grows_clockwise_on_a_screen(published: Gratings) -> None:
    """At 45 degrees the bars fall from the upper left to the lower right, along the diagonal of the array."""
    tilted = published.images[3, 5, 0]
    np.testing.assert_allclose(tilted[1:, 1:], tilted[:-1, :-1], atol=1e-5)
    assert np.abs(tilted[1:, :-1] - tilted[:-1, 1:]).max() > 0.5


@pytest.mark.parametrize("orientation", range(12))
@pytest.mark.parametrize("frequency", [3, 8])
def test_the_spectrum_has_its_peak_where_the_labels_say(published: Gratings, orientation: int, frequency: int) -> None:
    """A windowed, padded Fourier transform finds the orientation within 5 degrees and the frequency within 4 %."""
    image = published.images[orientation, frequency, 1].astype(float)
    window = np.hanning(32)
    spectrum = np.abs(np.fft.fft2((image - image.mean()) * np.outer(window, window), (512, 512)))
    row, column = np.unravel_index(spectrum.argmax(), spectrum.shape)
    fy, fx = np.fft.fftfreq(512)[[row, column]]
    # The wave travels across its bars: bars at theta mean a wave vector of direction (-sin theta, cos theta).
    turned = math.degrees(math.atan2(-fx, fy)) % 180
    error = (turned - published.orientation[orientation] + 90) % 180 - 90
    assert abs(error) < 5
    assert math.hypot(fx, fy) == pytest.approx(published.spatial_frequency[frequency], rel=0.04)


@QUICK
@given(orientation=ANGLE, frequency=FREQUENCY, phase=PHASE)
def test_half_a_turn_is_the_same_grating_with_the_phase_reversed(
    orientation: float, frequency: float, phase: float
) -> None:
    """Orientation lives on a circle of 180 degrees: G(theta + 180, tau) = G(theta, -tau)."""
    turned = grating(16, orientation=orientation + 180, spatial_frequency=frequency, phase=phase)
    mirrored = grating(16, orientation=orientation, spatial_frequency=frequency, phase=-phase)
    np.testing.assert_allclose(turned, mirrored, atol=1e-12)


@QUICK
@given(orientation=ANGLE, frequency=FREQUENCY, phase=PHASE)
def test_half_a_period_of_phase_inverts_the_grating(orientation: float, frequency: float, phase: float) -> None:
    """Phases 180 degrees apart are each other's negative, and the centre pixel is cos(phase)."""
    one, other = (
        grating(16, orientation=orientation, spatial_frequency=frequency, phase=phase + shift) for shift in (0, 180)
    )
    np.testing.assert_allclose(one, -other, atol=1e-12)
    assert one[8, 8] == pytest.approx(math.cos(math.radians(phase)), abs=1e-12)


@pytest.mark.parametrize("size", [30, 31, 33, 2, 0, -4])
def test_a_size_that_is_no_multiple_of_4_is_refused(size: int) -> None:
    """The number of frequencies is size / 4 + 1: another size has none, and the message names it."""
    with pytest.raises(ValueError, match=rf"size = {size}: .*multiples of 4"):
        spatial_frequencies(size)
    with pytest.raises(ValueError, match=rf"size = {size}:"):
        gratings(size, contrast="min_max")


def test_an_unknown_contrast_is_refused() -> None:
    """The message names what was asked for and what there is."""
    with pytest.raises(ValueError, match=r"'loud'.*'min_max' or 'fixed'"):
        gratings(32, contrast="loud")


def test_two_sets_of_gratings_share_nothing() -> None:
    """What a caller does to the labels of one set does not reach another."""
    first = gratings(4, contrast="min_max")
    first.orientation[:] = -1
    first.phase[:] = -1
    second = gratings(4, contrast="min_max")
    assert second.orientation[1] == 15
    assert second.phase[1] == 90


@pytest.mark.parametrize("contrast", ["min_max", "fixed"])
@pytest.mark.parametrize("at_once", [1, 7, 36, 1000])
def test_gratings_in_batches_are_the_same_to_the_bit(contrast: str, at_once: int) -> None:
    """Whatever their size, batches hold every grating of an orientation once, in order, and none is too large."""
    expected = gratings(32, contrast=contrast)
    for index, orientation in enumerate(expected.orientation[:2]):
        batches = list(grating_batches(32, orientation=orientation, contrast=contrast, at_once=at_once))
        sizes = [len(batch) for batch in batches]
        assert max(sizes) <= at_once
        assert max(sizes) - min(sizes) <= 1
        np.testing.assert_array_equal(np.concatenate(batches).reshape(9, 4, 32, 32), expected.images[index])
        assert batches[0].dtype == np.float32


def test_batches_are_made_one_at_a_time() -> None:
    """Taking the first batch of the 228 large gratings of an orientation costs the memory of a batch, not of all."""
    tracemalloc.start()
    try:
        first = next(grating_batches(224, orientation=15.0, contrast="min_max", at_once=4))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert first.shape == (4, 224, 224)
    assert peak < 24 * first.nbytes < gratings_bytes(224) / 20


def gratings_bytes(size: int) -> int:
    """Return what all gratings of a size take in single precision."""
    return len(ORIENTATIONS) * len(spatial_frequencies(size)) * len(PHASES) * size * size * 4


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({"at_once": 0}, "at_once = 0"), ({"contrast": "loud"}, "'loud'"), ({"size": 30}, "multiples of 4")],
)
def test_batches_that_cannot_be_are_refused(changed: dict[str, object], expected: str) -> None:
    """No images at once, an unknown contrast, a size without gratings."""
    options: dict[str, Any] = {"size": 8, "orientation": 0.0, "contrast": "min_max", "at_once": 4} | changed
    with pytest.raises(ValueError, match=expected):
        next(grating_batches(options.pop("size"), **options))


@pytest.mark.parametrize("orientation", [0.0, 15.0, 60.0, 105.0])
@pytest.mark.parametrize("phase", [0.0, 90.0])
def test_exchanged_axes_show_90_degrees_minus_the_orientation(orientation: float, phase: float) -> None:
    """Equation 1 with x down the rows, as the author's scripts have it, gives a grating of the same set."""
    exchanged = grating(32, orientation=orientation, spatial_frequency=3 / 40, phase=phase).T
    ours = grating(32, orientation=90 - orientation, spatial_frequency=3 / 40, phase=-phase)
    np.testing.assert_allclose(exchanged, ours, atol=1e-12)
    assert (90 - orientation) % 180 in ORIENTATIONS and -phase % 360 in PHASES

"""Orientation selectivity of tuning curves whose answer is known."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from study.tuning import (
    gosi,
    osi,
    shortest_arc,
    spatial_frequency_range,
    tuning_curve,
)

QUICK = settings(deadline=None, max_examples=80, derandomize=True, database=None)
ORIENTATIONS = np.arange(12) * 15.0
RESPONSE = st.floats(0, 1e6, allow_subnormal=False)
CURVE = arrays(np.float64, 12, elements=RESPONSE).filter(lambda curve: curve.sum() > 1e-3)
half_peak_range = functools.partial(spatial_frequency_range, threshold="half_peak")


def tensor(peaks: dict[tuple[int, int], float], *, phase: int = 1) -> np.ndarray:
    """Return responses (12, 9, 4), zero but for the given (orientation, frequency) at one phase."""
    responses = np.zeros((12, 9, 4))
    for (orientation, frequency), value in peaks.items():
        responses[orientation, frequency, phase] = value
    return responses


# gOSI


@pytest.mark.parametrize("level", [1e-6, 1.0, 3e7])
def test_a_flat_curve_has_no_selectivity(level: float) -> None:
    """The same response to every orientation: 0, to the last digits."""
    assert gosi(np.full(12, level)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("orientation", range(12))
def test_one_orientation_alone_is_fully_selective(orientation: int) -> None:
    """A response to a single orientation: 1, never above."""
    value = gosi(7.0 * (np.arange(12) == orientation))
    assert value == pytest.approx(1, abs=1e-12)
    assert value <= 1


def test_a_cosine_curve_has_selectivity_one_half() -> None:
    """The curve 1 + cos 2 (theta - theta0) gives 1/2, wherever the preferred orientation lies between the twelve."""
    preferred = np.random.default_rng(0).uniform(0, 180, (500, 1))
    curve = 1 + np.cos(2 * np.deg2rad(ORIENTATIONS - preferred))
    np.testing.assert_allclose(gosi(np.maximum(curve, 0)), 0.5, atol=1e-12)


@pytest.mark.parametrize("depth", [0.0, 0.2, 0.66, 1.0])
def test_a_modulated_curve_has_half_its_depth(depth: float) -> None:
    """The curve 1 + m cos 2 (theta - theta0) gives m / 2."""
    assert gosi(1 + depth * np.cos(2 * np.deg2rad(ORIENTATIONS - 30))) == pytest.approx(depth / 2, abs=1e-12)


def test_two_orthogonal_peaks_cancel() -> None:
    """A cross has no global selectivity, and the classical index agrees."""
    cross = np.where(np.arange(12) % 6 == 0, 1.0, 0.0)
    assert gosi(cross) == pytest.approx(0, abs=1e-12)
    assert osi(cross) == 0


def test_a_silent_unit_has_no_selectivity_at_all() -> None:
    """All zero: NaN, never 0, in either index; its neighbours are not touched."""
    curves = np.stack([np.zeros(12), np.eye(12)[3]])
    np.testing.assert_array_equal(gosi(curves), [np.nan, 1])
    np.testing.assert_array_equal(osi(curves), [np.nan, 1])


@pytest.mark.parametrize("index", [gosi, osi])
def test_a_negative_response_is_refused(index: object) -> None:
    """The message says that there is one, and what it is."""
    with pytest.raises(ValueError, match=r"negative value -0\.25.*responses >= 0"):
        index(np.array([[1.0, 2.0, -0.25, 1.0]]))  # type: ignore[operator]


@pytest.mark.parametrize("index", [gosi, osi])
def test_a_response_that_is_no_number_is_refused(index: object) -> None:
    """NaN would pass for a silent unit."""
    with pytest.raises(ValueError, match="NaN"):
        index(np.array([1.0, np.nan, 0.0, 1.0]))  # type: ignore[operator]


def test_an_infinite_response_is_refused() -> None:
    """Infinity over infinity is NaN, which would pass for a silent unit."""
    with pytest.raises(ValueError, match=r"infinit|finite"):
        gosi(np.array([1.0, np.inf, 0.0, 1.0]))


@QUICK
@given(curve=CURVE, steps=st.integers(0, 11))
def test_a_rotation_leaves_selectivity_as_it_is(curve: np.ndarray, steps: int) -> None:
    """Naming another orientation 0 changes neither index."""
    assert gosi(np.roll(curve, steps)) == pytest.approx(gosi(curve), abs=1e-9)
    assume(np.count_nonzero(curve == curve.max()) == 1)  # the preferred one of tied orientations is the first
    assert osi(np.roll(curve, steps)) == pytest.approx(osi(curve), abs=1e-9)


@QUICK
@given(curve=CURVE)
def test_a_mirror_image_leaves_selectivity_as_it_is(curve: np.ndarray) -> None:
    """Counting orientations the other way round changes nothing."""
    assert gosi(curve[::-1]) == pytest.approx(gosi(curve), abs=1e-9)


@QUICK
@given(curve=CURVE, factor=st.floats(1e-3, 1e3))
def test_a_scale_leaves_selectivity_as_it_is(curve: np.ndarray, factor: float) -> None:
    """Units of response do not matter."""
    assert gosi(curve * factor) == pytest.approx(gosi(curve), abs=1e-9)
    assert osi(curve * factor) == pytest.approx(osi(curve), abs=1e-9)


@QUICK
@given(curve=CURVE, background=st.floats(0, 1e6))
def test_selectivity_lies_between_0_and_1_and_a_background_lowers_it(curve: np.ndarray, background: float) -> None:
    """The bounds hold exactly; a constant added to all responses never raises the index."""
    value = gosi(curve)
    assert 0 <= value <= 1
    assert gosi(curve + background) <= value + 1e-9


# Tuning curve


def test_the_curve_is_read_at_the_frequency_of_the_largest_peak() -> None:
    """Maximum over phase, at the frequency that holds the largest response, not at that of the largest sum."""
    responses = np.full((12, 9, 4), 0.5)
    responses[:, 2] = 0.9
    responses[4, 6, 3] = 1.0
    curve, frequency = tuning_curve(responses)
    assert frequency == 6
    np.testing.assert_array_equal(curve, np.where(np.arange(12) == 4, 1.0, 0.5))


def test_the_lowest_of_tied_frequencies_is_taken() -> None:
    """Equal peaks: the lower frequency."""
    curve, frequency = tuning_curve(tensor({(0, 5): 1.0, (7, 3): 1.0, (1, 5): 0.9}))
    assert frequency == 3
    np.testing.assert_array_equal(curve, np.arange(12) == 7)


def test_curves_of_many_units_are_those_of_each() -> None:
    """The leading dimensions are only carried along."""
    responses = np.random.default_rng(1).random((2, 3, 12, 9, 4))
    curves, frequencies = tuning_curve(responses)
    assert curves.shape == (2, 3, 12)
    for index in np.ndindex(2, 3):
        curve, frequency = tuning_curve(responses[index])
        np.testing.assert_array_equal(curves[index], curve)
        assert frequencies[index] == frequency


def test_the_order_of_phases_does_not_matter() -> None:
    """The maximum over phase has no memory of which."""
    rng = np.random.default_rng(2)
    responses = rng.random((5, 12, 9, 4))
    np.testing.assert_array_equal(tuning_curve(responses)[0], tuning_curve(rng.permuted(responses, axis=-1))[0])


# OSI


@pytest.mark.parametrize(("orthogonal", "expected"), [(0.0, 1.0), (1.0, 0.5), (3.0, 0.0)])
def test_osi_compares_the_preferred_with_the_orthogonal_orientation(orthogonal: float, expected: float) -> None:
    """(3 - r) / (3 + r), the orthogonal orientation being six of twelve steps away, around the end of the circle."""
    curve = np.full(12, 2.0)
    curve[9], curve[3] = 3.0, orthogonal
    assert osi(curve) == pytest.approx(expected, abs=1e-12)


# Shortest arc


@pytest.mark.parametrize(
    ("orientations", "expected"),
    [
        ([30], 0),
        ([30, 30, 30], 0),
        ([0, 165], 15),
        ([165, 0, 15], 30),
        ([0, 90], 90),
        ([0, 60, 120], 120),
        ([0, 45, 90, 135], 135),
        (list(range(0, 180, 15)), 165),
        ([0, 180], 0),
        ([170, 190], 20),
    ],
)
def test_known_arcs(orientations: list[float], expected: float) -> None:
    """Around the end of the circle, 165 and 0 degrees are 15 apart; all twelve orientations span 165."""
    assert shortest_arc(np.array(orientations)) == pytest.approx(expected, abs=1e-9)


def brute_force_arc(steps: list[int]) -> int:
    """Return, in steps of 15 degrees, the shortest of all 144 arcs (start, length) that hold every point."""
    points = set(steps)
    return min(
        length
        for start in range(12)
        for length in range(12)
        if points <= {(start + offset) % 12 for offset in range(length + 1)}
    )


@QUICK
@given(steps=st.lists(st.integers(0, 11), min_size=1, max_size=12))
def test_the_arc_is_the_shortest_of_all(steps: list[int]) -> None:
    """Against trying every arc that starts and ends at one of the twelve orientations."""
    assert shortest_arc(15.0 * np.array(steps)) == pytest.approx(15 * brute_force_arc(steps), abs=1e-9)


@QUICK
@given(steps=st.lists(st.floats(0, 180), min_size=1, max_size=9), turn=st.integers(-24, 24))
def test_a_rotation_leaves_the_arc_as_it_is(steps: list[float], turn: int) -> None:
    """Only differences between orientations count; whole turns and order do not."""
    angles = np.array(steps)
    assert shortest_arc(angles[::-1] + 15.0 * turn) == pytest.approx(shortest_arc(angles), abs=1e-6)


def test_no_orientation_has_no_arc() -> None:
    """Nothing to hold: refused, and said so."""
    with pytest.raises(ValueError, match="empty"):
        shortest_arc(np.array([]))


# Range over spatial frequency


def test_frequencies_that_agree_have_range_0() -> None:
    """Three frequencies above half peak, one preferred orientation."""
    ranges, counts = half_peak_range(tensor({(5, 1): 1.0, (5, 2): 0.8, (5, 7): 0.6})[None], ORIENTATIONS)
    np.testing.assert_array_equal(ranges, [0])
    np.testing.assert_array_equal(counts, [3])


def test_frequencies_that_disagree_span_the_shortest_arc() -> None:
    """Preferred orientations 165, 0 and 30 degrees lie on an arc of 45."""
    responses = tensor({(11, 0): 1.0, (0, 4): 0.7, (2, 8): 0.9})
    ranges, counts = half_peak_range(responses[None], ORIENTATIONS)
    assert ranges[0] == pytest.approx(45)
    assert counts[0] == 3


def test_a_frequency_at_exactly_half_the_peak_is_left_out() -> None:
    """ "Exceeds 50 %": half is not enough, the next number above it is."""
    half = tensor({(3, 2): 1.0, (9, 5): 0.5})
    above = tensor({(3, 2): 1.0, (9, 5): np.nextafter(0.5, 1)})
    ranges, counts = half_peak_range(np.stack([half, above]), ORIENTATIONS)
    np.testing.assert_allclose(ranges, [0, 90])
    np.testing.assert_array_equal(counts, [1, 2])


def test_the_peak_of_a_frequency_may_be_at_any_phase() -> None:
    """Each frequency has its own best phase."""
    responses = tensor({(3, 2): 1.0}, phase=0) + tensor({(4, 5): 0.9}, phase=3)
    ranges, counts = half_peak_range(responses[None], ORIENTATIONS)
    assert ranges[0] == pytest.approx(15)
    assert counts[0] == 2


def test_the_midpoint_of_the_peaks_keeps_fewer_frequencies() -> None:
    """Peaks of 1, .65 and .4 everywhere else: .65 exceeds half of the largest and not their midpoint, .7."""
    responses = np.full((12, 9, 4), 0.4)
    responses[3, 2], responses[9, 5] = 1.0, 0.65
    for threshold, arc, count in (("half_peak", 90, 2), ("midpoint", 0, 1)):
        ranges, counts = spatial_frequency_range(responses[None], ORIENTATIONS, threshold=threshold)
        assert (ranges[0], counts[0]) == (pytest.approx(arc), count)


def test_equal_peaks_are_all_kept_at_their_midpoint() -> None:
    """None exceeds it, and none is smaller than the largest; a silent unit keeps none."""
    responses = np.stack([np.ones((12, 9, 4)), np.zeros((12, 9, 4))])
    counts = spatial_frequency_range(responses, ORIENTATIONS, threshold="midpoint")[1]
    np.testing.assert_array_equal(counts, [9, 0])


def test_another_threshold_is_refused() -> None:
    """By its name, with those that there are."""
    with pytest.raises(ValueError, match="threshold = 'median': must be one of half_peak, midpoint"):
        spatial_frequency_range(np.ones((1, 12, 9, 4)), ORIENTATIONS, threshold="median")


def test_a_silent_unit_has_no_range() -> None:
    """NaN, resting on no frequency at all; its neighbours are not touched."""
    ranges, counts = half_peak_range(np.stack([np.zeros((12, 9, 4)), tensor({(0, 0): 1.0})]), ORIENTATIONS)
    np.testing.assert_array_equal(ranges, [np.nan, 0])
    np.testing.assert_array_equal(counts, [0, 1])


def test_relabelling_orientations_leaves_the_range_as_it_is() -> None:
    """Random units, orientations turned by any number of steps."""
    responses = np.random.default_rng(3).random((40, 12, 9, 4))
    expected, counts = half_peak_range(responses, ORIENTATIONS)
    for steps in range(1, 12):
        ranges, again = half_peak_range(np.roll(responses, steps, axis=1), ORIENTATIONS)
        np.testing.assert_allclose(ranges, expected, atol=1e-9)
        np.testing.assert_array_equal(again, counts)

"""Tuning indices against independent implementations: SciPy's circular statistics, and definitions written out as loops."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from study.tuning import RANGE_THRESHOLDS, gosi, osi, spatial_frequency_range, tuning_curve

QUICK = settings(deadline=None, max_examples=60, derandomize=True, database=None)
ORIENTATIONS = np.arange(12) * 15.0


@QUICK
@given(counts=st.lists(st.integers(0, 40), min_size=12, max_size=12).filter(any))
def test_gosi_is_one_minus_scipys_circular_variance(counts: list[int]) -> None:
    """Responses that are whole numbers are samples: each orientation, repeated as often, on a circle of 180 degrees."""
    samples = np.repeat(ORIENTATIONS, counts)
    expected = 1 - scipy.stats.circvar(samples, high=180, low=0)
    assert gosi(np.array(counts)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n_orientations", [4, 8, 12, 18])
def test_gosi_is_the_resultant_written_out(n_orientations: int) -> None:
    """|sum r exp(2 i theta)| / sum r with the standard library's complex numbers, for any number of orientations."""
    rng = np.random.default_rng(n_orientations)
    curves = rng.lognormal(sigma=1.5, size=(200, n_orientations))
    angles = [math.radians(180 * k / n_orientations) for k in range(n_orientations)]
    expected = [
        abs(sum(r * cmath.exp(2j * angle) for r, angle in zip(curve, angles, strict=True))) / math.fsum(curve)
        for curve in curves.tolist()
    ]
    np.testing.assert_allclose(gosi(curves), expected, rtol=1e-12)


def test_osi_is_its_definition_written_out() -> None:
    """(r_pref - r_orth) / (r_pref + r_orth), the orthogonal orientation looked up by its angle."""
    curves = np.random.default_rng(0).exponential(size=(200, 12))
    expected = []
    for curve in curves.tolist():
        response = dict(zip(ORIENTATIONS.tolist(), curve, strict=True))
        preferred = max(response, key=response.__getitem__)
        orthogonal = response[(preferred + 90) % 180]
        expected.append((response[preferred] - orthogonal) / (response[preferred] + orthogonal))
    np.testing.assert_allclose(osi(curves), expected, rtol=1e-12)


def slow_curve(responses: list[list[list[float]]]) -> tuple[list[float], int]:
    """Return curve and frequency index of one unit, read in plain loops over nested lists."""
    peaks = [[max(phases) for phases in frequencies] for frequencies in responses]
    best = max(range(len(peaks[0])), key=lambda f: max(row[f] for row in peaks))
    return [row[best] for row in peaks], best


def slow_range(responses: list[list[list[float]]], threshold: str) -> tuple[float, int]:
    """Return the range of preferred orientations of one unit by section A.2 or its author's script, trying every arc."""
    peaks = [[max(phases) for phases in frequencies] for frequencies in responses]
    n_orientations, n_frequencies = len(peaks), len(peaks[0])
    best = [max(row[f] for row in peaks) for f in range(n_frequencies)]
    lowest = 0.0 if threshold == "half_peak" else min(best)
    kept = [f for f in range(n_frequencies) if best[f] > (max(best) + lowest) / 2]
    preferred = {max(range(n_orientations), key=lambda o, f=f: peaks[o][f]) for f in kept}
    arcs = [
        length
        for start in range(n_orientations)
        for length in range(n_orientations)
        if all((point - start) % n_orientations <= length for point in preferred)
    ]
    return 180 / n_orientations * min(arcs), len(kept)


@pytest.mark.parametrize("model", ["uniform", "lognormal", "tuned"])
def test_curve_and_range_are_those_of_plain_loops(model: str) -> None:
    """Flat, heavy-tailed and truly tuned units, 100 each."""
    rng = np.random.default_rng(1)
    size = (100, 12, 9, 4)
    responses = rng.random(size) if model == "uniform" else rng.lognormal(sigma=1.5, size=size)
    if model == "tuned":
        preferred = rng.uniform(0, 180, (100, 1, 9, 1)) * (rng.random((100, 1, 1, 1)) < 0.5)
        tuned = np.exp(3 * (np.cos(2 * np.deg2rad(ORIENTATIONS[:, None, None] - preferred)) - 1))
        responses = responses * 0.02 + tuned * rng.random((100, 1, 9, 1))
    curves, frequencies = tuning_curve(responses)
    for unit, nested in enumerate(responses.tolist()):
        curve, frequency = slow_curve(nested)
        assert curves[unit].tolist() == curve
        assert frequencies[unit] == frequency
    for threshold in RANGE_THRESHOLDS:
        ranges, counts = spatial_frequency_range(responses, ORIENTATIONS, threshold=threshold)
        expected = [slow_range(nested, threshold) for nested in responses.tolist()]
        np.testing.assert_allclose(ranges, [arc for arc, _ in expected], atol=1e-9)
        np.testing.assert_array_equal(counts, [count for _, count in expected])

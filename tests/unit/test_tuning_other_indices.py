"""Selectivity for spatial frequency, phase modulation and split-half gOSI, against what is known of made-up units."""

from __future__ import annotations

import numpy as np
import pytest

from study import tuning
from study.tuning.other_indices import phase_modulation, spatial_frequency_selectivity, split_half_gosi

SHAPE = (12, 9, 4)  # orientation, spatial frequency, phase


def test_spatial_frequency_selectivity_runs_from_none_to_one() -> None:
    """0 for a unit that answers to all frequencies alike, 1 for one of a single frequency, NaN for a silent one."""
    responses = np.zeros((4, *SHAPE))
    responses[0] = 2.0
    responses[1, :, 3] = 1.0
    responses[3, 5, [2, 6], 1] = 3.0, 1.0  # means 3 and 1, of one grating in 48 each
    indices = spatial_frequency_selectivity(responses)
    expected = (3 - 1 / 8) / (3 + 1 / 8)
    np.testing.assert_allclose(indices, [0, 1, np.nan, expected], atol=1e-12)


def test_spatial_frequency_selectivity_does_not_see_orientation() -> None:
    """A unit tuned to one orientation and one tuned to none have the same index where their frequencies are the same."""
    over_frequency = np.random.default_rng(0).random(9)
    flat = np.ones((12, 1, 1)) * over_frequency[:, None] * np.ones(4)
    tuned = np.where(np.arange(12)[:, None, None] == 4, flat, 0)
    first, second = spatial_frequency_selectivity(np.stack([flat, tuned]))
    assert first == pytest.approx(second)


@pytest.mark.parametrize(("cycle", "ratio"), [((1, 0, 0, 0), 2), ((1, 1, 1, 1), 0), ((3, 2, 1, 2), 0.5)])
def test_phase_modulation_is_the_first_harmonic_over_the_mean(cycle: tuple[float, ...], ratio: float) -> None:
    """By hand: 2 |sum r exp(i phase)| / sum r, at the grating with the largest response and at no other."""
    responses = np.full((1, *SHAPE), 0.1)
    responses[0, 7, 2] = np.array(cycle)
    modulation, largest = phase_modulation(responses)
    assert modulation[0] == pytest.approx(ratio)
    assert largest[0] == max(cycle)


def test_a_silent_unit_has_no_phase_modulation() -> None:
    """It would otherwise look like a complex cell."""
    assert np.isnan(phase_modulation(np.zeros((1, *SHAPE)))[0]).all()


def test_the_spatial_mean_of_a_rectified_filter_has_no_phase_modulation() -> None:
    """The reason for reading one position: over positions all phases are seen alike, whatever the unit does."""
    position, phase = np.arange(40) / 40, np.arange(4) / 4
    maps = np.maximum(np.cos(2 * np.pi * (4 * position[:, None] + phase)), 0)  # (position, phase), four cycles
    means, centre = maps.mean(axis=0), maps[20]
    (of_mean, of_centre), _ = phase_modulation(np.stack([means, centre])[:, None, None])
    assert of_mean < 0.01
    assert of_centre > 1.5


def test_the_halves_share_no_grating_and_miss_none() -> None:
    """Each grating is in one half: what either gives changes with its own gratings alone."""
    responses = np.random.default_rng(1).random((1, *SHAPE))
    first, second = split_half_gosi(responses)
    for place in np.ndindex(9, 4):
        changed = responses.copy()
        changed[0, 2, *place] += 10
        now = split_half_gosi(changed)
        assert (now[0] != first) != (now[1] != second), place


def test_halves_of_a_unit_that_phase_and_frequency_do_not_matter_to_are_the_whole() -> None:
    """Then each half gives the gOSI of all gratings, and a silent unit none."""
    curve = np.random.default_rng(2).random(12)
    responses = np.stack([np.ones(SHAPE) * curve[:, None, None], np.zeros(SHAPE)])
    whole = tuning.gosi(tuning.tuning_curve(responses)[0])
    for half in split_half_gosi(responses):
        np.testing.assert_allclose(half, whole)

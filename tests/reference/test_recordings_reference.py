"""Measures of recorded neurons against their definitions written out, and against SciPy's permutations.

Nothing here calls the package but for the values that are checked. The definitions are those of Ringach, Shapley and Hawken
(2002, J Neurosci 22:5639-5651; circular variance) and Benjamini and Hochberg (1995, J R Stat Soc B 57:289-300).
"""

from __future__ import annotations

import cmath
import itertools
import math
import statistics

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import xarray as xr

from study.tuning import folded, unit_measures, von_mises_fit

DIRECTIONS = np.arange(0.0, 360.0, 30.0)
ORIENTATIONS = np.arange(0.0, 180.0, 30.0)


def recorded(*, seed: int, units: int = 6, trials: int = 5) -> xr.DataArray:
    """Return spike counts of neurons that drift left and right alike, some of them lost in both directions."""
    rng = np.random.default_rng(seed)
    preferred = rng.uniform(0, 180, (units, 1))
    rates = 2 + 15 * np.exp(2 * (np.cos(2 * np.radians(DIRECTIONS - preferred)) - 1)) * (np.arange(units) % 2)[:, None]
    counts = rng.poisson(rates[..., None], (units, len(DIRECTIONS), trials)).astype(float)
    lost = np.tile(rng.random((units, 6, trials)) < 0.1, (1, 2, 1))
    coordinates = {"direction": DIRECTIONS}
    return xr.DataArray(np.where(lost, np.nan, counts), dims=("cell", "direction", "trial"), coords=coordinates)


def plain_means(cell: np.ndarray) -> list[float]:
    """Return the mean of each row's numbers."""
    return [statistics.fmean(value for value in row if not math.isnan(value)) for row in cell.tolist()]


def test_vector_measures_are_those_of_the_sum_over_all_directions() -> None:
    """Folding changes nothing: |sum R exp(2 i theta)| / sum R over twelve directions, and the angle it points to."""
    recording = recorded(seed=0)
    found = unit_measures(folded(recording), n_permutations=1, n_resamples=1, rng=np.random.default_rng(0))
    for unit, cell in enumerate(recording.values):
        means = plain_means(cell)
        vector = sum(r * cmath.exp(2j * math.radians(angle)) for r, angle in zip(means, DIRECTIONS, strict=True))
        assert float(found["circular_variance"][unit]) == pytest.approx(1 - abs(vector) / math.fsum(means))
        pointed = math.degrees(cmath.phase(vector)) / 2 % 180
        assert float(found["preferred_orientation"][unit]) == pytest.approx(pointed)


def test_two_point_measures_are_those_of_the_means_looked_up() -> None:
    """The orientation of the largest mean, and that mean against the one 90 degrees away."""
    recording = recorded(seed=1)
    found = unit_measures(folded(recording), n_permutations=1, n_resamples=1, rng=np.random.default_rng(0))
    for unit, cell in enumerate(recording.values):
        by_direction = dict(zip(DIRECTIONS.tolist(), plain_means(cell), strict=True))
        means = {angle: (by_direction[angle] + by_direction[angle + 180]) / 2 for angle in ORIENTATIONS.tolist()}
        peak = max(means, key=means.__getitem__)
        orthogonal = means[(peak + 90) % 180]
        assert float(found["peak_orientation"][unit]) == peak
        assert float(found["osi"][unit]) == pytest.approx((means[peak] - orthogonal) / (means[peak] + orthogonal))


def test_the_vector_sum_points_where_scipys_circular_mean_does() -> None:
    """Counts are samples of orientations, on a circle of 180 degrees."""
    counts = np.random.default_rng(2).poisson(6.0, (40, 9))
    shown = np.arange(9) * 20.0
    found = unit_measures(counts[..., None], n_permutations=1, n_resamples=1, rng=np.random.default_rng(0))
    for row, value in zip(counts, found["preferred_orientation"].values, strict=True):
        expected = scipy.stats.circmean(np.repeat(shown, row), high=180, low=0)
        assert abs((value - expected + 90) % 180 - 90) < 1e-6


def literal_gosi(values: np.ndarray, labels: np.ndarray) -> float:
    """Return gOSI of the means of the values that share a label, in degrees."""
    shown = np.unique(labels)
    means = [values[labels == label].mean() for label in shown]
    return abs(sum(r * cmath.exp(2j * math.radians(a)) for r, a in zip(means, shown, strict=True))) / math.fsum(means)


def test_p_values_are_those_of_every_permutation() -> None:
    """Six orientations, one trial each: 720 permutations, all tried; 4,000 draws are within four standard errors."""
    curves = np.random.default_rng(3).exponential(size=(5, 6))
    found = unit_measures(curves[..., None], n_permutations=4000, n_resamples=1, rng=np.random.default_rng(4))
    for curve, pvalue in zip(curves, found["pvalue"].values, strict=True):
        observed = literal_gosi(curve, ORIENTATIONS)
        every = [literal_gosi(np.array(one), ORIENTATIONS) for one in itertools.permutations(curve.tolist())]
        exact = float(np.mean(np.array(every) >= observed - 1e-9))
        assert pvalue == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4000) + 1 / 4001)


def test_p_values_with_lost_trials_are_those_of_scipys_permutations() -> None:
    """`scipy.stats.permutation_test` pairs the trials that were not lost with the orientations they had, anew."""
    rng = np.random.default_rng(5)
    trials = rng.lognormal(sigma=1.0, size=(4, 6, 4))
    trials[rng.random(trials.shape) < 0.15] = np.nan
    found = unit_measures(trials, n_permutations=2000, n_resamples=1, rng=rng)
    for cell, pvalue in zip(trials, found["pvalue"].values, strict=True):
        there = ~np.isnan(cell)
        labels = np.broadcast_to(ORIENTATIONS[:, None], cell.shape)[there]
        reference = scipy.stats.permutation_test(
            (cell[there],),
            lambda values, labels=labels: literal_gosi(values, labels),
            permutation_type="pairings",
            n_resamples=2000,
            alternative="greater",
            vectorized=False,
            rng=np.random.default_rng(6),
        ).pvalue
        assert pvalue == pytest.approx(reference, abs=4 * math.sqrt(2 * 0.25 / 2000))


def test_q_values_reject_what_benjamini_and_hochberg_reject() -> None:
    """At any rate: the k smallest p-values, k the largest with p(k) <= k / m times the rate."""
    recording = recorded(seed=7, units=30)
    found = unit_measures(folded(recording), n_permutations=199, n_resamples=1, rng=np.random.default_rng(8))
    pvalues, qvalues = found["pvalue"].values, found["qvalue"].values
    ascending = sorted(pvalues)
    for rate in (0.01, 0.02, 0.05, 0.1, 0.3, 0.7):
        ranks = [k for k, p in enumerate(ascending, start=1) if p <= k / len(ascending) * rate + 1e-12]
        threshold = ascending[max(ranks) - 1] if ranks else 0.0
        np.testing.assert_array_equal(qvalues <= rate + 1e-12, pvalues <= threshold)


@pytest.mark.parametrize("concentration", [1.5, 4.0, 12.0])
def test_the_width_is_that_of_a_global_search(concentration: float) -> None:
    """Differential evolution over all four parameters finds no better curve; its half height is found by bisection."""
    angles = np.arange(0.0, 180.0, 15.0)

    def curve(theta: np.ndarray, base: float, height: float, centre: float, kappa: float) -> np.ndarray:
        return base + height * np.exp(kappa * (np.cos(np.radians(2 * (theta - centre))) - 1))

    def error(parameters: np.ndarray) -> float:
        return float(((curve(angles, *parameters) - noisy) ** 2).sum())

    noisy = curve(angles, 3.0, 10.0, 66.0, concentration) + np.random.default_rng(9).normal(0, 0.4, 12)
    bounds = [(-20, 20), (0, 60), (0, 180), (0.01, 100)]
    found = scipy.optimize.differential_evolution(error, bounds, rng=np.random.default_rng(10), tol=1e-10)
    fit = von_mises_fit(noisy[None])
    fitted = [float(fit[name][0]) for name in ("baseline", "amplitude", "preferred_orientation", "concentration")]
    assert error(np.array(fitted)) <= found.fun * (1 + 1e-6)
    base, height, centre, kappa = found.x
    half = scipy.optimize.brentq(lambda turned: curve(centre + turned, *found.x) - base - height / 2, 0, 90)
    assert float(fit["width"][0]) == pytest.approx(half, rel=1e-2)
    assert kappa == pytest.approx(fitted[3], rel=2e-2)

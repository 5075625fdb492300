"""p-values of recorded neurons that are not tuned. Seeds are fixed: a failure is a change, not chance.

Four orientations, so that no curve is fitted, which takes most of the time.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from study.tuning import unit_measures
from study.tuning.selectivity import Negative

N_UNITS = 1500
N_PERMUTATIONS = 199


def null_pvalues(trials: np.ndarray, negative: Negative = "refuse") -> np.ndarray:
    """Return the p-values of untuned units, those of units without any left out."""
    rng = np.random.default_rng(1)
    found = unit_measures(trials, negative=negative, n_permutations=N_PERMUTATIONS, n_resamples=1, rng=rng)
    pvalues = found["pvalue"].values
    return pvalues[~np.isnan(pvalues)]


def drawn(model: str) -> np.ndarray:
    """Return (unit, orientation, trial) responses in which nothing depends on orientation."""
    rng = np.random.default_rng(0)
    if model == "counts":
        return rng.poisson(8.0, (N_UNITS, 4, 5)).astype(float)
    if model == "skewed":
        return rng.lognormal(sigma=2.0, size=(N_UNITS, 4, 3))
    trials = rng.lognormal(sigma=1.0, size=(N_UNITS, 4, 6))
    trials[rng.random(trials.shape) < 0.3] = np.nan
    return trials


@pytest.mark.parametrize("model", ["counts", "skewed", "lost"])
def test_p_values_of_untuned_neurons_are_uniform(model: str) -> None:
    """Few trials, heavy tails, a third of the trials lost: every twentieth has a twentieth of the units, and none is 0."""
    pvalues = null_pvalues(drawn(model))
    assert pvalues.min() >= 1 / (N_PERMUTATIONS + 1)
    counts = np.histogram(pvalues, bins=20, range=(1e-9, 1 + 1e-9))[0]
    assert scipy.stats.chisquare(counts).pvalue > 0.001
    low, high = scipy.stats.binom.ppf([0.0005, 0.9995], len(pvalues), 0.05)
    assert low <= np.count_nonzero(pvalues <= 0.05 + 1e-12) <= high


def test_units_that_rectification_silences_leave_the_others_valid() -> None:
    """dF/F below 0: half of the units keep no response, and of the draws as many; of those that do, no more than nominal."""
    pvalues = null_pvalues(np.random.default_rng(2).normal(-0.5, 1.0, (N_UNITS, 4, 4)), "rectify")
    assert 0.3 * N_UNITS < len(pvalues) < 0.7 * N_UNITS
    for level in (0.05, 0.2, 0.5, 0.7):
        assert np.count_nonzero(pvalues <= level + 1e-12) <= scipy.stats.binom.ppf(0.9995, len(pvalues), level)

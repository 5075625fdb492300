"""The shuffle control where the truth is known. Seeds are fixed: a failure is a change, not chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats

from study.tuning import SELECTIVE, gosi, shuffle_null, tuning_curve

SHAPE = (12, 9, 4)
N_UNITS = 960
N_PERMUTATIONS = 199  # makes (k + 1) / (n + 1) attain .05 exactly


def exponential(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Return responses of a unit that prefers nothing, moderately sparse."""
    return rng.exponential(size=size)


def lognormal(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Return responses with a heavy tail."""
    return rng.lognormal(sigma=1.5, size=size)


def uniform(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Return responses with no tail."""
    return rng.random(size)


def sparse(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Return responses of a unit that answers one grating in twenty."""
    return rng.exponential(size=size) * (rng.random(size) < 0.05)


def coarse(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Return responses of few distinct values, so that the largest is tied."""
    return np.minimum(rng.poisson(2.0, size=size), 4).astype(float)


# What an untuned unit shows


@pytest.mark.parametrize(
    ("model", "expected"),
    [(uniform, 0.05), (exponential, 0.19), (lognormal, 0.50), (sparse, 0.72)],
    ids=["uniform", "exponential", "lognormal", "sparse"],
)
def test_untuned_units_show_selectivity_that_grows_with_sparseness(
    model: Callable[..., np.ndarray], expected: float
) -> None:
    """Independent responses to 12 x 9 x 4 gratings: mean gOSI .052, .191, .502 and .720.

    Nothing here is tuned. Maximum over phase and best frequency inflate the index, sparseness most of all, so a raw
    gOSI means something only against its own unit's null. "5 % sparse" is exponential responses to one grating in
    twenty; binary or uniform ones would give .62.
    """
    responses = model(np.random.default_rng(0), (4000, *SHAPE))
    values = gosi(tuning_curve(responses)[0])
    assert np.nanmean(values) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("model", [uniform, exponential, lognormal, sparse])
def test_the_null_of_an_untuned_unit_is_centred_on_what_it_shows(model: Callable[..., np.ndarray]) -> None:
    """Over 300 untuned units, mean gOSI minus mean shuffled gOSI is 0 within three standard errors, in both controls."""
    rng = np.random.default_rng(1)
    responses = model(rng, (300, *SHAPE))
    null = shuffle_null(responses, n_permutations=100, n_bins=10, rng=rng)
    values = gosi(tuning_curve(responses)[0])
    for mean in (null.mean, null.orientation_mean):
        difference = (values - mean)[np.isfinite(values)]
        assert abs(difference.mean()) < 3 * difference.std(ddof=1) / np.sqrt(difference.size)


# The short cut


def plainly_shuffled_gosi(responses: np.ndarray, n_permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Return gOSI after permuting every entry of one tensor, as the paper says it."""
    flat = responses.reshape(-1)
    shuffled = np.stack([rng.permutation(flat).reshape(responses.shape) for _ in range(n_permutations)])
    return gosi(tuning_curve(shuffled)[0])


@pytest.mark.parametrize("model", [uniform, exponential, lognormal, sparse, coarse])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_shuffle_control_equals_permuting_every_entry(model: Callable[..., np.ndarray], seed: int) -> None:
    """Drawing 47 of 431 entries gives the distribution of permuting 432: Kolmogorov-Smirnov, 3,000 shuffles each.

    The coarse tensor's largest entry is tied, where the short cut does not hold and is not taken.
    """
    rng = np.random.default_rng(seed)
    responses, n_bins = model(rng, SHAPE), 5000
    counts = shuffle_null(responses[None], n_permutations=3000, n_bins=n_bins, rng=rng).counts[0]
    values = np.repeat((np.arange(n_bins) + 0.5) / n_bins, counts)
    plain = plainly_shuffled_gosi(responses, 3000, rng)
    binned = (np.minimum((plain * n_bins).astype(int), n_bins - 1) + 0.5) / n_bins
    assert (np.sort(responses, axis=None)[-1] == np.sort(responses, axis=None)[-2]) == (model is coarse)
    assert scipy.stats.ks_2samp(values, binned).pvalue > 0.001


def test_the_shuffle_control_of_a_tuned_unit_equals_permuting_every_entry() -> None:
    """The same for a unit with a preferred orientation and frequency, whose largest responses sit together."""
    rng = np.random.default_rng(3)
    angle, octave = np.deg2rad(np.arange(12) * 15.0)[:, None, None], np.arange(9)[:, None]
    responses = np.exp(2 * np.cos(2 * (angle - 1)) - 0.3 * (octave - 3.0) ** 2) * rng.uniform(0.5, 1, SHAPE)
    null = shuffle_null(responses[None], n_permutations=3000, n_bins=40, rng=rng)
    plain = plainly_shuffled_gosi(responses, 3000, rng)
    error = plain.std() * np.sqrt(2 / 3000)
    assert null.mean[0] == pytest.approx(plain.mean(), abs=4 * error)
    assert null.sd[0] == pytest.approx(plain.std(ddof=1), rel=0.06)
    assert null.selective[0] == pytest.approx((plain > SELECTIVE).mean(), abs=0.05)


# Error rates


@pytest.mark.parametrize("model", [uniform, exponential, lognormal])
def test_p_values_of_untuned_units_are_uniform(model: Callable[..., np.ndarray]) -> None:
    """960 units without a preference: p takes each of 1/200 .. 200/200 equally often, in both controls."""
    rng = np.random.default_rng(7)
    null = shuffle_null(model(rng, (N_UNITS, *SHAPE)), n_permutations=N_PERMUTATIONS, n_bins=10, rng=rng)
    for pvalues in (null.pvalue, null.orientation_pvalue):
        counts = np.histogram(pvalues, bins=20, range=(1e-9, 1 + 1e-9))[0]
        assert scipy.stats.chisquare(counts).pvalue > 0.001
        rejected = int(np.count_nonzero(pvalues <= 0.05 + 1e-12))
        low, high = scipy.stats.binom.ppf([0.0005, 0.9995], N_UNITS, 0.05)
        assert low <= rejected <= high


@pytest.mark.parametrize("model", [sparse, coarse])
def test_ties_make_p_values_larger_never_smaller(model: Callable[..., np.ndarray]) -> None:
    """Where shuffles tie with what was observed, no more than the nominal share is rejected at any level."""
    rng = np.random.default_rng(8)
    null = shuffle_null(model(rng, (300, *SHAPE)), n_permutations=N_PERMUTATIONS, n_bins=10, rng=rng)
    for pvalues in (null.pvalue, null.orientation_pvalue):
        assert np.nanmin(pvalues) >= 1 / (N_PERMUTATIONS + 1)
        for level in (0.01, 0.05, 0.2, 0.5):
            rejected = int(np.count_nonzero(pvalues <= level + 1e-12))
            assert rejected <= scipy.stats.binom.ppf(0.9995, 300, level)


def test_tuned_units_are_told_from_untuned_ones() -> None:
    """Weak tuning (1 + cos, on exponential noise) over all frequencies: found in .98 (full shuffle) and .91 (labels) of 200."""
    rng = np.random.default_rng(9)
    preferred = rng.uniform(0, 180, (200, 1, 1, 1))
    tuned = 1 + np.cos(2 * np.deg2rad(np.arange(12)[:, None, None] * 15 - preferred))
    responses = tuned * rng.exponential(size=(200, *SHAPE))
    null = shuffle_null(responses, n_permutations=N_PERMUTATIONS, n_bins=10, rng=rng)
    assert (null.pvalue <= 0.05).mean() > 0.9
    assert (null.orientation_pvalue <= 0.05).mean() > 0.85

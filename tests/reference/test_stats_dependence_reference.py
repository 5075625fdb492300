"""Agreement, for data that depend on covariates, time, strata or clusters, with libraries and plain formulas."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.stats

from study import stats

ALTERNATIVES = ("two-sided", "less", "greater")


def sample(n: int, seed: int) -> tuple[Any, Any, Any]:
    """Return two samples (n,) and two covariates (n, 2) of both, with ties."""
    rng = np.random.default_rng(seed)
    covariates = rng.normal(size=(n, 2))
    x = covariates @ [1.0, -0.5] + rng.normal(size=n)
    y = covariates @ [0.5, 1.0] + rng.normal(size=n) - 0.4 * x
    return x.round(1), y.round(1), covariates.round(1)


def autoregressive(phi: float, n: int, rng: np.random.Generator) -> Any:
    """Return two independent stationary AR(1) series, (2, n)."""
    series = rng.normal(size=(2, n)) * np.sqrt([[1 - phi**2]])
    series[:, 0] /= np.sqrt(1 - phi**2)
    for step in range(1, n):
        series[:, step] += phi * series[:, step - 1]
    return series


def residual(values: Any, covariates: Any, strata: Any) -> Any:
    """Return what a regression on covariates and stratum dummies leaves, by least squares."""
    design = np.column_stack([covariates, strata[:, np.newaxis] == np.unique(strata)])
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def ranks_within(values: Any, strata: Any) -> Any:
    """Return average ranks divided by stratum size plus one, by SciPy."""
    ranks = np.empty(values.shape)
    for label in np.unique(strata):
        ranks[strata == label] = scipy.stats.rankdata(values[strata == label], axis=0) / (np.sum(strata == label) + 1)
    return ranks


def test_partial_spearman_agrees_with_its_definition_in_strata() -> None:
    """Regression with a dummy for every stratum, in strata of unequal size in any order."""
    x, y, covariates = sample(20, 5)
    strata = np.random.default_rng(1).permuted([0] * 4 + [1] * 7 + [2] * 9)
    ranked = [ranks_within(values, strata) for values in (x, y, covariates)]
    left = [residual(values, ranked[2], strata) for values in ranked[:2]]
    expected = np.corrcoef(left[0], left[1])[0, 1]
    assert stats.partial_spearman(x, y, covariates, strata=strata).statistic == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("alternative", ["less", "greater"])
def test_partial_permutation_agrees_with_enumeration(alternative: Any) -> None:
    """Fitted part plus each of 4! x 4! arrangements of residuals, refitted by least squares, gives the same p."""
    x, y, covariates = sample(8, 19)
    z, strata = covariates, np.repeat([0, 1], 4)
    x_ranks, y_ranks, z_ranks = (ranks_within(values, strata) for values in (x, y, z))
    x_left, y_left = residual(x_ranks, z_ranks, strata), residual(y_ranks, z_ranks, strata)
    null = []
    for one, two in itertools.product(itertools.permutations(range(4)), itertools.permutations(range(4, 8))):
        rearranged = (y_ranks - y_left) + y_left[list(one + two)]
        null.append(np.corrcoef(x_left, residual(rearranged, z_ranks, strata))[0, 1])
    sign = 1 if alternative == "greater" else -1
    expected = np.mean(sign * np.array(null) >= sign * null[0] - 1e-12)
    outcome = stats.partial_permutation_test(
        x, y, z, strata=strata, n_resamples=9999, alternative=alternative, rng=np.random.default_rng(0)
    )
    assert outcome.statistic == pytest.approx(null[0]) and not outcome.exact
    assert 0.02 < expected < 0.98
    assert outcome.pvalue == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 9999))


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_circular_shifts_agree_with_a_loop(alternative: Any) -> None:
    """Rho after each roll of one series by SciPy, ties included."""
    x, y = autoregressive(0.7, 40, np.random.default_rng(2)).round(1)
    null = np.array([scipy.stats.spearmanr(x, np.roll(y, shift)).statistic for shift in range(40)])
    at_least, at_most = np.mean(null >= null[0] - 1e-12), np.mean(null <= null[0] + 1e-12)
    expected = {"greater": at_least, "less": at_most, "two-sided": min(1.0, 2 * min(at_least, at_most))}
    outcome = stats.circular_shift_test(x, y, alternative=alternative)
    assert outcome.exact and outcome.n_resamples == outcome.n == 40
    assert outcome.statistic == pytest.approx(null[0]) and outcome.pvalue == pytest.approx(expected[alternative])


@pytest.mark.parametrize("spread", [0.05, 0.35])
def test_random_effects_agree_with_the_published_formulas(spread: float) -> None:
    """Paule and Mandel's equation solved by bisection and Hartung and Knapp's interval, written out."""
    rho = -0.4 + spread * np.array([1.0, -1.2, 0.5, 0.1])
    n = np.array([12, 30, 20, 50])
    z, variance = np.arctanh(rho), (1 + rho**2 / 2) / (n - 3)

    def weighted(tau_squared: float) -> tuple[Any, float, float]:
        weights = 1 / (variance + tau_squared)
        mean = float(np.sum(weights * z) / np.sum(weights))
        return weights, mean, float(np.sum(weights * (z - mean) ** 2))

    low, high = 0.0, 10.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if weighted(middle)[2] > 3 else (low, middle)
    weights, mean, q = weighted(low)
    error = np.sqrt(q / 3 / np.sum(weights))
    expected = np.tanh(mean + np.array([-1, 1]) * scipy.stats.t.ppf(0.975, 3) * error)
    fixed = weighted(0.0)[2]
    result = stats.random_effects_mean(rho, n, confidence_level=0.95)
    assert (low > 0.001) == (spread > 0.1)
    assert result.tau_squared == pytest.approx(low, abs=1e-5) and result.mean == pytest.approx(np.tanh(mean), abs=1e-6)
    assert (result.interval.low, result.interval.high) == pytest.approx(tuple(expected), abs=1e-5)
    assert result.i_squared == pytest.approx(max(0.0, (fixed - 3) / fixed)) and result.n == (12, 30, 20, 50)
    assert result.interval.kind == "Hartung-Knapp" and result.note == ""


@pytest.mark.parametrize("skewed", [False, True])
def test_crossed_bca_agrees_with_its_formula(skewed: bool) -> None:
    """From the same draws: bias and acceleration, rows and columns being two samples, written out."""
    rng = np.random.default_rng(2)
    effects = [rng.lognormal(size=size) if skewed else rng.normal(size=size) for size in ((6, 1), (1, 9))]
    values = effects[0] + effects[1] + rng.normal(size=(6, 9))
    generator = np.random.default_rng(5)
    rows, columns = generator.integers(6, size=(200, 6)), generator.integers(9, size=(200, 9))
    means = np.array([values[np.ix_(*pair)].mean() for pair in zip(rows, columns, strict=True)])
    cubes = squares = 0.0
    for axis, size in enumerate(values.shape):
        left_out = np.array([np.delete(values, i, axis=axis).mean() for i in range(size)])
        influence = (size - 1) * (left_out.mean() - left_out)
        cubes, squares = cubes + np.sum(influence**3) / size**3, squares + np.sum(influence**2) / size**2
    bias, z = scipy.stats.norm.ppf(np.mean(means < values.mean())), scipy.stats.norm.ppf([0.05, 0.95])
    shares = scipy.stats.norm.cdf(bias + (bias + z) / (1 - cubes / (6 * squares**1.5) * (bias + z)))
    (interval,) = stats.crossed_intervals(
        [values], confidence_level=0.9, n_resamples=200, method="BCa", rng=np.random.default_rng(5)
    )
    assert interval.kind == "BCa" and (interval.low, interval.high) == pytest.approx(tuple(np.quantile(means, shares)))


def test_crossed_interval_agrees_with_enumeration() -> None:
    """All 4^4 x 3^3 resamples of four rows and three columns have the same 90 % percentile interval."""
    rng = np.random.default_rng(8)
    values = rng.normal(size=(4, 1)) + rng.normal(size=(1, 3)) + rng.normal(size=(4, 3))
    rows = np.array(list(itertools.product(range(4), repeat=4)))
    columns = np.array(list(itertools.product(range(3), repeat=3)))
    means = [values[np.ix_(row, column)].mean() for row in rows for column in columns]
    low, high = np.quantile(means, [0.05, 0.95])
    (interval,) = stats.crossed_intervals(
        [values], confidence_level=0.9, n_resamples=20_000, method="percentile", rng=rng
    )
    assert interval.kind == "percentile"
    assert interval.low == pytest.approx(low, abs=0.03 * (high - low))
    assert interval.high == pytest.approx(high, abs=0.03 * (high - low))

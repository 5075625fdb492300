"""Error rates, coverage and variance for data that depend on covariates, time or clusters. Seeds are fixed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.signal
import scipy.stats

from study import stats

SIMULATIONS = 1000
N_RESAMPLES = 99  # makes (k + 1) / (n_resamples + 1) attain .05 exactly


def share(pvalues: list[float]) -> float:
    """Return the share of p-values at or below .05."""
    return float(np.mean(np.array(pvalues) <= 0.05 * (1 + 1e-9)))


def assert_rate(rate: float, low: float, high: float, simulations: int = SIMULATIONS) -> None:
    """Assert that `rate` is what a true rate between `low` and `high` gives in all but 1 of 1,000 runs."""
    least = float(scipy.stats.binom.ppf(0.0005, simulations, low)) / simulations
    most = float(scipy.stats.binom.ppf(0.9995, simulations, high)) / simulations
    assert least <= rate <= most, f"rate {rate} is outside [{least}, {most}], where one in [{low}, {high}] belongs"


def autoregressive(phi: float, n: int, pairs: int, rng: np.random.Generator) -> Any:
    """Return pairs of independent stationary AR(1) series, (pairs, 2, n)."""
    return scipy.signal.lfilter([1.0], [1.0, -phi], rng.normal(size=(pairs, 2, n + 200)), axis=-1)[..., 200:]


def partial_pvalues(on_x: float, on_y: float, *, adjusted: bool = True, simulations: int = SIMULATIONS) -> list[float]:
    """Return one-sided p-values of x and y, unrelated but for a covariate and four strata of six, given both or one."""
    rng = np.random.default_rng(5)
    strata = np.repeat(np.arange(4), 6)
    options: dict[str, Any] = {"strata": strata, "n_resamples": N_RESAMPLES, "alternative": "greater", "rng": rng}
    pvalues = []
    for _ in range(simulations):
        z, x, y = rng.normal(size=(3, 24)) + strata
        x, y = x + on_x * z, y + on_y * z
        if adjusted:
            outcome = stats.partial_permutation_test(x, y, z, **options)
        else:
            outcome = stats.stratified_permutation_test(x, y, **options)
        pvalues.append(outcome.pvalue)
    return pvalues


@pytest.mark.parametrize(("on_x", "on_y"), [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0)])
def test_partial_permutation_holds_its_level(on_x: float, on_y: float) -> None:
    """A covariate of neither, of y alone, of x alone: .051, .051 and .053 rejected."""
    assert_rate(share(partial_pvalues(on_x, on_y)), 0.05, 0.05)


def test_partial_permutation_removes_most_of_a_confounder_and_not_all() -> None:
    """A common cause of a third of both variances: rejected in .061 instead of .31; of two thirds, in .095."""
    assert share(partial_pvalues(0.7, 0.7, adjusted=False, simulations=300)) > 0.25
    assert_rate(share(partial_pvalues(0.7, 0.7)), 0.05, 0.07)
    assert share(partial_pvalues(1.4, 1.4, simulations=400)) > 0.07


def test_a_partial_association_is_found_behind_the_covariate() -> None:
    """Opposed in sign to what the covariate makes of it, a real association is found in .800 of samples."""
    rng = np.random.default_rng(2)
    strata = np.repeat(np.arange(4), 6)
    options: dict[str, Any] = {"strata": strata, "n_resamples": N_RESAMPLES, "alternative": "less", "rng": rng}
    pvalues, plain = [], []
    for _ in range(200):
        z, x, y = rng.normal(size=(3, 24)) + strata
        x, y = x + z, y - 2 * x + 3 * z
        pvalues.append(stats.partial_permutation_test(x, y, z, **options).pvalue)
        plain.append(stats.stratified_spearman(x, y, strata).statistic)
    assert share(pvalues) > 0.6 and np.mean(plain) > 0


@pytest.mark.parametrize(("phi", "highest", "naive_lowest"), [(0.0, 0.05, 0.04), (0.8, 0.055, 0.2), (0.95, 0.12, 0.4)])
def test_circular_shifts_hold_their_level_where_the_textbook_test_does_not(
    phi: float, highest: float, naive_lowest: float
) -> None:
    """Independent AR(1) pairs of 50, phi 0, .8 and .95: .041, .055, .120 rejected; textbook .049, .308, .546."""
    shifted, naive = [], []
    for x, y in autoregressive(phi, 50, SIMULATIONS, np.random.default_rng(3)):
        shifted.append(stats.circular_shift_test(x, y, alternative="two-sided").pvalue)
        naive.append(float(scipy.stats.spearmanr(x, y).pvalue))
    assert_rate(share(shifted), 0.04, highest)
    assert share(naive) > naive_lowest


def test_no_shift_undoes_a_trend() -> None:
    """Two unrelated rising series of 50 have the least p attainable in .917 of samples, random walks in .130."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(300, 2, 50))
    rates = []
    for series in (noise + 0.1 * np.arange(50), noise.cumsum(axis=-1)):
        outcomes = [stats.circular_shift_test(x, y, alternative="greater") for x, y in series]
        assert min(outcome.pvalue for outcome in outcomes) == 1 / 50
        rates.append(share([outcome.pvalue for outcome in outcomes]))
    assert rates[0] > 0.85 and rates[1] > 0.1


@pytest.mark.parametrize(
    ("n", "phi", "overstated"), [(50, 0.0, 1.1), (50, 0.5, 1.2), (50, 0.8, 1.35), (50, 0.9, 1.5), (200, 0.8, 1.2)]
)
def test_the_effective_size_gives_the_variance_of_rho(n: int, phi: float, overstated: float) -> None:
    """One over the variance of rho in independent AR(1) pairs, and the size of the mean estimate of that variance.

    For 50 points and phi 0, .5, .8 and .9: 50 and 47, 33 and 34, 14 and 18, 8 and 13; for 200 and .8: 46 and 51. The
    formula with the true autocorrelations of the process gives 50, 30, 11, 6 and 44.
    """
    pairs = autoregressive(phi, n, SIMULATIONS, np.random.default_rng(n))
    rho = np.array([stats.spearman(x, y).statistic for x, y in pairs])
    sizes = np.array([stats.effective_sample_size(x, y).n_effective for x, y in pairs])
    lags = np.arange(1, n)
    formula = 1 / (1 / n + 2 / n * float(np.sum((n - lags) / n * phi ** (2 * lags))))
    true, estimated = 1 / np.mean(rho**2), 1 / np.mean(1 / sizes)
    assert 0.9 * true < estimated < 1.05 * overstated * true
    assert 0.55 * true < formula < 1.1 * true


def test_the_permuted_trend_over_doses_holds_its_level_and_finds_a_trend() -> None:
    """Six dose levels of four replicates: .039 rejected without a trend, all with half a deviation a level."""
    rng = np.random.default_rng(6)
    dose = np.repeat([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], 4)

    def pvalue(slope: float) -> float:
        outcome = stats.stratified_permutation_test(
            rng.normal(size=24) + slope * dose,
            dose,
            strata=np.zeros(24),
            n_resamples=N_RESAMPLES,
            alternative="less",
            rng=rng,
        )
        return outcome.pvalue

    level, power = share([pvalue(0.0) for _ in range(SIMULATIONS)]), share([pvalue(-2.5) for _ in range(200)])
    assert_rate(level, 0.05, 0.05)
    assert power > 0.9


@pytest.mark.parametrize("tau", [0.0, 0.2])
def test_coverage_of_the_random_effects_mean(tau: float) -> None:
    """Four strata of 50, true z around -.5 with deviation 0 or .2, nominal .95: .960, .936; variance found in .386, .736."""
    rng = np.random.default_rng(9)
    hits = with_variance = 0
    strata = np.zeros(50)
    for _ in range(500):
        true = np.tanh(rng.normal(-0.5, tau, size=4))
        x, noise = rng.normal(size=(2, 4, 50))
        y = true[:, np.newaxis] * x + np.sqrt(1 - true[:, np.newaxis] ** 2) * noise
        rho = [stats.stratified_spearman(*pair, strata).statistic for pair in zip(x, y, strict=True)]
        result = stats.random_effects_mean(rho, [50] * 4, confidence_level=0.95)
        hits += result.interval.low <= 6 / math.pi * math.asin(math.tanh(-0.5) / 2) <= result.interval.high
        with_variance += result.tau_squared > 0
    assert_rate(hits / 500, 0.93, 0.96, 500)
    assert 0.25 < with_variance / 500 < 0.85 and (with_variance / 500 > 0.5) == (tau > 0)


@pytest.mark.parametrize(
    ("by_row", "by_column", "low", "high"),
    [
        (1.0, 1.0, 0.90, 0.95),
        pytest.param(1.0, 0.3, 0.90, 0.96, marks=pytest.mark.slow),
        pytest.param(0.3, 1.0, 0.92, 0.97, marks=pytest.mark.slow),
        (0.0, 0.0, 0.98, 1.0),
    ],
)
def test_coverage_of_the_crossed_interval(by_row: float, by_column: float, low: float, high: float) -> None:
    """24 rows and 40 columns, effects of each and noise 1, nominal .95: .939, .924, .953, .998.

    Taking all 960 values for independent: .338, .326, .412, .954.
    """
    rng = np.random.default_rng(10)
    hits = naive = 0
    for _ in range(SIMULATIONS):
        values = by_row * rng.normal(size=(24, 1)) + by_column * rng.normal(size=(1, 40)) + rng.normal(size=(24, 40))
        (interval,) = stats.crossed_intervals(
            [values], confidence_level=0.95, n_resamples=256, method="percentile", rng=rng
        )
        hits += interval.low <= 0 <= interval.high
        naive += abs(values.mean()) <= 1.96 * values.std() / math.sqrt(960)
    assert_rate(hits / SIMULATIONS, low, high)
    assert (naive < 0.6 * SIMULATIONS) == (by_row > 0)


@pytest.mark.parametrize(
    ("method", "tails", "low", "high"),
    [
        ("BCa", "normal", 0.92, 0.96),
        pytest.param("BCa", "lognormal", 0.88, 0.93, marks=pytest.mark.slow),
        pytest.param("percentile", "lognormal", 0.87, 0.92, marks=pytest.mark.slow),
    ],
)
def test_coverage_of_the_crossed_bca_interval(method: Any, tails: str, low: float, high: float) -> None:
    """24 rows and 40 columns, effects of each, noise 1, nominal .95: BCa .940 of normal effects, .907 of lognormal ones.

    The percentile interval .939 and .898.
    """
    rng = np.random.default_rng(10)

    def effects(shape: tuple[int, int]) -> Any:
        return rng.normal(size=shape) if tails == "normal" else rng.lognormal(size=shape) - math.exp(0.5)

    hits = 0
    for _ in range(SIMULATIONS):
        values = effects((24, 1)) + effects((1, 40)) + rng.normal(size=(24, 40))
        (interval,) = stats.crossed_intervals([values], confidence_level=0.95, n_resamples=256, method=method, rng=rng)
        hits += interval.low <= 0 <= interval.high
    assert_rate(hits / SIMULATIONS, low, high)

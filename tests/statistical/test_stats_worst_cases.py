"""How often tests reject where nothing is to be found and their assumptions fail. Seeds are fixed: see the functions' words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats

from study import stats

N_RESAMPLES = 199  # makes (k + 1) / (n_resamples + 1) attain .05 exactly
SHARED = 100  # simulated samples that share their resamples


def share(pvalues: Any) -> float:
    """Return the share of p-values at or below .05."""
    return float(np.mean(np.array(pvalues) <= 0.05 * (1 + 1e-9)))


def assert_rate(rate: float, low: float, high: float, simulations: int) -> None:
    """Assert that `rate` is what a true rate between `low` and `high` gives in all but 1 of 1,000 runs."""
    least = float(scipy.stats.binom.ppf(0.0005, simulations, low)) / simulations
    most = float(scipy.stats.binom.ppf(0.9995, simulations, high)) / simulations
    assert least <= rate <= most, f"rate {rate} is outside [{least}, {most}], where one in [{low}, {high}] belongs"


def effects(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Return effects with mean 0."""
    if kind == "unequal":  # one network in four varies five times as much
        return rng.normal(size=shape) * np.where(np.arange(shape[-1]) % 4, 1.0, 5.0)
    draws = {
        "normal": lambda: rng.normal(size=shape),
        "exponential": lambda: rng.exponential(size=shape) - 1,
        "lognormal": lambda: rng.lognormal(size=shape) - math.exp(0.5),
        "one in ten": lambda: (rng.random(shape) < 0.1) - 0.1,
    }
    return draws[kind]()


def mean_rates(kind: str, n: int, simulations: int, effect: float = 0.0) -> tuple[float, float]:
    """Return how often sign flips alone and `mean_tests` find the mean below 0, shifted by -effect."""
    rng = np.random.default_rng(n)
    rates = []
    for _ in range(simulations // SHARED):
        values = effects(kind, (SHARED, n), rng) - effect
        options: dict[str, Any] = {"null_value": 0, "alternative": "less", "n_resamples": N_RESAMPLES, "rng": rng}
        rates.append(
            [
                share([outcome.pvalue for outcome in stats.mean_tests(values, exchangeable=alone, **options)])
                for alone in (True, False)
            ]
        )
    alone, both = np.mean(rates, axis=0)
    return float(alone), float(both)


MEANS = [
    ("exponential", 8, 0.134, 0.079),
    ("exponential", 24, 0.101, 0.063),
    ("lognormal", 24, 0.161, 0.100),
    ("unequal", 24, 0.051, 0.051),
    ("one in ten", 8, 0.43, 0.0),
    ("exponential", 16, 0.114, 0.072),
    ("exponential", 40, 0.091, 0.059),
    ("exponential", 80, 0.080, 0.056),
    ("lognormal", 8, 0.202, 0.128),
    ("lognormal", 16, 0.179, 0.109),
    ("lognormal", 80, 0.117, 0.074),
    ("lognormal", 200, 0.090, 0.061),
    ("unequal", 8, 0.044, 0.041),
    ("one in ten", 24, 0.085, 0.0),
]


@pytest.mark.parametrize(
    ("kind", "n", "alone", "both"),
    [pytest.param(*row, marks=[pytest.mark.slow] if place > 4 else []) for place, row in enumerate(MEANS)],
)
def test_means_of_skewed_effects(kind: str, n: int, alone: float, both: float) -> None:
    """Sign flips alone, and the larger p of these and the bootstrap-t, reject as often as `mean_tests` says."""
    rates = mean_rates(kind, n, 4000)
    for rate, said in zip(rates, (alone, both), strict=True):
        assert_rate(rate, 0.93 * said, 1.07 * said, 4000)
    assert rates[1] < rates[0] + 0.005  # not from the same flips


@pytest.mark.parametrize(("n", "effect", "least"), [(8, 1.0, 0.70), (24, 0.52, 0.73)])
def test_what_the_second_test_costs(n: int, effect: float, least: float) -> None:
    """Normal effects that sign flips find in .80 are found in .73 (8 values) and .76 (24)."""
    alone, both = mean_rates("normal", n, 2000, effect)
    assert alone > 0.77 and alone > both > least


def dependent(kind: str, n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return x and y whose rank correlation is 0: independent, or with a spread of y that grows with |x|."""
    x, y = rng.normal(size=(2, n))
    return x, x * y if kind == "growing spread" else y


def plain_pvalue(x: Any, y: Any, strata: Any, rng: np.random.Generator) -> float:
    """Return the two-sided p-value of the sum of products of ranks, not studentised."""
    permuted, first = np.empty((N_RESAMPLES + 1, x.size)), np.empty(x.size)
    for label in np.unique(strata):
        rows = np.flatnonzero(strata == label)
        first[rows], ranks = (scipy.stats.rankdata(values[rows]) - (rows.size + 1) / 2 for values in (x, y))
        permuted[:, rows] = np.vstack([ranks, rng.permuted(np.tile(ranks, (N_RESAMPLES, 1)), axis=1)])
    null = permuted @ first
    tails = np.mean(null <= null[0] + 1e-9), np.mean(null >= null[0] - 1e-9)
    return float(min(1, 2 * min(tails)))


def rank_rates(kind: str, n: int, n_strata: int, simulations: int) -> tuple[float, float]:
    """Return how often the plain and the studentised permutation of ranks reject at a correlation of 0."""
    rng = np.random.default_rng(n)
    strata = np.arange(n) % n_strata
    options: dict[str, Any] = {"strata": strata, "n_resamples": N_RESAMPLES, "alternative": "two-sided", "rng": rng}
    pvalues = []
    for _ in range(simulations):
        x, y = dependent(kind, n, rng)
        pvalues.append((plain_pvalue(x, y, strata, rng), stats.stratified_permutation_test(x, y, **options).pvalue))
    plain, studentised = zip(*pvalues, strict=True)
    return share(plain), share(studentised)


@pytest.mark.parametrize(
    ("n", "n_strata", "plain"),
    [
        (24, 4, 0.075),
        pytest.param(80, 4, 0.10, marks=pytest.mark.slow),
        pytest.param(24, 1, 0.11, marks=pytest.mark.slow),
        pytest.param(12, 1, 0.09, marks=pytest.mark.slow),
        pytest.param(12, 4, 0.045, marks=pytest.mark.slow),
        pytest.param(24, 8, 0.05, marks=pytest.mark.slow),
    ],
)
def test_a_rank_correlation_of_0_with_dependence(n: int, n_strata: int, plain: float) -> None:
    """Plain permutation rejects .075 of 24 rows in four strata and .10 of 80; studentised, .05 of either."""
    rates = rank_rates("growing spread", n, n_strata, 1000)
    assert_rate(rates[0], 0.9 * plain, 1.1 * plain, 1000)
    assert_rate(rates[1], 0.04, 0.055, 1000)


@pytest.mark.parametrize("n_strata", [1, 4])
def test_independent_ranks_of_the_fewest_rows(n_strata: int) -> None:
    """The first size at which ranks are studentised, 12 rows: independent variables are rejected in .05 or less."""
    assert_rate(rank_rates("independent", 12, n_strata, 1000)[1], 0.03, 0.05, 1000)


def related(kind: str, n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return x and y with a rank correlation of .3 in large samples."""
    x, chance = rng.normal(size=n), rng.random(n)
    relations = {
        "normal": lambda: 0.313 * x + math.sqrt(1 - 0.313**2) * rng.normal(size=n),
        "some alike": lambda: np.where(chance < 0.3, x, rng.normal(size=n)),
        "some opposite": lambda: np.where(chance < 0.65, x, -x),
        "growing spread": lambda: 0.338 * x + np.abs(x) * rng.normal(size=n),
    }
    return x, relations[kind]()


# Mean rank correlation of samples of a size m, (m - 2) / (m + 1) rho + 3 / (m + 1) tau, from rho and Kendall's tau.
TAU = {"normal": 0.2027, "some alike": 0.2305, "some opposite": 0.3, "growing spread": 0.2368}


def bound_rates(kind: str, n: int, n_strata: int, simulations: int) -> tuple[float, float]:
    """Return how often the correlation is found below, and above, a bound at which it is."""
    rng = np.random.default_rng(n)
    strata, size = np.arange(n) % n_strata, n // n_strata
    bound = ((size - 2) * 0.3 + 3 * TAU[kind]) / (size + 1)
    sides: tuple[Any, ...] = ("less", "greater")
    pvalues = []
    for _ in range(simulations):
        x, y = related(kind, n, rng)
        pvalues.append(
            [stats.correlation_bound_test(x, y, strata=strata, bound=bound, alternative=side).pvalue for side in sides]
        )
    below, above = zip(*pvalues, strict=True)
    return share(below), share(above)


@pytest.mark.parametrize(("n", "n_strata"), [(24, 1), (24, 4)])
def test_a_correlation_at_the_bound_in_the_worst_case(n: int, n_strata: int) -> None:
    """Concordant and discordant rows, of which Bonett and Wright's error alone rejects .09 to .13: .065 or less."""
    for rate in bound_rates("some opposite", n, n_strata, 600):
        assert_rate(rate, 0.02, 0.065, 600)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TAU)
@pytest.mark.parametrize(("n", "n_strata"), [(12, 1), (24, 1), (24, 4), (56, 4), (80, 1), (80, 4), (200, 4)])
def test_a_correlation_at_the_bound(kind: str, n: int, n_strata: int) -> None:
    """Every relation and size: .065 or less on either side."""
    simulations = 1000 if n < 200 else 300
    for rate in bound_rates(kind, n, n_strata, simulations):
        assert_rate(rate, 0.01, 0.065, simulations)


def autoregressive(shape: tuple[int, int], rng: np.random.Generator) -> Any:
    """Return stationary AR(1) curves, (networks, epochs), with variance 1."""
    noise = rng.normal(size=shape)
    curves = np.empty(shape)
    curves[:, 0] = noise[:, 0]
    for epoch in range(1, shape[1]):
        curves[:, epoch] = 0.8 * curves[:, epoch - 1] + 0.6 * noise[:, epoch]
    return curves


def similarities(first: Any, second: Any) -> Any:
    """Return the rank correlation of each curve with each other one, (networks, networks), epoch means subtracted."""
    ranks = [scipy.stats.rankdata(curves - curves.mean(axis=0), axis=1) for curves in (first, second)]
    scaled = [scipy.stats.zscore(curve, axis=1) for curve in ranks]
    return scaled[0] @ scaled[1].T / first.shape[1]


def pairing_rate(n: int, link: float, simulations: int) -> float:
    """Return how often a link within networks is found in curves that all fall, or rise, with training."""
    rng = np.random.default_rng(n)
    trend, pvalues = np.linspace(0, 5, 50), []
    for _ in range(simulations // 50):
        pairs = []
        for _ in range(50):
            gosi, loss = autoregressive((n, 50), rng), autoregressive((n, 50), rng)
            pairs.append(similarities(trend + gosi, loss - link * gosi - trend))
        outcomes = stats.pairing_permutation_tests(pairs, n_resamples=N_RESAMPLES, alternative="less", rng=rng)
        pvalues += [outcome.pvalue for outcome in outcomes]
    return share(pvalues)


def test_a_common_trend_is_no_link_within_networks() -> None:
    """Curves of 50 epochs with a common trend: .05 rejected of 8 networks; the correlation itself says yes each time."""
    assert_rate(pairing_rate(8, 0.0, 1000), 0.045, 0.06, 1000)
    rng = np.random.default_rng(0)
    trend = np.linspace(0, 5, 50)
    gosi, loss = trend + autoregressive((8, 50), rng), autoregressive((8, 50), rng) - trend
    rho = [stats.spearman(one, other).statistic for one, other in zip(gosi, loss, strict=True)]
    options: dict[str, Any] = {"null_value": 0, "alternative": "less", "n_resamples": 999, "rng": rng}
    assert stats.mean_test(rho, exchangeable=False, **options).pvalue < 0.01


@pytest.mark.parametrize(("link", "low", "high"), [(0.2, 0.5, 0.65), (0.5, 0.97, 1.0)])
def test_a_link_within_networks_is_found(link: float, low: float, high: float) -> None:
    """A loss that falls by .2 or .5 for each unit of gOSI beyond the trend: found in .57 and 1.0 of 8 networks."""
    assert low <= pairing_rate(8, link, 200) <= high


# Standard deviations of effects of rows and of columns; those of conv4 make errors of .126 (8 rows) and .101 (20 columns).
CONV4 = (0.126 * math.sqrt(8), 0.101 * math.sqrt(20))


def crossed_rates(kind: str, shape: tuple[int, int], spread: tuple[float, float], simulations: int) -> Any:
    """Return how often a mean of 0 is found below 0 by the row means, rows and columns, and the larger p of both."""
    rng = np.random.default_rng(shape[0])
    rates = []
    for _ in range(simulations // SHARED):
        rows, columns = (scale * effects(kind, (SHARED, size), rng) for scale, size in zip(spread, shape, strict=True))
        values = rows[:, :, None] + columns[:, None, :] + 0.3 * rng.normal(size=(SHARED, *shape))
        options: dict[str, Any] = {"null_value": 0, "alternative": "less", "n_resamples": N_RESAMPLES, "rng": rng}
        by_row = stats.mean_tests(values.mean(axis=2), exchangeable=False, **options)
        crossed = stats.crossed_tests(values, **options)
        pvalues = np.array([[outcome.pvalue for outcome in tests] for tests in (by_row, crossed)])
        rates.append([share(pvalues[0]), share(pvalues[1]), share(pvalues.max(axis=0))])
    return np.mean(rates, axis=0)


@pytest.mark.parametrize(
    ("kind", "shape", "spread", "said"),
    [
        ("normal", (8, 20), CONV4, (0.065, 0.05, 0.045)),
        ("exponential", (8, 20), CONV4, (0.105, 0.073, 0.061)),
        pytest.param("normal", (56, 20), CONV4, (0.22, 0.05, 0.05), marks=pytest.mark.slow),
        pytest.param("exponential", (24, 20), CONV4, (0.138, 0.06, 0.055), marks=pytest.mark.slow),
        pytest.param("normal", (8, 20), (1.0, 0.0), (0.037, 0.05, 0.035), marks=pytest.mark.slow),
        pytest.param("normal", (8, 20), (0.1, 1.0), (0.33, 0.055, 0.055), marks=pytest.mark.slow),
    ],
)
def test_networks_and_images_are_both_samples(kind: str, shape: Any, spread: Any, said: tuple[float, ...]) -> None:
    """Effects of rows and columns as in conv4: what row means reject too often, rows and columns together do not."""
    for rate, expected in zip(crossed_rates(kind, shape, spread, 1500), said, strict=True):
        assert_rate(rate, 0.85 * expected, 1.15 * expected, 1500)


@pytest.mark.slow
def test_values_at_random_alone_are_rejected_less_often() -> None:
    """Neither rows nor columns differ: .03 rejected, the price of resampling both."""
    assert_rate(crossed_rates("normal", (24, 20), (0.0, 0.0), 1500)[1], 0.02, 0.035, 1500)

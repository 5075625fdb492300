"""Agreement with independent implementations, and with plain enumeration where there is none."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.stats

from study import stats
from study.stats.intervals import interval_from
from tests.plain_bootstrap import bootstrap_interval

ALTERNATIVES = ("two-sided", "less", "greater")


def sample(n: int, seed: int) -> tuple[Any, Any]:
    """Return two associated samples (n,) with ties."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x.round(1), (x + rng.normal(size=n)).round(1)


def test_stratified_spearman_agrees_with_its_definition() -> None:
    """Ranks per stratum by SciPy, centred, correlated by NumPy, in strata of unequal size."""
    x, y = sample(15, 1)
    strata = np.array([0] * 4 + [1] * 9 + [2] * 2)
    columns = []
    for values in (x, y):
        parts = [scipy.stats.rankdata(values[strata == s]) / (np.sum(strata == s) + 1) - 0.5 for s in range(3)]
        columns.append(np.concatenate(parts))
    expected = np.corrcoef(columns[0], columns[1])[0, 1]
    assert stats.stratified_spearman(x, y, strata).statistic == pytest.approx(expected, abs=1e-12)


def test_stratified_permutation_agrees_with_enumeration() -> None:
    """Exact p over 4! x 3! arrangements is that of a plain loop; the random one is close to it."""
    x, y = sample(7, 8)
    strata = np.array([0, 1, 0, 1, 0, 1, 0])
    first, second = np.flatnonzero(strata == 0), np.flatnonzero(strata == 1)

    def value(permuted: Any) -> float:
        return stats.stratified_spearman(x, permuted, strata).statistic

    null = []
    for one, two in itertools.product(itertools.permutations(first), itertools.permutations(second)):
        permuted = y.copy()
        permuted[first], permuted[second] = y[list(one)], y[list(two)]
        null.append(value(permuted))
    expected = np.mean(np.array(null) >= value(y) - 1e-12)
    options: dict[str, Any] = {"strata": strata, "alternative": "greater"}
    exact = stats.stratified_permutation_test(x, y, n_resamples=144, rng=np.random.default_rng(0), **options)
    assert exact.exact and exact.statistic == pytest.approx(value(y))
    assert exact.pvalue == pytest.approx(expected)


def test_random_sign_flips_agree_with_the_exact_ones() -> None:
    """Random flips come within Monte Carlo error of all 2^12."""
    values = np.random.default_rng(4).normal(0.3, size=12)
    options: dict[str, Any] = {"null_value": 0.0, "alternative": "greater", "rng": np.random.default_rng(0)}
    exact = stats.sign_flip_test(values, n_resamples=4096, **options)
    random = stats.sign_flip_test(values, n_resamples=4095, **options)
    assert exact.exact and not random.exact
    assert random.pvalue == pytest.approx(exact.pvalue, abs=5 * np.sqrt(exact.pvalue / 4095))


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_one_unit_alone_has_its_own_randomization_pvalue(alternative: Any) -> None:
    """Combining a single unit is the plain randomisation test of that unit."""
    null = np.random.default_rng(2).lognormal(size=(1, 99))
    observed = np.sort(null)[:, 90] + 1e-6
    outcome = stats.combined_randomization_test(
        observed, null, alternative=alternative, n_resamples=100, rng=np.random.default_rng(0)
    )
    expected = stats.randomization_pvalue(observed, null, alternative=alternative)
    assert outcome.exact and outcome.pvalue == pytest.approx(expected[0])


def test_combined_randomization_agrees_with_enumeration() -> None:
    """Three units with four draws each: exact p is that of a plain loop over 5^3 choices; the random one is close."""
    rng = np.random.default_rng(6)
    values = rng.lognormal(size=(3, 5)) * np.array([[1.0], [10.0], [0.1]])
    values[:, 0] *= 1.5
    scores = [scipy.stats.zscore(row) for row in values]
    null = np.array([np.mean(choice) for choice in itertools.product(*scores)])
    expected = np.mean(null >= null[0] - 1e-12)
    options: dict[str, Any] = {"alternative": "greater", "rng": rng}
    exact = stats.combined_randomization_test(values[:, 0], values[:, 1:], n_resamples=125, **options)
    random = stats.combined_randomization_test(values[:, 0], values[:, 1:], n_resamples=124, **options)
    assert exact.exact and exact.statistic == pytest.approx(null[0]) and exact.pvalue == pytest.approx(expected)
    assert not random.exact and random.pvalue == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("method", ["BCa", "percentile"])
def test_interval_from_a_distribution_agrees_with_scipy(method: Any) -> None:
    """From the very same resamples, both kinds of interval are SciPy's to rounding."""
    values = np.random.default_rng(9).lognormal(size=20)
    expected = scipy.stats.bootstrap((values,), np.mean, n_resamples=999, method=method, rng=np.random.default_rng(1))
    jackknife = (values.sum() - values) / 19 if method == "BCa" else None
    interval = interval_from(values.mean(), expected.bootstrap_distribution, jackknife, [np.arange(20)], 0.95)
    assert interval.kind == method
    assert interval.low == pytest.approx(expected.confidence_interval.low, rel=1e-9)
    assert interval.high == pytest.approx(expected.confidence_interval.high, rel=1e-9)


def test_stratified_bca_agrees_with_scipy_over_two_samples() -> None:
    """Strata are what SciPy calls several samples: the difference of two means has the same BCa interval."""
    rng = np.random.default_rng(9)
    one, two = rng.lognormal(size=9), rng.lognormal(size=14)

    def difference(a: Any, b: Any, axis: int = -1) -> Any:
        return np.mean(a, axis=axis) - np.mean(b, axis=axis)

    expected = scipy.stats.bootstrap((one, two), difference, n_resamples=999, method="BCa", rng=rng)
    jackknife = np.concatenate(
        [
            [difference(np.delete(one, i), two) for i in range(9)],
            [difference(one, np.delete(two, i)) for i in range(14)],
        ]
    )
    interval = interval_from(
        difference(one, two), expected.bootstrap_distribution, jackknife, [np.arange(9), np.arange(9, 23)], 0.95
    )
    assert interval.low == pytest.approx(expected.confidence_interval.low, rel=1e-9)
    assert interval.high == pytest.approx(expected.confidence_interval.high, rel=1e-9)


def test_bootstrap_interval_agrees_with_scipy_within_resampling_error() -> None:
    """Own resampling of whole rows gives SciPy's paired interval, up to the randomness of both."""
    x, y = sample(60, 21)

    def statistic(a: Any, b: Any, axis: int = -1) -> Any:
        return np.mean(a * b, axis=axis)

    options: dict[str, Any] = {"n_resamples": 4999, "confidence_level": 0.9, "method": "BCa"}
    interval = bootstrap_interval((x, y), statistic, strata=None, rng=np.random.default_rng(0), **options)
    expected = scipy.stats.bootstrap((x, y), statistic, paired=True, rng=np.random.default_rng(1), **options)
    width = expected.confidence_interval.high - expected.confidence_interval.low
    assert interval.low == pytest.approx(expected.confidence_interval.low, abs=0.08 * width)
    assert interval.high == pytest.approx(expected.confidence_interval.high, abs=0.08 * width)


@pytest.mark.parametrize("method", ["BCa", "percentile"])
def test_correlation_interval_is_the_general_one_made_fast(method: Any) -> None:
    """From the same seed, the array version and the row-by-row version agree to rounding, in unequal strata."""
    x, y = sample(21, 5)
    strata = np.random.default_rng(3).permuted(["a"] * 5 + ["b"] * 7 + ["c"] * 9)
    options: dict[str, Any] = {"strata": strata, "n_resamples": 299, "confidence_level": 0.9, "method": method}
    fast = stats.correlation_interval(x, y, rng=np.random.default_rng(0), **options)
    plain = bootstrap_interval(
        (x, y, strata),
        lambda *data: stats.stratified_spearman(*data).statistic,
        rng=np.random.default_rng(0),
        **options,
    )
    assert fast.kind == plain.kind == method
    assert (fast.low, fast.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


def test_fisher_interval_agrees_with_bonett_and_wright() -> None:
    """With one stratum of 24 it is the published formula, written out."""
    x, y = sample(24, 5)
    rho = scipy.stats.spearmanr(x, y).statistic
    reach = scipy.stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / 21)
    interval = stats.fisher_interval(x, y, strata=np.zeros(24), confidence_level=0.95)
    assert (interval.low, interval.high) == pytest.approx(tuple(np.tanh(np.arctanh(rho) + np.array([-1, 1]) * reach)))


@pytest.mark.parametrize("bound", [0.3, 0.6, 0.9])
def test_the_correlation_at_a_bound_is_the_interval_that_touches_it(bound: float) -> None:
    """The p-value is the alpha at which an end of the 1 - 2 alpha Fisher interval touches the bound; never 0."""
    x, y = sample(36, 5)
    strata = np.repeat([0, 1, 2], 12)
    outcome = stats.correlation_bound_test(x, y, strata=strata, bound=bound, alternative="less")
    assert outcome.alternative == "less" and 0 < outcome.pvalue < 1 and not outcome.exact
    assert outcome.statistic == stats.stratified_spearman(x, y, strata).statistic > 0
    interval = stats.fisher_interval(x, y, strata=strata, confidence_level=abs(1 - 2 * outcome.pvalue))
    assert (interval.high if outcome.pvalue < 0.5 else interval.low) == pytest.approx(bound)
    other = stats.correlation_bound_test(x, y, strata=strata, bound=bound, alternative="greater")
    assert other.pvalue == pytest.approx(1 - outcome.pvalue)
    far = stats.correlation_bound_test(
        np.arange(900) % 30, np.arange(900) // 30, strata=np.zeros(900), bound=0.9, alternative="less"
    )
    assert 0 < far.pvalue < 1e-300


@pytest.mark.parametrize("method", ["holm", "fdr_bh"])
def test_adjustment_agrees_with_statsmodels(method: Any) -> None:
    """The same values, ties and values that reach 1 included."""
    from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

    rng = np.random.default_rng(0)
    for pvalues in (rng.random(7) ** 2, rng.integers(1, 5, 9) / 20, np.full(5, 0.9), np.array([0.0, 1.0])):
        expected = multipletests(pvalues, method=method)[1]
        adjusted = stats.adjusted_pvalues(pvalues[:, np.newaxis], method=method)[:, 0]
        np.testing.assert_allclose(adjusted, expected, rtol=1e-14)

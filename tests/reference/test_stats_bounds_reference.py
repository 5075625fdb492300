"""Tests of means, correlations, pairings and crossed samples: agreement with libraries, and with plain loops."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.meta_analysis import combine_effects  # type: ignore[import-untyped]

from study import stats

SIDES: tuple[Any, ...] = ("two-sided", "less", "greater")


def pvalue(observed: float, null: Any, alternative: str) -> float:
    """Return (k + 1) / (B + 1) of the tail or twice the smaller; NaN counts in both."""
    undefined = int(np.isnan(null).sum())
    tails = [1 + undefined + int(np.sum(null <= observed + 1e-9)), 1 + undefined + int(np.sum(null >= observed - 1e-9))]
    of = {"less": tails[0], "greater": tails[1], "two-sided": min(2 * min(tails), len(null) + 1)}
    return of[alternative] / (len(null) + 1)


def t_of(values: Any, mean: float) -> float:
    """Return SciPy's t; NaN where all values are equal."""
    return float(scipy.stats.ttest_1samp(values, mean).statistic) if np.ptp(values) > 0 else np.nan


@pytest.mark.parametrize("alternative", SIDES)
def test_the_bootstrap_t_is_scipys_t_on_the_same_resamples(alternative: Any) -> None:
    """Five tied values, of which some resamples have no standard error, and eleven skewed ones."""
    for values in (np.array([1.0, 1, 1, 1, 2.5]), np.random.default_rng(2).exponential(size=11)):
        n = values.size
        draws = np.random.default_rng(7).integers(n, size=(299, n))
        null = np.array([t_of(values[rows], values.mean()) for rows in draws])
        outcome = stats.bootstrap_t_test(
            values, null_value=0.9, alternative=alternative, n_resamples=299, rng=np.random.default_rng(7)
        )
        assert outcome.pvalue == pytest.approx(pvalue(t_of(values, 0.9), null, alternative))
        assert outcome.statistic == pytest.approx(values.mean() - 0.9) and not outcome.exact


@pytest.mark.parametrize("alternative", SIDES)
def test_a_mean_has_the_larger_of_two_p_values(alternative: Any) -> None:
    """Of sign flips and bootstrap-t, from the same generator one after the other; of exchangeable values the first."""
    values = np.random.default_rng(3).exponential(size=(6, 14)) - 0.8
    options: dict[str, Any] = {"null_value": 0.1, "alternative": alternative, "n_resamples": 199}
    rng = np.random.default_rng(1)
    flipped = [outcome.pvalue for outcome in stats.sign_flip_tests(values, rng=rng, **options)]
    resampled = [outcome.pvalue for outcome in stats.bootstrap_t_tests(values, rng=rng, **options)]
    both, first = (
        [
            outcome.pvalue
            for outcome in stats.mean_tests(values, exchangeable=exchangeable, rng=np.random.default_rng(1), **options)
        ]
        for exchangeable in (False, True)
    )
    assert both == [max(pair) for pair in zip(flipped, resampled, strict=True)] and first == flipped
    assert both != flipped and (both != resampled or alternative == "greater")


def ranks_of(values: Any, strata: Any) -> Any:
    """Return centred ranks over stratum size plus one, by SciPy."""
    ranks = np.empty(values.shape)
    for label in np.unique(strata):
        rows = strata == label
        ranks[rows] = scipy.stats.rankdata(values[rows]) / (rows.sum() + 1) - 0.5
    return ranks


@pytest.mark.parametrize("ties", [1, 6], ids=["ties", "few ties"])
def test_the_studentised_permutation_agrees_with_enumeration(ties: int) -> None:
    """Twelve rows in four strata of three: all 6^4 arrangements, one by one, as a loop has them."""
    x, y = (np.random.default_rng(5).normal(size=(2, 12)) * ties).round()
    strata = np.tile([0, 1, 2, 3], 3)
    u, v = ranks_of(x, strata), ranks_of(y, strata)

    def studentised(permuted: Any) -> float:
        terms = u * permuted
        return float(terms.sum() / np.sqrt(np.sum(terms**2))) if np.any(terms) else 0.0

    null = []
    groups = [np.flatnonzero(strata == label) for label in range(4)]
    for orders in itertools.product(*(itertools.permutations(rows) for rows in groups)):
        permuted = v.copy()
        for rows, order in zip(groups, orders, strict=True):
            permuted[rows] = v[list(order)]
        null.append(studentised(permuted))
    for alternative in ("less", "greater"):
        beyond = np.array(null) - studentised(v) if alternative == "greater" else studentised(v) - np.array(null)
        outcome = stats.stratified_permutation_test(
            x, y, strata=strata, n_resamples=1296, alternative=alternative, rng=np.random.default_rng(0)
        )
        assert outcome.exact and outcome.n_resamples == 1296
        assert outcome.pvalue == pytest.approx(np.mean(beyond >= -1e-9))
        assert outcome.statistic == stats.stratified_spearman(x, y, strata).statistic


def jackknife_error(x: Any, y: Any, strata: Any) -> float:
    """Return the jackknife's standard error of Fisher's z, strata as samples, each row left out in a loop."""
    squares = 0.0
    for label in np.unique(strata):
        rows = np.flatnonzero(strata == label)
        z = []
        for row in rows:
            kept = np.delete(np.arange(x.size), row)
            pair = [ranks_of(values[kept], strata[kept]) for values in (x, y)]
            z.append(np.arctanh(np.corrcoef(*pair)[0, 1]))
        squares += (rows.size - 1) * np.var(z)
    return float(np.sqrt(squares))


@pytest.mark.parametrize("strata", [np.zeros(30), np.repeat([0, 1, 2], [5, 9, 16])], ids=["one", "three"])
@pytest.mark.parametrize("dependence", ["normal", "opposite halves"])
def test_the_correlation_at_a_bound_has_the_larger_error(strata: Any, dependence: str) -> None:
    """Bonett and Wright's of a normal relation, the jackknife's of a mixture of concordant and discordant rows."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=30)
    signs = np.where(rng.random(30) < 0.7, 1, -1) if dependence == "opposite halves" else 0.4
    y = signs * x + (0.2 if dependence == "opposite halves" else 0.9) * rng.normal(size=30)
    rho = float(np.corrcoef(ranks_of(x, strata), ranks_of(y, strata))[0, 1])
    errors = [np.sqrt((1 + rho**2 / 2) / (30 - np.unique(strata).size - 2)), jackknife_error(x, y, strata)]
    assert (errors[1] > 1.1 * errors[0]) == (dependence == "opposite halves")
    for alternative, tail in (("less", scipy.stats.norm.cdf), ("greater", scipy.stats.norm.sf)):
        side: Any = alternative
        outcome = stats.correlation_bound_test(x, y, strata=strata, bound=0.45, alternative=side)
        assert outcome.statistic == pytest.approx(rho)
        assert outcome.pvalue == pytest.approx(tail((np.arctanh(rho) - np.arctanh(0.45)) / max(errors)), rel=1e-9)


def test_heterogeneity_is_statsmodels() -> None:
    """Cochran's Q and its p-value, of strata that differ and strata that do not."""
    rng = np.random.default_rng(6)
    for spread in (0.0, 0.4):
        variances = rng.uniform(0.01, 0.1, size=5)
        estimates = spread * rng.normal(size=5) + np.sqrt(variances) * rng.normal(size=5)
        outcome, expected = stats.heterogeneity(estimates, variances), combine_effects(estimates, variances)
        assert outcome.q == pytest.approx(expected.q)
        assert outcome.pvalue == pytest.approx(expected.test_homogeneity().pvalue)
        assert outcome.note == ""


@pytest.mark.parametrize("alternative", SIDES)
def test_the_pairing_agrees_with_enumeration_and_with_scipy(alternative: Any) -> None:
    """All 5! ways by a loop; of twelve units SciPy's permutation test of which partner goes with which unit."""
    rng = np.random.default_rng(8)
    small, large = rng.normal(size=(5, 5)) + np.eye(5), rng.normal(size=(12, 12)) + 0.3 * np.eye(12)
    options: dict[str, Any] = {"alternative": alternative, "rng": np.random.default_rng(0)}
    null = np.array([small[np.arange(5), list(order)].mean() for order in itertools.permutations(range(5))])
    tails = [np.mean(null <= null[0] + 1e-12), np.mean(null >= null[0] - 1e-12)]
    expected = {"less": tails[0], "greater": tails[1], "two-sided": min(1.0, 2 * min(tails))}[alternative]
    (outcome,) = stats.pairing_permutation_tests(small[None], n_resamples=120, **options)
    assert outcome.exact and outcome.n_resamples == 120 and outcome.pvalue == pytest.approx(expected)
    assert outcome.statistic == pytest.approx(np.trace(small) / 5)

    def diagonal(partners: Any) -> float:
        return float(large[np.arange(12), partners].mean())

    (outcome,) = stats.pairing_permutation_tests(large[None], n_resamples=19_999, **options)
    scipys = scipy.stats.permutation_test(
        (np.arange(12),),
        diagonal,
        permutation_type="pairings",
        n_resamples=4999,
        alternative=alternative,
        rng=np.random.default_rng(1),
    )
    assert not outcome.exact and outcome.pvalue == pytest.approx(scipys.pvalue, abs=0.03)


@pytest.mark.parametrize("alternative", SIDES)
def test_the_crossed_test_agrees_with_a_loop_over_the_same_resamples(alternative: Any) -> None:
    """Rows and columns drawn, mean and standard error of the table so made, one resample after another."""
    rng = np.random.default_rng(9)
    values = rng.exponential(size=(4, 1)) + rng.normal(size=(1, 6)) + 0.5 * rng.normal(size=(4, 6))

    def t(table: Any, mean: float) -> float:
        by_row, by_column = table.mean(axis=1), table.mean(axis=0)
        square = by_row.var(ddof=1) / by_row.size + by_column.var(ddof=1) / by_column.size
        return float((table.mean() - mean) / np.sqrt(square)) if square > 1e-12 else np.nan

    draws = np.random.default_rng(3)
    rows, columns = draws.integers(4, size=(200, 4)), draws.integers(6, size=(200, 6))
    null = np.array([t(values[np.ix_(*pair)], values.mean()) for pair in zip(rows, columns, strict=True)])
    (outcome,) = stats.crossed_tests(
        values[None], null_value=0.5, alternative=alternative, n_resamples=200, rng=np.random.default_rng(3)
    )
    assert outcome.pvalue == pytest.approx(pvalue(t(values, 0.5), null, alternative))
    assert outcome.statistic == pytest.approx(values.mean() - 0.5) and outcome.n == 4


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_students_interval_is_scipys(level: float) -> None:
    """That of a one-sample t-test; undefined, with the reason, where it has no spread, too few values or undefined ones."""
    values = np.random.default_rng(6).exponential(size=9)
    expected = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(level)
    interval = stats.student_interval(values, confidence_level=level)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert (interval.kind, interval.note) == ("Student t", "")
    for bad, note in (
        ([1.0, 1.0, 1.0], "constant"),
        ([1.0], "fewer than 2"),
        ([1.0, np.nan], "undefined values: 1 of 2"),
    ):
        undefined = stats.student_interval(bad, confidence_level=level)
        assert undefined.kind == "undefined" and np.isnan(undefined.low) and note in undefined.note

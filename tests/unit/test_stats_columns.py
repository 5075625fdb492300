"""Many variables at once give what one at a time gives; ranks of a resample follow from how often each row is drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study import stats
from study.stats.bootstrap import resampled_counts, resampled_rows
from study.stats.intervals import interval_from, intervals_from
from study.stats.rank_bootstrap import counted_correlations
from study.stats.strata import stratum_members
from study.stats.tails import tail_pvalue, tail_pvalues

NAN = float("nan")
QUICK = settings(deadline=None, max_examples=60, derandomize=True, database=None)
INTERVAL: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 299}


def rng() -> np.random.Generator:
    """Return a generator in the same state each time."""
    return np.random.default_rng(7)


def table() -> tuple[Any, Any, Any]:
    """Return seven variables (7, 23) of which one has a NaN and one is constant, another (23,), and unequal strata."""
    (*variables, y) = rng().normal(size=(8, 23)).round(1)
    variables[2][5], variables[4][:] = NAN, 3.0
    return np.array(variables), y, np.repeat([0, 1, 2], [6, 8, 9])


def with_strata(name: str, **options: Any) -> tuple[str, Any]:
    """Return a function of the rank correlation with `y` and strata, and how to call it."""

    def call(function: Any, values: Any, y: Any, strata: Any) -> Any:
        seeded = {**options, "rng": rng()} if "n_resamples" in options else options
        return function(values, y, strata=strata, **seeded)

    return name, call


def with_means(name: str, **options: Any) -> tuple[str, Any]:
    """Return a function of the mean, and how to call it."""
    return name, lambda function, values, y, strata: function(values, rng=rng(), **options)


PERMUTED: dict[str, Any] = {"n_resamples": 299, "alternative": "two-sided"}
BOTH = [
    with_strata("stratified_permutation_test", **PERMUTED),
    with_strata("correlation_interval", method="BCa", **INTERVAL),
    with_strata("correlation_interval", method="percentile", **INTERVAL),
    with_strata("stratified_spearman"),
    with_strata("fisher_interval", confidence_level=0.9),
    with_means("sign_flip_test", null_value=0.1, **PERMUTED),
    with_means("mean_test", null_value=0.1, exchangeable=False, **PERMUTED),
    with_means("bootstrap_t_test", null_value=0.1, **PERMUTED),
    with_strata("correlation_bound_test", bound=0.3, alternative="less"),
    with_means("mean_interval", method="BCa", **INTERVAL),
    with_means("mean_interval", method="percentile", **INTERVAL),
]


def assert_alike(one: Any, other: Any) -> None:
    """Assert that two outcomes agree: numbers to rounding, p-values and words exactly."""
    assert type(one) is type(other)
    for name, value in vars(one).items():
        expected = vars(other)[name]
        if isinstance(value, float) and name != "pvalue":
            assert value == pytest.approx(expected, rel=1e-12, abs=1e-14, nan_ok=True)
        else:
            assert value == expected or (math.isnan(value) and math.isnan(expected))


@pytest.mark.parametrize(("name", "call"), BOTH, ids=[f"{i}-{name}" for i, (name, _) in enumerate(BOTH)])
def test_the_plural_is_the_singular_of_each(name: str, call: Any) -> None:
    """From the same seed, whatever the other variables are; NaN and constant ones are named among them."""
    variables, y, strata = table()
    together = call(getattr(stats, f"{name}s"), variables, y, strata)
    assert isinstance(together, tuple) and len(together) == 7
    for values, outcome in zip(variables, together, strict=True):
        assert_alike(outcome, call(getattr(stats, name), values, y, strata))
    assert together[2].note == "undefined values: 1 of 23"
    assert name == "sign_flip_test" or together[4].note == "constant input"
    assert all(outcome.note == "" for i, outcome in enumerate(together) if i not in (2, 4))


@pytest.mark.parametrize(("name", "call"), BOTH[:8], ids=[f"{i}-{name}" for i, (name, _) in enumerate(BOTH[:8])])
def test_enumeration_is_shared_too(name: str, call: Any) -> None:
    """Seven rows in strata of three and four: 144 arrangements, 128 flips, exact for all variables."""
    (*variables, y), strata = rng().normal(size=(4, 7)), np.repeat([0, 1], [3, 4])
    for values, outcome in zip(variables, call(getattr(stats, f"{name}s"), variables, y, strata), strict=True):
        assert_alike(outcome, call(getattr(stats, name), values, y, strata))
        enumerated = name in ("stratified_permutation_test", "sign_flip_test")
        assert not hasattr(outcome, "exact") or outcome.exact == enumerated


@pytest.mark.parametrize(("name", "call"), BOTH, ids=[f"{i}-{name}" for i, (name, _) in enumerate(BOTH)])
def test_no_variables_and_no_rows_are_allowed(name: str, call: Any) -> None:
    """None give none; without rows, each says so."""
    assert call(getattr(stats, f"{name}s"), np.empty((0, 9)), np.arange(9.0), np.zeros(9)) == ()
    (nothing,) = call(getattr(stats, f"{name}s"), np.empty((1, 0)), np.empty(0), np.empty(0))
    assert nothing.note == "fewer than 3 observations"


@pytest.mark.parametrize(("name", "call"), BOTH, ids=[f"{i}-{name}" for i, (name, _) in enumerate(BOTH)])
def test_one_variable_is_not_a_table(name: str, call: Any) -> None:
    """The plural refuses what the singular takes, and the singular what the plural takes."""
    with pytest.raises(ValueError, match=r"variables has shape \(9,\).*\(variables, observations\)"):
        call(getattr(stats, f"{name}s"), np.arange(9.0), np.arange(9.0), np.zeros(9))
    with pytest.raises(ValueError, match=r"has shape \(1, 9\).*1-dimensional"):
        call(getattr(stats, name), np.arange(9.0)[None], np.arange(9.0), np.zeros(9))


@st.composite
def samples(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    """Return two variables (2, n) and another (n,) with ties, strata, and how often each row is in a sample."""
    n = draw(st.integers(1, 9))
    column = st.lists(st.integers(-3, 3), min_size=n, max_size=n)
    first, second, y, strata = (np.array(draw(column), dtype=float) for _ in range(4))
    counts = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), dtype=float)
    return np.vstack([first, second]), y, np.sign(strata), counts


@QUICK
@given(samples())
def test_counted_rows_are_repeated_rows(sample: tuple[Any, Any, Any, Any]) -> None:
    """The correlation from counts is that of the sample written out, with its ties, empty strata and constants."""
    variables, y, strata, counts = sample
    (correlations,) = counted_correlations(variables, y, counts[:, None], stratum_members(strata, y.size)).T
    rows = np.repeat(np.arange(y.size), counts.astype(int))
    for values, value in zip(variables, correlations, strict=True):
        if rows.size >= 3:
            expected = stats.stratified_spearman(values[rows], y[rows], strata[rows]).statistic
            assert value == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_values_too_large_to_subtract_are_ranked() -> None:
    """Differences of the largest floats overflow; comparisons do not."""
    huge = np.array([-1.7e308, 1.7e308, 0.0, 1.0, 2.0])
    interval = stats.correlation_interval(
        huge, np.arange(5.0), strata=np.zeros(5), method="percentile", rng=rng(), **INTERVAL
    )
    ranks = stats.correlation_interval(
        [0.0, 4, 1, 2, 3], np.arange(5.0), strata=np.zeros(5), method="percentile", rng=rng(), **INTERVAL
    )
    assert interval == ranks and interval.kind == "percentile"


def test_counts_are_those_of_the_rows_drawn() -> None:
    """The same draws from the same seed; every stratum keeps its size."""
    members = [np.array([4, 0, 2]), np.array([1, 3, 5, 6])]
    counts = resampled_counts(members, 50, rng())
    rows = resampled_rows(members, 50, rng())
    np.testing.assert_array_equal(counts.T, [np.bincount(drawn, minlength=7) for drawn in rows])
    for stratum in members:
        np.testing.assert_array_equal(counts[stratum].sum(axis=0), stratum.size)


def test_tails_of_many_are_the_tails_of_each() -> None:
    """Each row has its own scale for ties."""
    observed, null = np.array([0.3, 3e9, -1.0]), rng().normal(size=(3, 99)).round(1) * np.array([[1.0], [1e10], [1.0]])
    for alternative in ("less", "greater", "two-sided"):
        for exact in (True, False):
            options: dict[str, Any] = {"alternative": alternative, "exact": exact}
            expected = [tail_pvalue(float(one), row, **options) for one, row in zip(observed, null, strict=True)]
            np.testing.assert_array_equal(tail_pvalues(observed, null, **options), expected)


def test_resamples_apart_from_the_estimate_by_rounding_alone_are_ties() -> None:
    """Half of the values that tie with the estimate count as below it, whichever way they were rounded."""
    distribution = np.repeat([0.1 + 0.2, 0.3, 0.5, 0.0], [30, 30, 20, 20])
    jackknife = np.array([0.2, 0.3, 0.4, 0.35])
    intervals = [interval_from(estimate, distribution, jackknife, [np.arange(4)], 0.9) for estimate in (0.1 + 0.2, 0.3)]
    assert intervals[0] == intervals[1] and intervals[0].kind == "BCa"


def test_intervals_of_many_are_the_intervals_of_each() -> None:
    """BCa, too many NaN, some NaN, no jackknife variation, no variation, estimate outside: each by itself."""
    distributions = rng().lognormal(size=(6, 400))
    distributions[1, :50], distributions[2, :3], distributions[4] = NAN, NAN, 2.0
    estimates = np.array([1.0, 1.0, 1.2, 1.0, 2.0, 99.0])
    jackknife = rng().normal(size=(6, 8))
    jackknife[3] = 1.0
    members = [np.arange(3), np.arange(3, 8)]
    intervals = intervals_from(estimates, distributions, jackknife, members, 0.9)
    assert [interval.kind for interval in intervals] == [
        "BCa",
        "undefined",
        "BCa",
        "percentile",
        "undefined",
        "percentile",
    ]
    assert [interval.note for interval in intervals] == [
        "",
        "undefined resamples: 50 of 400",
        "resamples left out: 3 of 400",
        "BCa undefined",
        "constant over resamples",
        "BCa undefined",
    ]
    for i, interval in enumerate(intervals):
        assert_alike(interval, interval_from(estimates[i], distributions[i], jackknife[i], members, 0.9))
    low, high = np.quantile(distributions[3], [0.05, 0.95])
    assert (intervals[3].low, intervals[3].high) == pytest.approx((low, high), rel=1e-12)

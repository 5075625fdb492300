"""Partial correlation, series, random effects and crossed samples: degenerate input, mistakes, invariances."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from study import stats

NAN = float("nan")
INTERVAL: dict[str, Any] = {"confidence_level": 0.95, "n_resamples": 99}


def rng() -> np.random.Generator:
    """Return a generator in the same state each time."""
    return np.random.default_rng(20)


def partial_test(x: Any, y: Any, covariates: Any, strata: Any, **changes: Any) -> stats.TestOutcome:
    """Return the permutation test of the partial correlation with `changes` to its options."""
    options = {"n_resamples": 99, "alternative": "two-sided", "rng": rng(), **changes}
    return stats.partial_permutation_test(x, y, covariates, strata=strata, **options)


def crossed(values: Any, **changes: Any) -> stats.Interval:
    """Return the interval of a table."""
    return stats.crossed_intervals([values], rng=rng(), **{**INTERVAL, "method": "BCa", **changes})[0]


def random_effects(correlations: Any, n: Any, confidence_level: float = 0.95) -> stats.RandomEffects:
    """Return the random-effects mean."""
    return stats.random_effects_mean(correlations, n, confidence_level=confidence_level)


@pytest.mark.parametrize(
    ("x", "covariates", "strata", "note"),
    [
        ([1.0, 1, 1, 1, 1], [3.0, 1, 2, 5, 4], [0] * 5, "constant input"),
        ([1.0, 1, 2, 2, 2], [3.0, 1, 2, 5, 4], [0, 0, 1, 1, 1], "constant within strata"),
        ([1.0, NAN, 3, 4, 5], [3.0, 1, 2, 5, 4], [0] * 5, "undefined values: 1 of 5"),
        ([1.0, 3, 2, 4, 5], [NAN, 1, 2, math.inf, 4], [0] * 5, "undefined values: 2 of 5"),
        ([1.0, 3, 2, 4, 5], [[3.0, 1], [1, 1], [2, NAN], [5, 1], [4, 1]], [0] * 5, "undefined values: 1 of 5"),
        ([1.0, 2], [2.0, 1], [0, 0], "fewer than 3 observations"),
        ([], [], [], "fewer than 3 observations"),
        ([1.0, 3, 2, 4, 5], [1.0, 9, 4, 16, 25], [0] * 5, "determined by the covariates"),
        ([1.0, 3, 2, 4], [[1.0, 1], [2, 4], [3, 2], [4, 3]], [0] * 4, "no degrees of freedom left"),
        ([1.0, 3, 2, 4], [1.0, 2, 4, 3], [0, 0, 1, 1], "determined by the covariates"),
    ],
)
def test_undefined_partial_correlations_name_their_reason(x: Any, covariates: Any, strata: Any, note: str) -> None:
    """The statistic and its test are NaN together and give the same reason."""
    y = np.array([2.0, 4, 3, 1, 5])[: len(x)]
    correlation = stats.partial_spearman(x, y, covariates, strata=strata)
    outcome = partial_test(x, y, covariates, strata)
    assert math.isnan(correlation.statistic) and math.isnan(outcome.statistic) and math.isnan(outcome.pvalue)
    assert correlation.note == outcome.note == note
    assert correlation.n == outcome.n == len(x) and outcome.n_resamples == 0


def test_covariates_that_say_nothing_new_change_nothing_and_are_noted() -> None:
    """A constant, and a covariate given twice, are left out of the regression; none at all is the plain statistic."""
    x, y, z = rng().normal(size=(3, 20))
    strata = np.repeat([0, 1], 10)
    plain = stats.stratified_spearman(x, y, strata)
    assert stats.partial_spearman(x, y, np.empty((20, 0)), strata=strata) == plain
    constant = stats.partial_spearman(x, y, np.full(20, 3.0), strata=strata)
    assert (
        constant.statistic == pytest.approx(plain.statistic) and constant.note == "covariates that add nothing: 1 of 1"
    )
    once = stats.partial_spearman(x, y, z, strata=strata)
    twice = stats.partial_spearman(x, y, np.column_stack([z, np.exp(z)]), strata=strata)
    assert once.note == "" and twice.note == "covariates that add nothing: 1 of 2"
    assert twice.statistic == pytest.approx(once.statistic) != pytest.approx(plain.statistic)
    alone = stats.partial_spearman([*x, 9.0], [*y, -9.0], [*z, 0.0], strata=[*strata, 2])
    assert alone.note == "strata of one observation: 1 of 3" and alone.statistic == pytest.approx(once.statistic)


def test_partial_correlation_depends_on_order_within_strata_alone() -> None:
    """Rising transformations, other values per stratum and another order of rows leave statistic and range alone."""
    x, y, z = rng().normal(size=(3, 24))
    strata = np.repeat(np.arange(4), 6)
    expected = stats.partial_spearman(x, y, z, strata=strata).statistic
    moved = stats.partial_spearman(np.exp(x) + strata, y**3 - 5 * strata, 2 * z + 7 * strata, strata=strata)
    rows = rng().permutation(24)
    mixed = stats.partial_spearman(x[rows], y[rows], z[rows], strata=strata[rows])
    swapped = stats.partial_spearman(y, x, z, strata=strata)
    for other in (moved, mixed, swapped):
        assert other.statistic == pytest.approx(expected, abs=1e-12)


def test_partial_ranks_are_what_the_partial_correlation_correlates() -> None:
    """Undefined rows are left out of ranks and regression, and stay undefined."""
    x, y, z = rng().normal(size=(3, 26))
    strata = np.array([*np.repeat(np.arange(4), 6), 0, 1])
    x[24], z[25] = NAN, np.inf
    left, left_of_y = (stats.partial_ranks(values, z, strata=strata) for values in (x, np.where(np.isnan(x), NAN, y)))
    assert np.isnan(left[24:]).all() and np.isfinite(left[:24]).all()
    expected = stats.partial_spearman(x[:24], y[:24], z[:24], strata=strata[:24]).statistic
    assert np.corrcoef(left[:24], left_of_y[:24])[0, 1] == pytest.approx(expected, abs=1e-12)
    assert stats.partial_ranks(z[:24], z[:24], strata=strata[:24]).tolist() == [0.0] * 24
    assert np.isnan(stats.partial_ranks([NAN, NAN], [1.0, 2.0], strata=[0, 0])).all()


def test_the_strongest_partial_association_has_the_least_p() -> None:
    """Never 0: 1 / (n_resamples + 1); and the same seed gives the same outcome."""
    z, x = rng().normal(size=(2, 40))
    outcome = partial_test(x, x, z, np.zeros(40), alternative="greater")
    assert outcome.pvalue == 1 / 100 and outcome.statistic == pytest.approx(1.0) and not outcome.exact
    assert outcome == partial_test(x, x, z, np.zeros(40), alternative="greater")
    assert partial_test(x, x, z, np.zeros(40), alternative="less").pvalue == 1


@pytest.mark.parametrize(
    ("x", "note"),
    [
        ([2.0, 2, 2, 2], "constant input"),
        ([1.0, NAN, 2, 3], "undefined values: 1 of 4"),
        ([1.0, 2], "fewer than 3 observations"),
        ([], "fewer than 3 observations"),
    ],
)
def test_undefined_series_name_their_reason(x: list[float], note: str) -> None:
    """Shift test and effective size are NaN together and give the same reason, whichever series is at fault."""
    y = np.arange(len(x), dtype=float)
    for pair in ((x, y), (y, x)):
        outcome = stats.circular_shift_test(*pair, alternative="less")
        size = stats.effective_sample_size(*pair)
        assert math.isnan(outcome.pvalue) and math.isnan(size.n_effective)
        assert outcome.note == size.note == note and outcome.n == size.n == len(x)


def test_shifts_have_a_least_p_and_count_ties() -> None:
    """One of n shifts is the identity; of a series of period 2, half of the shifts equal it."""
    steps = np.arange(10.0)
    assert stats.circular_shift_test(steps, steps, alternative="greater").pvalue == 1 / 10
    assert stats.circular_shift_test(steps, steps, alternative="two-sided").pvalue == 2 / 10
    assert stats.circular_shift_test(steps % 2, steps % 2, alternative="greater").pvalue == 1 / 2
    assert stats.circular_shift_test(steps, steps, alternative="less").pvalue == 1


def test_the_effective_size_stays_in_its_bounds() -> None:
    """Alike smooth series have few effective pairs, at least 2; opposed neighbours no more than n; short ones n."""
    steps = np.arange(60.0)
    smooth = stats.effective_sample_size(steps, steps**2)
    assert 2 <= smooth.n_effective < 10
    slow = np.repeat([0.0, 1.0], 30)
    assert stats.effective_sample_size(slow, slow).n_effective < 6
    assert stats.effective_sample_size(steps % 2, steps).n_effective == 60
    assert stats.effective_sample_size([1, 3, 2, 4], [2, 1, 3, 4]).n_effective == 4


@pytest.mark.parametrize(
    ("correlations", "n", "note"),
    [
        ([0.1, NAN, 0.3], [9, 9, 9], "undefined values: 1 of 3"),
        ([0.1, 0.3], [9, NAN], "undefined values: 1 of 2"),
        ([0.1], [9], "fewer than 2 strata"),
        ([], [], "fewer than 2 strata"),
        ([0.1, 0.2, 0.3], [9, 3, 2], "strata of fewer than 4 observations: 2 of 3"),
        ([0.1, -1.0, 0.3], [9, 9, 9], "statistic at its bound"),
    ],
)
def test_undefined_random_effects_name_their_reason(correlations: Any, n: Any, note: str) -> None:
    """Mean, interval and spread are NaN together."""
    result = random_effects(correlations, n)
    assert result.note == result.interval.note == note and result.interval.kind == "undefined"
    assert math.isnan(result.mean) and math.isnan(result.tau_squared) and math.isnan(result.i_squared)
    assert len(result.n) == len(n)


def test_equal_correlations_have_a_mean_and_no_interval() -> None:
    """They say nothing of how much strata differ; slightly different ones have all, with the mean among them."""
    equal = random_effects([-0.4] * 4, [6, 9, 12, 50])
    assert equal.mean == pytest.approx(-0.4) and equal.tau_squared == equal.i_squared == 0 and equal.note == ""
    assert equal.interval.kind == "undefined" and equal.interval.note == "constant input"
    near = random_effects([-0.4, -0.5, -0.3], [20, 20, 20])
    assert near.interval.low < near.mean < near.interval.high and near.tau_squared == 0
    far = random_effects([-0.9, 0.9, 0.0], [50, 50, 50])
    assert 0.9 < far.i_squared < 1 and far.tau_squared > 1 and far.interval.low < -0.9 < 0.9 < far.interval.high


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (np.array([[1.0, 2, 3]] * 2), "fewer than 3 rows"),
        (np.array([[1.0, 2]] * 5), "fewer than 3 columns"),
        (np.empty((0, 0)), "fewer than 3 rows"),
        (np.array([[1.0, 2, NAN]] * 3), "undefined values: 3 of 9"),
        (np.full((3, 3), 0.1), "constant input"),
    ],
)
def test_undefined_crossed_intervals_name_their_reason(values: Any, note: str) -> None:
    """Too few rows or columns, a NaN, no variation."""
    interval = crossed(values)
    assert interval.kind == "undefined" and interval.note == note and math.isnan(interval.low)


def test_the_crossed_interval_does_not_depend_on_batches() -> None:
    """More resamples than one batch holds give an interval around the mean, the same from the same seed."""
    values = rng().normal(3.0, 1.0, size=(5, 7))
    interval = crossed(values, n_resamples=700)
    assert interval.low < values.mean() < interval.high and interval == crossed(values, n_resamples=700)
    assert crossed(values + 10, n_resamples=700).low == pytest.approx(interval.low + 10)
    assert crossed(np.tile([1.0, 2, 3], (4, 1)), n_resamples=700).low >= 1


def test_the_kind_of_crossed_interval_is_the_one_asked_for() -> None:
    """BCa where there is skewness to correct, the percentile interval on request: of the same resamples, not the same."""
    values = rng().lognormal(size=(8, 9))
    both = [crossed(values, method=method, n_resamples=999) for method in ("BCa", "percentile")]
    assert [interval.kind for interval in both] == ["BCa", "percentile"]
    assert both[0].high > both[1].high and both[0].low > both[1].low


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: partial_test([1, 2, 3], [1, 2], [1, 2, 3], [0] * 3), "lengths differ.*'x': 3.*'y': 2"),
        (lambda: partial_test([1, 2, 3], [1, 2, 3], [[1, 2]], [0] * 3), "lengths differ.*'covariates': 1"),
        (lambda: partial_test([1, 2], [1, 2], [[[1], [2]]], [0] * 2), r"covariates has shape \(1, 2, 1\)"),
        (lambda: partial_test([1, 2, 3], [1, 2, 3], [1, 2, 3], [0]), r"strata has shape \(1,\)"),
        (lambda: partial_test([1], [1], [1], [0], alternative="smaller"), "'smaller'.*two-sided"),
        (lambda: partial_test([1], [1], [1], [0], n_resamples=0), "n_resamples = 0"),
        (lambda: stats.circular_shift_test([1, 2], [1], alternative="less"), "lengths differ"),
        (lambda: stats.circular_shift_test([1], [1], alternative="below"), "'below'"),  # type: ignore[arg-type]
        (lambda: stats.effective_sample_size([[1, 2]], [1, 2]), r"x has shape \(1, 2\)"),
        (lambda: random_effects([0.1, 1.5], [9, 9]), r"1\.5.*\[-1, 1\]"),
        (lambda: random_effects([0.1, 0.5], [9]), "lengths differ"),
        (lambda: random_effects([0.1, 0.5], [9, 9], 95), "confidence_level = 95"),
        (lambda: crossed([1.0, 2.0]), r"values has shape \(1, 2\).*\(variables, rows, columns\)"),
        (lambda: crossed([[1.0]], n_resamples=0), "n_resamples = 0"),
        (lambda: crossed([[1.0]], method="basic"), "'basic'.*BCa.*percentile"),
        (lambda: stats.proportion_interval(1, 9, confidence_level=90), "confidence_level = 90"),
    ],
)
def test_mistakes_are_refused_with_the_value_and_what_is_allowed(call: Callable[[], object], message: str) -> None:
    """A programmer's mistake raises ValueError that names the value and the allowed set."""
    with pytest.raises(ValueError, match=message):
        call()

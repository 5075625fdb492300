"""The rules every p-value obeys: never 0, ties, two sides, and indifference to labels and order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study import stats
from study.stats.sums import all_sums
from study.stats.tails import tail_pvalue

QUICK = settings(deadline=None, max_examples=60, derandomize=True, database=None)


def test_monte_carlo_pvalues_are_never_zero() -> None:
    """The strongest possible effect has p = 1 / (n_resamples + 1)."""
    rng = np.random.default_rng(1)
    x, strata = np.arange(40.0), np.repeat(np.arange(4), 10)
    options: dict[str, Any] = {"n_resamples": 199, "alternative": "greater", "rng": rng}
    permuted = stats.stratified_permutation_test(x, x, strata=strata, **options)
    flipped = stats.sign_flip_test(x + 1, null_value=0, **options)
    combined = stats.combined_randomization_test(x + 100, rng.random((40, 50)), **options)
    for outcome in (permuted, flipped, combined):
        assert outcome.pvalue == 1 / 200 and not outcome.exact and outcome.n_resamples == 199


def test_two_sided_is_twice_the_smaller_tail_capped_at_one() -> None:
    """The rule holds for exact and for random reference sets."""
    null = np.array([-2.0, -1, 0, 1, 2])
    assert tail_pvalue(2, null, alternative="two-sided", exact=True) == pytest.approx(2 / 5)
    assert tail_pvalue(2, null, alternative="two-sided", exact=False) == pytest.approx(4 / 6)
    assert tail_pvalue(0, null, alternative="two-sided", exact=True) == 1
    assert tail_pvalue(-2, null, alternative="greater", exact=True) == 1
    assert tail_pvalue(-2, null, alternative="less", exact=False) == pytest.approx(2 / 6)


def test_values_apart_by_rounding_alone_are_ties() -> None:
    """A null value one rounding error below the observed one counts, a really smaller one does not."""
    observed = 0.1 + 0.2
    null = np.array([0.3, 0.3 - 1e-9])
    assert null[0] < observed
    assert tail_pvalue(observed, null, alternative="greater", exact=True) == 0.5
    assert stats.randomization_pvalue(observed, null, alternative="greater") == pytest.approx(2 / 3)


def test_randomization_pvalue_works_over_leading_axes() -> None:
    """Each entry is tested among its own draws."""
    observed = np.array([[3.0, 0.0], [1.5, 9.0]])
    null = np.broadcast_to([1.0, 2.0, 3.0], (2, 2, 3))
    greater = stats.randomization_pvalue(observed, null, alternative="greater")
    both = stats.randomization_pvalue(observed, null, alternative="two-sided")
    np.testing.assert_allclose(greater, [[2 / 4, 1], [3 / 4, 1 / 4]])
    np.testing.assert_allclose(both, [[1, 2 / 4], [1, 2 / 4]])


def test_all_sums_starts_with_the_first_of_each() -> None:
    """Every way is there once, the observed arrangement first."""
    sums = all_sums([np.array([1.0, 2.0]), np.array([10.0, 20.0, 30.0])])
    assert sums[0] == 11
    np.testing.assert_array_equal(np.sort(sums), [11, 12, 21, 22, 31, 32])


def test_the_same_seed_gives_the_same_bits() -> None:
    """Results depend on the generator given, and on no other state."""
    x, y, strata = np.random.default_rng(0).normal(size=(3, 24)).round(1)

    def results() -> tuple[object, ...]:
        rng = np.random.default_rng(5)
        options: dict[str, Any] = {"n_resamples": 99, "rng": rng}
        interval: dict[str, Any] = {"confidence_level": 0.9, "method": "BCa", **options}
        return (
            stats.stratified_permutation_test(x, y, strata=strata > 0, alternative="less", **options),
            stats.sign_flip_test(x, null_value=0, alternative="less", **options),
            stats.correlation_interval(x, y, strata=strata > 0, **interval),
            stats.mean_interval(x, **interval),
        )

    assert results() == results()


@st.composite
def tables(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    """Return x, y, strata of at most 7 rows, with ties, and an order of the rows."""
    n = draw(st.integers(3, 7))
    column = st.lists(st.integers(-3, 3), min_size=n, max_size=n)
    x, y, strata = (np.array(draw(column)) for _ in range(3))
    return x, y, np.sign(strata), np.array(draw(st.permutations(range(n))))


@QUICK
@given(tables())
def test_joint_reordering_and_renaming_change_nothing(table: tuple[Any, Any, Any, Any]) -> None:
    """The order of the rows and the names of the strata say nothing."""
    x, y, strata, order = table
    names = np.array(["c", "a", "b"])[strata[order]]
    one, other = stats.stratified_spearman(x, y, strata), stats.stratified_spearman(x[order], y[order], names)
    np.testing.assert_allclose(one.statistic, other.statistic, atol=1e-12)
    assert one.note == other.note
    tests = [
        stats.stratified_permutation_test(
            *columns[:2],
            strata=columns[2],
            n_resamples=5040,
            alternative="two-sided",
            rng=np.random.default_rng(0),
        )
        for columns in ((x, y, strata), (x[order], y[order], names))
    ]
    np.testing.assert_allclose(tests[0].pvalue, tests[1].pvalue, rtol=1e-12)


@QUICK
@given(tables())
def test_within_statistic_ignores_differences_between_strata(table: tuple[Any, Any, Any, Any]) -> None:
    """Shifting and stretching a stratum as a whole leaves the statistic; mirroring y turns its sign."""
    x, y, strata, _ = table
    plain = stats.stratified_spearman(x, y, strata)
    moved = stats.stratified_spearman(x + 100.0 * strata, y * (strata + 2.0) - 50.0 * strata, strata)
    mirrored = stats.stratified_spearman(x, -y, strata)
    np.testing.assert_allclose(moved.statistic, plain.statistic, atol=1e-12)
    np.testing.assert_allclose(mirrored.statistic, -plain.statistic, atol=1e-12)


@QUICK
@given(tables(), st.sampled_from(["two-sided", "less", "greater"]))
def test_pvalues_lie_in_half_open_unit_interval(table: tuple[Any, Any, Any, Any], alternative: Any) -> None:
    """Whatever the input, p is in (0, 1] or NaN with a note."""
    x, y, strata, _ = table
    rng = np.random.default_rng(0)
    options: dict[str, Any] = {"n_resamples": 30, "alternative": alternative, "rng": rng}
    outcomes = [
        stats.stratified_permutation_test(x, y, strata=strata, **options),
        stats.sign_flip_test(x, null_value=0.5, **options),
        stats.combined_randomization_test(x, np.column_stack([y, strata]), **options),
    ]
    for outcome in outcomes:
        assert 0 < outcome.pvalue <= 1 or (np.isnan(outcome.pvalue) and outcome.note)


@QUICK
@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=9))
def test_adjustment_keeps_nan_out_of_the_family(pvalues: list[float]) -> None:
    """NaN stays where it is and does not make the family larger; adjusting never lowers a p-value."""
    values = np.array(pvalues)
    defined = ~np.isnan(values)
    methods: tuple[Any, ...] = ("holm", "fdr_bh", "none")
    for method in methods:
        adjusted = stats.adjusted_pvalues(values, method=method)
        without_nan = stats.adjusted_pvalues(values[defined], method=method)
        np.testing.assert_array_equal(np.isnan(adjusted), ~defined)
        np.testing.assert_array_equal(adjusted[defined], without_nan)
        assert np.all(adjusted[defined] >= values[defined] - 1e-12)

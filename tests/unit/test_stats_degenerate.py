"""What the statistics do where nothing can be concluded, and how they refuse a programmer's mistake."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

from study import stats
from tests.plain_bootstrap import bootstrap_interval

NAN = float("nan")
OPTIONS: dict[str, Any] = {"n_resamples": 99, "alternative": "two-sided"}
INTERVAL: dict[str, Any] = {"confidence_level": 0.95, "n_resamples": 99, "method": "BCa"}


def rng() -> np.random.Generator:
    """Return a generator in the same state each time."""
    return np.random.default_rng(20)


def permutation(x: Any, y: Any, strata: Any, **changes: Any) -> stats.TestOutcome:
    """Return the permutation test of small input with `changes` to its options."""
    options = {"rng": rng(), **OPTIONS, **changes}
    return stats.stratified_permutation_test(x, y, strata=strata, **options)


def adjusted(pvalues: list[float], *, method: Any) -> object:
    """Return adjusted p-values, whatever the method."""
    return stats.adjusted_pvalues(pvalues, method=method)


def mean_test(**changes: Any) -> stats.TestOutcome:
    """Return the test of the mean of three values."""
    return stats.mean_test([1.0, 2, 4], null_value=0.0, exchangeable=False, rng=rng(), **{**OPTIONS, **changes})


def pairing(pairs: Any, **changes: Any) -> stats.TestOutcome:
    """Return the permutation test of the first variable's pairs."""
    return stats.pairing_permutation_tests(pairs, rng=rng(), **{**OPTIONS, **changes})[0]


def crossed(values: Any, **changes: Any) -> stats.TestOutcome:
    """Return the test of the mean over rows and columns of the first variable."""
    return stats.crossed_tests(values, null_value=0.0, rng=rng(), **{**OPTIONS, **changes})[0]


@pytest.mark.parametrize(
    ("outcome", "note"),
    [
        (lambda: pairing(np.full((1, 4, 4), 0.3)), "constant input"),
        (lambda: pairing(np.where(np.eye(4), NAN, 1.0)[None]), "undefined values: 4 of 16"),
        (lambda: pairing(np.ones((1, 2, 2))), "fewer than 3 observations"),
        (lambda: crossed(np.ones((1, 2, 5))), "fewer than 3 rows"),
        (lambda: crossed(np.ones((1, 5, 2))), "fewer than 3 columns"),
        (lambda: crossed(np.array([[[1.0, 2, NAN]] * 3])), "undefined values: 3 of 9"),
    ],
)
def test_undefined_pairings_and_crossed_samples_name_their_reason(
    outcome: Callable[[], stats.TestOutcome], note: str
) -> None:
    """Nothing varies, something is missing, or there is too little."""
    assert math.isnan(outcome().pvalue) and outcome().note == note and outcome().n_resamples == 0


@pytest.mark.parametrize(
    ("estimates", "variances", "note"),
    [
        ([1.0], [1.0], "fewer than 2 strata"),
        ([1.0, NAN], [1.0, 1.0], "undefined values: 1 of 2"),
        ([1.0, 2.0], [1.0, 0.0], "variances that are not positive: 1 of 2"),
    ],
)
def test_undefined_heterogeneity_names_its_reason(estimates: Any, variances: Any, note: str) -> None:
    """One stratum, a missing estimate, a variance of 0."""
    outcome = stats.heterogeneity(estimates, variances)
    assert outcome.note == note and math.isnan(outcome.q) and math.isnan(outcome.pvalue)


@pytest.mark.parametrize(
    ("x", "strata", "note"),
    [
        ([1.0, 1, 1, 1], [0, 0, 0, 0], "constant input"),
        ([1.0, 1, 2, 2], [0, 0, 1, 1], "constant within strata"),
        ([1.0, NAN, 3, 4], [0, 0, 1, 1], "undefined values: 1 of 4"),
        ([1.0, math.inf, NAN, 4], [0, 0, 1, 1], "undefined values: 2 of 4"),
        ([1.0, 2, 3, 4], ["a", "b", "c", "d"], "constant within strata"),
        ([1.0, 2], [0, 0], "fewer than 3 observations"),
        ([], [], "fewer than 3 observations"),
    ],
)
def test_undefined_correlations_name_their_reason(x: list[float], strata: list[Any], note: str) -> None:
    """The correlation, its test and its intervals are NaN together and give the same reason."""
    y = np.arange(len(x), dtype=float)
    correlation = stats.stratified_spearman(x, y, strata)
    outcome = permutation(x, y, strata)
    absent = stats.correlation_bound_test(x, y, strata=strata, bound=0.5, alternative="less")
    fisher = stats.fisher_interval(x, y, strata=strata, confidence_level=0.95)
    bootstrap = stats.correlation_interval(x, y, strata=strata, rng=rng(), **INTERVAL)
    assert math.isnan(correlation.statistic) and math.isnan(outcome.statistic) and math.isnan(outcome.pvalue)
    assert math.isnan(absent.statistic) and math.isnan(absent.pvalue) and absent.n == len(x)
    assert {correlation.note, outcome.note, absent.note, fisher.note, bootstrap.note} == {note}
    assert fisher.kind == bootstrap.kind == "undefined" and math.isnan(fisher.low) and math.isnan(bootstrap.high)
    assert outcome.n_resamples == 0 and outcome.n == len(x)


def test_a_stratum_of_one_is_noted_and_adds_nothing() -> None:
    """Adding a stratum of one observation changes the note alone."""
    x, y, strata = [1.0, 2, 3, 4, 5], [2.0, 1, 3, 5, 4], [0, 0, 0, 0, 0]
    alone = stats.stratified_spearman(x, y, strata)
    joined = stats.stratified_spearman([*x, 100.0], [*y, -100.0], [*strata, 1])
    assert joined.statistic == pytest.approx(alone.statistic, abs=1e-12)
    assert joined.note == "strata of one observation: 1 of 2"
    assert permutation([*x, 100.0], [*y, -100.0], [*strata, 1]).note == joined.note


@pytest.mark.parametrize(
    ("values", "note"), [([], "fewer than 3 observations"), ([1.0, 2.0, NAN, 4.0], "undefined values: 1 of 4")]
)
def test_undefined_means_name_their_reason(values: list[float], note: str) -> None:
    """Sign flips, the bootstrap-t, both, and the interval of the mean are NaN together and give the same reason."""
    flips = stats.sign_flip_test(values, null_value=0.0, rng=rng(), **OPTIONS)
    resampled = stats.bootstrap_t_test(values, null_value=0.0, rng=rng(), **OPTIONS)
    both = stats.mean_test(values, null_value=0.0, exchangeable=False, rng=rng(), **OPTIONS)
    interval = stats.mean_interval(values, rng=rng(), **INTERVAL)
    assert all(math.isnan(outcome.pvalue) for outcome in (flips, resampled, both)) and interval.kind == "undefined"
    assert {flips.note, resampled.note, both.note, interval.note} == {note}


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_what_has_no_standard_error_speaks_for_nothing(alternative: Any) -> None:
    """Constant values, whose sign flips have the least p, have p = 1 and say why; one value apart leaves p large."""
    options: dict[str, Any] = {"null_value": 0.0, "alternative": alternative, "n_resamples": 499}
    constant = stats.mean_test([3.0] * 9, exchangeable=False, rng=rng(), **options)
    assert constant.pvalue == 1 and constant.note == "constant input" and constant.statistic == 3
    apart = stats.mean_test([3.0] * 8 + [3.01], exchangeable=False, rng=rng(), **options)
    assert apart.pvalue > (8 / 9) ** 9 - 0.05 and apart.note == ""
    flips = stats.mean_test([3.0] * 9, exchangeable=True, rng=rng(), **options)
    assert flips == stats.sign_flip_test([3.0] * 9, rng=rng(), **options)
    (crossed,) = stats.crossed_tests(np.full((1, 4, 5), 3.0), rng=rng(), **options)
    assert crossed.pvalue == 1 and crossed.note == "constant input" and crossed.n == 4


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize("n", [3, 4, 30])
def test_the_textbook_s_correlation_is_scipy_s(n: int, alternative: Any) -> None:
    """Pingouin's rho and p are SciPy's, also for the fewest pairs; undefined ones name their reason."""
    x, y = rng().normal(size=(2, n)).round(1)
    outcome = stats.textbook_spearman(x, y, alternative=alternative)
    expected = scipy.stats.spearmanr(x, y, alternative=alternative)
    assert (outcome.statistic, outcome.pvalue) == pytest.approx((expected.statistic, expected.pvalue), nan_ok=True)
    constant = stats.textbook_spearman(x, np.ones(n), alternative=alternative)
    assert math.isnan(constant.statistic) and math.isnan(constant.pvalue) and constant.note == "constant input"


def test_undefined_combined_tests_name_their_reason() -> None:
    """No unit, a NaN and no variation are told apart; one unit without variation is only noted."""

    def note(observed: list[float], null: Any) -> str:
        return stats.combined_randomization_test(observed, null, rng=rng(), **OPTIONS).note

    assert note([], np.empty((0, 3))) == "no observations"
    assert note([1.0, NAN], np.ones((2, 3))) == "undefined values: 1 of 2"
    assert note([1.0, 1.0], np.ones((2, 3))) == "constant input"
    assert note([1.0, 1.0], [[1.0, 1.0], [2.0, 3.0]]) == "units without variation: 1 of 2"


def test_randomization_pvalue_is_nan_only_where_undefined() -> None:
    """NaN or infinity in one row leaves the other rows alone."""
    pvalues = stats.randomization_pvalue([1.0, NAN, math.inf, 1.0], [[0.0], [0.0], [0.0], [NAN]], alternative="greater")
    np.testing.assert_array_equal(pvalues, [0.5, NAN, NAN, NAN])


def test_undefined_resamples_are_counted_or_refused() -> None:
    """A few NaN resamples are left out and counted; many make the interval undefined."""
    values = np.arange(12.0)

    def interval(most: float) -> stats.Interval:
        def statistic(sample: Any) -> float:
            return NAN if sample.mean() > most else float(sample.mean())

        return bootstrap_interval((values,), statistic, strata=None, rng=rng(), **{**INTERVAL, "n_resamples": 999})

    few, many = interval(7.9), interval(6.0)
    assert few.kind == "BCa" and few.note.startswith("resamples left out: ")
    assert many.kind == "undefined" and many.note.startswith("undefined resamples: ")


def test_bca_falls_back_on_the_percentile_interval_and_says_so() -> None:
    """Where the jackknife says nothing (a median of ties), the kind and the note tell."""
    values = np.array([0.0, 1, 1, 1, 1, 1, 1, 2])
    interval = bootstrap_interval((values,), np.median, strata=None, rng=rng(), **{**INTERVAL, "n_resamples": 999})
    assert interval.kind == "percentile" and interval.note == "BCa undefined"
    assert interval.low <= interval.high


def test_intervals_of_nothing_that_varies_are_undefined() -> None:
    """A constant sample, a constant statistic, an undefined statistic and two rows give no interval."""
    assert stats.mean_interval([2.0, 2, 2, 2], rng=rng(), **INTERVAL).note == "constant input"

    def note(statistic: Callable[..., float], n: int) -> str:
        return bootstrap_interval((np.arange(n),), statistic, strata=None, rng=rng(), **INTERVAL).note

    assert note(lambda sample: 1.0, 5) == "constant over resamples"
    assert note(lambda sample: NAN, 5) == "undefined statistic"
    assert note(np.mean, 2) == "fewer than 3 observations"


def test_fisher_interval_needs_freedom_and_room() -> None:
    """A perfect correlation, and three rows, have no Fisher interval and no test at a bound."""

    def note(x: list[float], y: list[float]) -> str:
        options: dict[str, Any] = {"strata": [0] * len(x)}
        outcome = stats.correlation_bound_test(x, y, bound=0.5, alternative="less", **options)
        assert math.isnan(outcome.pvalue) and outcome.statistic == stats.spearman(x, y).statistic
        interval = stats.fisher_interval(x, y, confidence_level=0.95, **options)
        assert interval.note == outcome.note
        return interval.note

    assert note([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]) == "statistic at its bound"
    assert note([1, 2, 3], [1, 3, 2]) == "no degrees of freedom left"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: permutation([1, 2, 3], [1, 2], [0, 0, 0]), "lengths differ.*3.*2"),
        (lambda: permutation([1, 2, 3], [1, 2, 3], [0, 0]), r"strata has shape \(2,\).*\(3,\)"),
        (lambda: permutation([[1, 2, 3]], [1, 2, 3], [0, 0, 0]), r"values has shape \(1, 3\).*1-dimensional"),
        (lambda: permutation([1, 2], [1, 2], [0, 0], alternative="smaller"), "'smaller'.*two-sided.*less.*greater"),
        (lambda: permutation([1, 2], [1, 2], [0, 0], n_resamples=0), "n_resamples = 0.*at least 1"),
        (
            lambda: stats.combined_randomization_test([1, 2], [[1.0]], rng=rng(), **OPTIONS),
            r"null has shape \(1, 1\).*\(2, draws\)",
        ),
        (
            lambda: stats.randomization_pvalue([1.0, 2.0], [1.0, 2.0], alternative="less"),
            r"null has shape \(2,\).*\(2, 'draws'\)",
        ),
        (
            lambda: stats.correlation_bound_test([1, 2], [1, 2], strata=[0, 0], bound=-1, alternative="less"),
            "bound = -1.*between -1 and 1",
        ),
        (
            lambda: stats.correlation_bound_test([1], [1], strata=[0], bound=0.5, alternative="two-sided"),
            "'two-sided'.*less.*greater",
        ),
        (lambda: mean_test(alternative="above"), "'above'.*two-sided.*less.*greater"),
        (lambda: mean_test(n_resamples=0), "n_resamples = 0.*at least 1"),
        (lambda: stats.heterogeneity([1.0, 2.0], [1.0]), "lengths differ.*2.*1"),
        (lambda: pairing(np.ones((2, 3))), r"pairs has shape \(2, 3\).*\(variables, units, partners\)"),
        (lambda: pairing(np.ones((1, 3, 4))), r"pairs has shape \(1, 3, 4\)"),
        (lambda: pairing(np.ones((1, 3, 3)), n_resamples=0), "n_resamples = 0"),
        (lambda: crossed(np.ones((3, 3))), r"values has shape \(3, 3\).*\(variables, rows, columns\)"),
        (lambda: crossed(np.ones((1, 3, 3)), alternative="above"), "'above'"),
        (
            lambda: stats.mean_interval([1.0], confidence_level=95, n_resamples=9, method="BCa", rng=rng()),
            "confidence_level = 95.*between 0 and 1",
        ),
        (
            lambda: bootstrap_interval(
                (), np.mean, strata=None, confidence_level=0.9, n_resamples=9, method="BCa", rng=rng()
            ),
            "at least one array",
        ),
        (lambda: adjusted([0.5], method="bonferroni"), "'bonferroni'.*holm.*none.*fdr_bh"),
        (lambda: adjusted([0.5, 1.5], method="holm"), r"1\.5.*\[0, 1\]"),
    ],
)
def test_mistakes_are_refused_with_the_value_and_what_is_allowed(call: Callable[[], object], message: str) -> None:
    """A programmer's mistake raises ValueError that names the value and the allowed set."""
    with pytest.raises(ValueError, match=message):
        call()

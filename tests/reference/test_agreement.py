"""The table of agreement: our statistics against SciPy, statsmodels, pingouin and R, each row with its tolerance.

A row is a test; `pytest -v` on this file prints the table. What no library has is compared with plain enumeration in the
other modules of this folder. R's values are in values.csv, which values.R computed from the data below.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.signal
import scipy.stats
from pingouin import partial_corr  # type: ignore[import-untyped]
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]
from statsmodels.stats.weightstats import DescrStatsW  # type: ignore[import-untyped]
from statsmodels.tsa.stattools import acf  # type: ignore[import-untyped]

from study import stats

I = np.arange(1.0, 25.0)  # noqa: E741 (as in values.R)
X = np.round(3 * np.sin(I**2), 1)
Y = np.round(2 * np.sin(I**2) + 2.5 * np.cos(3 * I + 1), 1)
Z = np.round(2 * np.cos(I**2 / 3) + np.sin(I**2), 1)
V = np.round(np.exp(1.2 * np.sin(I**2)), 2)
UNTIED = np.exp(1.2 * np.sin(I**2))  # SciPy's BCa counts ties of resampled means as rounding has it, ours as ties
ONE, SIX, UNEVEN = np.zeros(24), (I - 1) % 4, np.repeat([0, 1, 2], [5, 8, 11])
LEVEL = (I - 1) // 4
W = np.round(Y - 0.4 * LEVEL, 1)
A, B = np.array([3.0, 1, 4, 7, 5, 2, 6]), np.array([2.0, 3, 1, 7, 4, 5, 6])
FAMILY = [0.001, 0.04, 0.011, 0.2, 0.012, 0.9, 0.0005, 0.04]
STEPS = np.arange(1.0, 51.0)
FIRST = scipy.signal.lfilter([1.0], [1.0, -0.7], np.sin(STEPS**2))
SECOND = scipy.signal.lfilter([1.0], [1.0, -0.6], np.cos(STEPS**2 / 3))
CORRELATIONS, SIZES = np.array([-0.5, -0.2, -0.6, 0.1]), np.array([12, 30, 20, 50])
MANY = 40_000


@dataclass(frozen=True)
class Row:
    """A row of the table: what is compared, our value, the reference's, and by how much they may differ."""

    name: str
    ours: Callable[[], Any]
    reference: Callable[[], Any]
    tolerance: float


def rng() -> np.random.Generator:
    """Return a generator in the same state each time."""
    return np.random.default_rng(0)


def ends(interval: stats.Interval) -> tuple[float, float]:
    """Return both ends."""
    return interval.low, interval.high


def permuted(x: Any, y: Any, strata: Any, alternative: Any, **options: Any) -> float:
    """Return the p-value of our stratified permutation test."""
    options = {"n_resamples": MANY, "rng": rng(), **options}
    return stats.stratified_permutation_test(x, y, strata=strata, alternative=alternative, **options).pvalue


def scipy_pairings(x: Any, y: Any, alternative: str, n_resamples: float = MANY) -> float:
    """Return SciPy's p-value over pairings: of the sum of products of centred ranks, over its error from 12 rows on."""
    x_ranks, y_ranks = (scipy.stats.rankdata(values) - (len(values) + 1) / 2 for values in (x, y))

    def products(ranks: Any, axis: int = -1) -> Any:
        terms = ranks * y_ranks
        return np.sum(terms, axis=axis) / (np.sqrt(np.sum(terms**2, axis=axis)) if len(x) >= 12 else 1)

    options: dict[str, Any] = {"permutation_type": "pairings", "n_resamples": n_resamples, "alternative": alternative}
    return float(scipy.stats.permutation_test((x_ranks,), products, vectorized=True, rng=rng(), **options).pvalue)


def flipped(alternative: Any) -> tuple[float, float]:
    """Return our mean and p-value over all sign flips of ten values."""
    options: dict[str, Any] = {"null_value": 1.2, "n_resamples": 1024, "alternative": alternative, "rng": rng()}
    outcome = stats.sign_flip_test(V[:10], **options)
    return outcome.statistic, outcome.pvalue


def scipy_flipped(alternative: str) -> tuple[float, float]:
    """Return SciPy's mean and p-value over all sign flips."""
    options: dict[str, Any] = {"permutation_type": "samples", "n_resamples": np.inf, "alternative": alternative}
    outcome = scipy.stats.permutation_test((V[:10] - 1.2,), np.mean, vectorized=True, **options)
    return float(outcome.statistic), float(outcome.pvalue)


def bootstrap(function: Callable[..., stats.Interval], *data: Any, **options: Any) -> tuple[float, ...]:
    """Return the ends of our percentile and BCa intervals."""
    options = {"confidence_level": 0.95, "n_resamples": MANY, **options}
    kinds: tuple[Any, ...] = ("percentile", "BCa")
    return tuple(end for kind in kinds for end in ends(function(*data, method=kind, rng=rng(), **options)))


def scipy_bootstrap(*data: Any, statistic: Callable[..., Any], **options: Any) -> tuple[float, ...]:
    """Return the ends of SciPy's percentile and BCa intervals."""
    options = {"n_resamples": MANY, "paired": True, "vectorized": True, **options}
    intervals = [
        scipy.stats.bootstrap(data, statistic, method=kind, rng=rng(), **options).confidence_interval
        for kind in ("percentile", "BCa")
    ]
    return tuple(float(end) for one in intervals for end in (one.low, one.high))


def rho_of(a: Any, b: Any, axis: int = -1) -> Any:
    """Return Spearman's rho along an axis, from SciPy's ranks."""
    a, b = (scipy.stats.rankdata(values, axis=axis) for values in (a, b))
    a, b = (ranks - np.mean(ranks, axis=axis, keepdims=True) for ranks in (a, b))
    return np.sum(a * b, axis=axis) / np.sqrt(np.sum(a * a, axis=axis) * np.sum(b * b, axis=axis))


def equivalent() -> float:
    """Return the larger p-value of two one-sided sign-flip tests."""
    sides: tuple[tuple[float, Any], ...] = ((0.6, "greater"), (2.4, "less"))
    return max(
        stats.sign_flip_test(V, null_value=bound, alternative=side, n_resamples=MANY, rng=rng()).pvalue
        for bound, side in sides
    )


def effective_by_statsmodels() -> float:
    """Return the effective sample size from statsmodels' autocorrelations."""
    r = [acf(scipy.stats.rankdata(u), adjusted=True, nlags=10, fft=False)[1:] for u in (FIRST, SECOND)]
    return float(50 / (1 + 2 * np.sum((50 - np.arange(1, 11)) / 50 * r[0] * r[1])))


def partial_by_pingouin(names: list[str]) -> float:
    """Return pingouin's partial Spearman correlation."""
    table = pd.DataFrame({"x": X, "y": Y, "z": Z, "w": W})
    return float(partial_corr(table, x="x", y="y", covar=names, method="spearman")["r"].iloc[0])


SCIPY = [
    Row(
        "rho of tied values, spearmanr",
        lambda: stats.spearman(X, Y).statistic,
        lambda: scipy.stats.spearmanr(X, Y).statistic,
        1e-12,
    ),
    *[
        Row(
            f"rho permuted in every way, {side}, permutation_test",
            lambda side=side: permuted(A, B, ONE[:7], side),
            lambda side=side: scipy_pairings(A, B, side, np.inf),
            1e-12,
        )
        for side in ("two-sided", "less", "greater")
    ],
    *[
        Row(
            f"rho permuted at random, {side}, permutation_test",
            lambda side=side: permuted(Z, Y, ONE, side),
            lambda side=side: scipy_pairings(Z, Y, side),
            0.012,
        )
        for side in ("less", "greater")
    ],
    *[
        Row(
            f"mean under all sign flips, {side}, permutation_test",
            lambda side=side: flipped(side),
            lambda side=side: scipy_flipped(side),
            1e-12,
        )
        for side in ("two-sided", "less", "greater")
    ],
    Row(
        "intervals of a mean from the same draws, bootstrap",
        lambda: bootstrap(stats.mean_interval, UNTIED, n_resamples=999),
        lambda: scipy_bootstrap(UNTIED, statistic=np.mean, n_resamples=999),
        1e-12,
    ),
    Row(
        "intervals of rho from the same draws, bootstrap",
        lambda: bootstrap(stats.correlation_interval, X, Y, strata=ONE, n_resamples=999),
        lambda: scipy_bootstrap(X, Y, statistic=rho_of, n_resamples=999),
        1e-12,
    ),
    Row(
        "trend over levels, kendalltau (Jonckheere and Terpstra's test)",
        lambda: permuted(W, LEVEL, ONE, "less"),
        lambda: scipy.stats.kendalltau(W, LEVEL, method="asymptotic", alternative="less").pvalue,
        0.03,
    ),
    Row(
        "Benjamini and Hochberg, false_discovery_control",
        lambda: stats.adjusted_pvalues(FAMILY, method="fdr_bh"),
        lambda: scipy.stats.false_discovery_control(FAMILY),
        1e-12,
    ),
    Row(
        "interval of a proportion, binomtest",
        lambda: ends(stats.proportion_interval(17, 40, confidence_level=0.95)),
        lambda: scipy.stats.binomtest(17, 40).proportion_ci(),
        1e-12,
    ),
]

STATSMODELS = [
    Row(
        "Holm, multipletests",
        lambda: stats.adjusted_pvalues(FAMILY, method="holm"),
        lambda: multipletests(FAMILY, method="holm")[1],
        1e-12,
    ),
    Row(
        "Benjamini and Hochberg, multipletests",
        lambda: stats.adjusted_pvalues(FAMILY, method="fdr_bh"),
        lambda: multipletests(FAMILY, method="fdr_bh")[1],
        1e-12,
    ),
    Row(
        "interval of a proportion, proportion_confint",
        lambda: ends(stats.proportion_interval(17, 40, confidence_level=0.95)),
        lambda: proportion_confint(17, 40, method="beta"),
        1e-12,
    ),
    Row("equivalence of a mean, ttost_mean", equivalent, lambda: DescrStatsW(V).ttost_mean(0.6, 2.4)[0], 0.02),
    Row(
        "effective sample size, acf",
        lambda: stats.effective_sample_size(FIRST, SECOND).n_effective,
        effective_by_statsmodels,
        1e-9,
    ),
]

PINGOUIN = [
    Row(
        "partial rho, one covariate, partial_corr",
        lambda: stats.partial_spearman(X, Y, Z, strata=ONE).statistic,
        lambda: partial_by_pingouin(["z"]),
        1e-12,
    ),
    Row(
        "partial rho, two covariates, partial_corr",
        lambda: stats.partial_spearman(X, Y, np.column_stack([Z, W]), strata=ONE).statistic,
        lambda: partial_by_pingouin(["z", "w"]),
        1e-12,
    ),
]


@cache
def r_values() -> dict[str, list[float]]:
    """Return what R computed, by name."""
    values: dict[str, list[float]] = {}
    with (Path(__file__).parent / "values.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            values.setdefault(row["name"], []).append(float(row["value"]))
    return values


def r_row(name: str, function: str, ours: Callable[[], Any], tolerance: float) -> Row:
    """Return a row whose reference is R's value of that name; `function` is what gave it."""
    return Row(f"{name}, {function}", ours, lambda: r_values()[name], tolerance)


def correlation_within() -> float:
    """Return the larger p-value of the rank correlation at -0.7 and at 0.7."""
    sides: tuple[tuple[float, Any], ...] = ((-0.7, "greater"), (0.7, "less"))
    return max(
        stats.correlation_bound_test(X, Y, strata=UNEVEN, bound=bound, alternative=side).pvalue for bound, side in sides
    )


def random_effects() -> tuple[float, ...]:
    """Return our random-effects mean, its interval and the variance between strata."""
    pooled = stats.random_effects_mean(CORRELATIONS, SIZES, confidence_level=0.95)
    return pooled.mean, *ends(pooled.interval), pooled.tau_squared


def mixed_slope() -> tuple[float, ...]:
    """Return our slope, its standard error and both variances."""
    fit = stats.random_intercept_slope(X, Y + 2 * SIX, SIX, confidence_level=0.95)
    error = (fit.interval.high - fit.interval.low) / 2 / scipy.stats.norm.ppf(0.975)
    return fit.slope, error, fit.group_variance, fit.residual_variance


R = [
    r_row("spearman", "cor", lambda: stats.spearman(X, Y).statistic, 1e-12),
    r_row("stratified spearman", "rank, lm, cor", lambda: stats.stratified_spearman(X, Y, UNEVEN).statistic, 1e-12),
    r_row("partial spearman", "rank, lm, cor", lambda: stats.partial_spearman(X, Y, Z, strata=ONE).statistic, 1e-12),
    r_row(
        "partial spearman in strata",
        "rank, lm, cor",
        lambda: stats.partial_spearman(X, Y, Z, strata=UNEVEN).statistic,
        1e-12,
    ),
    r_row(
        "fisher interval",
        "qnorm",
        lambda: ends(stats.fisher_interval(X, Y, strata=UNEVEN, confidence_level=0.95)),
        1e-9,
    ),
    r_row(
        "correlation equivalence",
        "pnorm",
        correlation_within,
        1e-9,
    ),
    *[
        r_row(f"exact permutation {name}", "cor.test", lambda side=side: permuted(A, B, ONE[:7], side), 1e-9)
        for name, side in (("two.sided", "two-sided"), ("less", "less"), ("greater", "greater"))
    ],
    *[
        r_row(
            f"stratified permutation {side}",
            "coin::independence_test",
            lambda side=side: permuted(Z, X, UNEVEN, side),
            0.02,
        )  # R's is not studentised; without heteroscedasticity that makes little difference
        for side in ("less", "greater")
    ],
    r_row(
        "trend",
        "coin::spearman_test",
        lambda: permuted(W, LEVEL, ONE, "less"),
        0.012,
    ),
    r_row("sign flips", "expand.grid", lambda: flipped("greater")[1], 1e-12),
    r_row("effective sample size", "acf", lambda: stats.effective_sample_size(FIRST, SECOND).n_effective, 1e-9),
    r_row("circular shifts", "cor", lambda: stats.circular_shift_test(FIRST, SECOND, alternative="less").pvalue, 1e-12),
    r_row("mean interval", "boot::boot.ci", lambda: bootstrap(stats.mean_interval, V), 0.02),
    r_row(
        "correlation interval", "boot::boot.ci", lambda: bootstrap(stats.correlation_interval, X, Y, strata=SIX), 0.02
    ),
    r_row("random effects", "metafor::rma", random_effects, 1e-5),
    r_row("mixed slope", "nlme::lme", mixed_slope, 1e-4),
    r_row("holm", "p.adjust", lambda: stats.adjusted_pvalues(FAMILY, method="holm"), 1e-12),
    r_row("fdr_bh", "p.adjust", lambda: stats.adjusted_pvalues(FAMILY, method="fdr_bh"), 1e-12),
    r_row(
        "binomial interval", "binom.test", lambda: ends(stats.proportion_interval(17, 40, confidence_level=0.95)), 1e-9
    ),
    r_row("two one-sided t tests", "t.test", equivalent, 0.02),
]
TABLE = {"SciPy": SCIPY, "statsmodels": STATSMODELS, "pingouin": PINGOUIN, "R": R}


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{library}: {row.name}") for library, rows in TABLE.items() for row in rows]
)
def test_ours_agrees_with(row: Row) -> None:
    """Every number of ours lies within the row's tolerance of the reference's."""
    ours, reference = np.ravel(row.ours()), np.ravel(row.reference())
    assert ours.shape == reference.shape and np.all(np.isfinite(reference))
    np.testing.assert_allclose(ours, reference, rtol=0, atol=row.tolerance)


def test_every_value_from_r_is_compared() -> None:
    """No value in values.csv is left without a row."""
    assert {row.name.partition(", ")[0] for row in R} == set(r_values())

"""The mixed model's slope against restricted maximum likelihood written out, and against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from study import stats
from tests.plain_bootstrap import bootstrap_interval


def restricted_maximum(x: Any, y: Any, groups: Any) -> tuple[float, float, float, float]:
    """Return slope, its standard error, variance between groups and within, from dense covariance matrices."""
    design, n = np.column_stack([np.ones(x.size), x]), x.size
    same = (groups[:, None] == groups).astype(float)

    def at(ratio: float) -> tuple[float, Any, Any, float]:
        covariance = np.eye(n) + ratio * same
        inverse = np.linalg.inv(covariance)
        information = design.T @ inverse @ design
        slope = np.linalg.solve(information, design.T @ inverse @ y)
        rest = y - design @ slope
        scale = rest @ inverse @ rest / (n - 2)
        determinants = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
        return float(determinants + (n - 2) * np.log(scale)), slope, np.linalg.inv(information) * scale, float(scale)

    grid = np.r_[0.0, np.exp(np.linspace(-12, 8, 300))]
    best = int(np.argmin([at(ratio)[0] for ratio in grid]))
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)])
    ratio = scipy.optimize.minimize_scalar(
        lambda r: at(r)[0], bounds=bounds, method="bounded", options={"xatol": 1e-10}
    ).x
    ratio = ratio if at(ratio)[0] < at(0.0)[0] else 0.0
    _, slope, covariance, scale = at(ratio)
    return float(slope[1]), float(np.sqrt(covariance[1, 1])), ratio * scale, scale


@pytest.mark.parametrize("seed", range(8))
def test_slope_agrees_with_restricted_maximum_likelihood(seed: int) -> None:
    """Slope, standard error and both variances, for groups that differ much, little and not at all."""
    rng = np.random.default_rng(seed)
    sizes = ([6, 6, 6, 6], [3, 9, 5, 20], [40, 40], [2, 3, 4, 5, 6])[seed % 4]
    groups = rng.permuted(np.repeat(np.arange(len(sizes)), sizes))
    level = rng.normal(size=len(sizes)) * (0, 1, 0.2, 4)[seed // 2 % 4]
    x = 0.5 + 0.03 * (rng.normal(size=groups.size) + 0.5 * level[groups])
    y = 1 + 0.1 * level[groups] + 2 * x + 0.1 * rng.normal(size=groups.size)
    slope, error, between, within = restricted_maximum(x, y, groups)
    fit = stats.random_intercept_slope(x, y, groups, confidence_level=0.9)
    assert fit.converged
    assert fit.slope == pytest.approx(slope, abs=1e-3 * error)
    reach = scipy.stats.norm.ppf(0.95) * error
    assert (fit.interval.low, fit.interval.high) == pytest.approx((slope - reach, slope + reach), abs=2e-3 * error)
    assert fit.pvalue == pytest.approx(2 * scipy.stats.norm.sf(abs(slope) / error), rel=0.02)
    assert fit.group_variance == pytest.approx(between, abs=1e-3 * within)
    assert fit.residual_variance == pytest.approx(within, rel=1e-3)
    assert fit.singular == (between == 0)


def test_balanced_groups_with_the_same_x_have_the_slope_within() -> None:
    """The two-way table: slope of the group-centred values, error from what is left on n - groups - 1 degrees."""
    rng = np.random.default_rng(3)
    x, groups = np.tile([1.0, 2.0, 4.0, 7.0], 5), np.repeat(np.arange(5), 4)
    y = 0.7 * x + 3 * rng.normal(size=5)[groups] + rng.normal(size=20)
    centred_x, centred_y = (values - np.repeat(values.reshape(5, 4).mean(axis=1), 4) for values in (x, y))
    slope = centred_x @ centred_y / (centred_x @ centred_x)
    left = np.sum((centred_y - slope * centred_x) ** 2) / (20 - 5 - 1)
    means = np.var(y.reshape(5, 4).mean(axis=1), ddof=1)
    fit = stats.random_intercept_slope(x, y, groups, confidence_level=0.95)
    assert fit.slope == pytest.approx(slope, rel=1e-6)
    assert fit.residual_variance == pytest.approx(left, rel=1e-4)
    assert fit.group_variance == pytest.approx(means - left / 4, rel=1e-3)
    reach = 1.959964 * np.sqrt(left / (centred_x @ centred_x))
    assert fit.interval.high - fit.slope == pytest.approx(reach, rel=1e-4)


def test_without_variance_between_groups_it_is_the_pooled_line() -> None:
    """Groups balanced to have equal means: SciPy's regression through all observations, and it says so."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 4, 6))
    x, y = ((values - values.mean(axis=1, keepdims=True)).ravel() for values in (x, y))
    fit = stats.random_intercept_slope(x, y, np.repeat(list("abcd"), 6), confidence_level=0.95)
    expected = scipy.stats.linregress(x, y)
    assert fit.singular and "estimated as 0" in fit.note
    assert fit.slope == pytest.approx(expected.slope, abs=1e-4)
    assert fit.interval.high - fit.slope == pytest.approx(1.959964 * expected.stderr, rel=1e-4)


@pytest.mark.parametrize("constant", [False, True])
def test_partial_interval_is_the_general_bootstrap(constant: bool) -> None:
    """The same resamples as the general one over `partial_spearman`, one covariate of two constant or not."""
    rng = np.random.default_rng(5)
    covariates = rng.normal(size=(26, 2))
    x, y = covariates[:, 0] + rng.normal(size=26), covariates.sum(axis=1) + rng.normal(size=26)
    if constant:
        covariates[:, 1] = 3.0
    strata = np.repeat([0, 1, 2], [6, 8, 12])
    options: dict[str, Any] = {"strata": strata, "confidence_level": 0.9, "n_resamples": 300}
    fast = stats.partial_interval(x, y, covariates, rng=np.random.default_rng(0), **options)
    plain = bootstrap_interval(
        (x, y, covariates, strata),
        lambda a, b, c, s: stats.partial_spearman(a, b, c, strata=s).statistic,
        method="percentile",
        rng=np.random.default_rng(0),
        **options,
    )
    assert fast.kind == plain.kind == "percentile"
    assert (fast.low, fast.high) == pytest.approx((plain.low, plain.high), abs=1e-12)

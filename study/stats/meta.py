"""The mean of correlations that were taken in separate strata and may differ between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.outcomes import (
    Interval,
    is_constant,
    require_confidence_level,
    require_same_length,
    undefined_interval,
    vector,
)


@dataclass(frozen=True)
class RandomEffects:
    """The mean of several strata's correlations, and how much they differ.

    `mean` and `interval` are on the scale of the correlations. `tau_squared` is the variance of their true Fisher z
    between strata, `i_squared` the share of the variation observed that sampling does not explain. All are NaN when
    undefined. `n` holds the number of observations of each stratum. `note` is empty or the reason for a NaN.
    """

    mean: float
    interval: Interval
    tau_squared: float
    i_squared: float
    n: tuple[int, ...]
    note: str


def random_effects_mean(correlations: ArrayLike, n: ArrayLike, *, confidence_level: float) -> RandomEffects:
    """Return the random-effects mean of rank correlations taken in separate strata.

    `correlations` and `n`, the numbers of observations they rest on, are (k,), one entry per stratum. The mean is taken
    of Fisher's z with variance (1 + rho^2 / 2) / (n - 3) (Bonett and Wright) and transformed back; the variance between
    strata is Paule and Mandel's; the interval is Hartung and Knapp's, on k - 1 degrees of freedom. Undefined, with a
    note, if any correlation is NaN or infinite, if k < 2, if a stratum has fewer than 4 observations or if a
    correlation is -1 or 1. Of equal correlations the mean is defined, the interval not ("constant input").

    Raises
    ------
    ValueError
        If shapes differ, a correlation is outside [-1, 1] or `confidence_level` is not between 0 and 1.

    Assumes independent strata whose true correlations are a sample from a wider population; with a handful of strata
    the interval is wide, and the variance between them hardly known. Four strata of 50 with the same true correlation
    are given a positive variance in four samples of ten.

    Source: Paule and Mandel (1982), J. Res. Natl. Bur. Stand. 87:377-385; Hartung and Knapp (2001), Stat. Med.
    20:3875-3889; through `statsmodels.stats.meta_analysis.combine_effects`.
    """
    require_confidence_level(confidence_level)
    rho, sizes = vector("correlations", correlations), vector("n", n)
    require_same_length(correlations=rho, n=sizes)
    if np.any(np.abs(rho) > 1):
        raise ValueError(f"correlations {rho[np.abs(rho) > 1]} are not allowed: they must lie in [-1, 1]")
    if reason := _undefined_reason(rho, sizes):
        return _undefined(confidence_level, sizes, reason)
    effects, variances = np.arctanh(rho), (1 + rho**2 / 2) / (sizes - 3)
    mean, tau_squared, (low, high) = _combined(effects, variances, confidence_level)
    interval = Interval(math.tanh(low), math.tanh(high), confidence_level, "Hartung-Knapp", "")
    if is_constant(rho):
        interval = undefined_interval(confidence_level, "constant input")
    i_squared = _i_squared(effects, 1 / variances)
    return RandomEffects(math.tanh(mean), interval, tau_squared, i_squared, _counts(sizes), "")


@dataclass(frozen=True)
class Heterogeneity:
    """Cochran's Q of several strata's estimates: whether they differ by more than sampling.

    `q` and `pvalue` are NaN when undefined, for the reason in `note`.
    """

    q: float
    pvalue: float
    note: str


def heterogeneity(estimates: ArrayLike, variances: ArrayLike) -> Heterogeneity:
    """Return Cochran's Q of `estimates` (s,), one a stratum, with sampling `variances` (s,), and its p-value.

    Q is the sum of squared differences from the mean, all weighted with the inverse variances, and chi-squared on s - 1
    degrees of freedom where all strata have the same true value. Undefined, with a note, if any entry is NaN or
    infinite, if s < 2 or if a variance is not positive.

    Raises
    ------
    ValueError
        If shapes differ.

    Assumes independent strata and, roughly, normal estimates whose variances are known: correlations belong on Fisher's
    z. With few strata, or few observations in them, it finds little: a large p-value does not show that strata agree.

    Source: Cochran (1954), Biometrics 10:101-129.
    """
    from scipy.special import chdtrc

    effects, spread = vector("estimates", estimates), vector("variances", variances)
    require_same_length(estimates=effects, variances=spread)
    note = "fewer than 2 strata" if effects.size < 2 else ""
    if missing := int(np.count_nonzero(~(np.isfinite(effects) & np.isfinite(spread)))):
        note = f"undefined values: {missing} of {effects.size}"
    elif unknown := int(np.count_nonzero(spread <= 0)):
        note = f"variances that are not positive: {unknown} of {effects.size}"
    if note:
        return Heterogeneity(math.nan, math.nan, note)
    q = _cochran(effects, 1 / spread)
    pvalue = max(float(chdtrc(effects.size - 1, q)), float(np.finfo(np.float64).tiny))
    return Heterogeneity(q, pvalue, "")


def _combined(
    effects: NDArray[np.float64], variances: NDArray[np.float64], confidence_level: float
) -> tuple[float, float, tuple[float, float]]:
    """Return the mean effect, the variance between strata and the Hartung-Knapp interval of the mean."""
    from statsmodels.stats.meta_analysis import combine_effects

    with np.errstate(divide="ignore", invalid="ignore"):  # effects all alike make its i2, not used here, 0 / 0
        combined = combine_effects(effects, variances, method_re="pm", use_t=True, alpha=1 - confidence_level)
        low, high = combined.conf_int(alpha=1 - confidence_level)[3]
    return float(combined.mean_effect_re), float(combined.tau2), (float(low), float(high))


def _i_squared(effects: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the share of Cochran's Q beyond its expectation, k - 1."""
    q = _cochran(effects, weights)
    return 1 - (effects.size - 1) / q if q > effects.size - 1 else 0.0


def _cochran(effects: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the weighted sum of squared differences of `effects` (s,) from their weighted mean."""
    return float(np.sum(weights * (effects - np.average(effects, weights=weights)) ** 2))


def _undefined_reason(rho: NDArray[np.float64], sizes: NDArray[np.float64]) -> str:
    if missing := int(np.count_nonzero(~(np.isfinite(rho) & np.isfinite(sizes)))):
        return f"undefined values: {missing} of {rho.size}"
    if rho.size < 2:
        return "fewer than 2 strata"
    if small := int(np.count_nonzero(sizes < 4)):
        return f"strata of fewer than 4 observations: {small} of {rho.size}"
    return "statistic at its bound" if np.any(np.abs(rho) >= 1 - 1e-12) else ""


def _undefined(confidence_level: float, sizes: NDArray[np.float64], note: str) -> RandomEffects:
    interval = undefined_interval(confidence_level, note)
    return RandomEffects(math.nan, interval, math.nan, math.nan, _counts(sizes), note)


def _counts(sizes: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(int(size) for size in np.nan_to_num(sizes, posinf=0, neginf=0))

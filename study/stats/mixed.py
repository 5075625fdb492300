"""A straight line through groups that differ in level: the slope of a mixed model with a random intercept."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from study.stats.outcomes import (
    Interval,
    is_constant,
    require_confidence_level,
    require_same_length,
    undefined_interval,
    undefined_reason,
    vector,
)
from study.stats.strata import stratum_members

# A variance between groups this small, relative to that within, is 0 up to where the optimiser stops.
_NO_VARIANCE = 1e-6


@dataclass(frozen=True)
class MixedSlope:
    """The slope of `y` over `x` in a linear model with a random intercept for each group, fitted by REML.

    `interval` and `pvalue` (two-sided) are Wald's, on the normal distribution. `group_variance` and `residual_variance`
    are in squared units of `y`. `converged` says whether the optimiser did; where it did not, the slope is where it
    stopped, and there is no interval. `singular` says that the variance between groups is estimated as 0. All numbers
    are NaN when undefined. `note` is empty, or the reason for a NaN, or a caution.
    """

    slope: float
    interval: Interval
    pvalue: float
    group_variance: float
    residual_variance: float
    n: int
    n_groups: int
    converged: bool
    singular: bool
    note: str


def random_intercept_slope(x: ArrayLike, y: ArrayLike, groups: ArrayLike, *, confidence_level: float) -> MixedSlope:
    """Return the slope of `y` over `x` in the mixed model y = a + b x + u(group) + e, fitted by REML.

    `x`, `y` and the labels `groups` are (n,). Undefined, with a note, if any value is NaN or infinite, if `x` or `y` is
    constant, with fewer than 2 groups, with fewer than 2 observations more than groups, or where a line through each
    group leaves no residual.

    Raises
    ------
    ValueError
        If shapes differ or `confidence_level` is not between 0 and 1.

    Assumes normal errors of equal variance, one slope for all groups, and groups that are a sample of many, whose levels
    have nothing to do with `x`. The slope lies between the one within groups and the pooled one: near the first where
    groups differ much, and the pooled one itself where the variance between groups is estimated as 0 (`singular`). So
    where groups differ in `x` and `y` along one line, that line passes for a slope. In four simulated groups of six the
    95 % interval covers in 94 % of samples, and in 73 % where groups differ that way.

    Source: Laird and Ware (1982), Biometrics 38:963-974, through `statsmodels.regression.mixed_linear_model.MixedLM`.
    Its default optimisers stop early in such small samples, and its standard errors, from a Hessian that is not positive
    definite on the boundary, are too small there. So the optimiser is Powell's, and the standard error is that of
    generalised least squares given the estimated variances, as in R's nlme and lme4.
    """
    require_confidence_level(confidence_level)
    x, y = vector("x", x), vector("y", y)
    require_same_length(x=x, y=y)
    members = stratum_members(groups, x.size)
    if reason := _undefined_reason(x, y, members):
        return _undefined(confidence_level, x.size, len(members), reason)
    codes = np.empty(x.size, dtype=np.int64)
    for code, rows in enumerate(members):
        codes[rows] = code
    try:
        fit = _fitted(x, y, codes)
        return _described(fit, x, codes, confidence_level)
    except (np.linalg.LinAlgError, FloatingPointError) as error:
        return _undefined(confidence_level, x.size, len(members), f"the mixed model could not be fitted: {error}")


def _fitted(x: NDArray[np.float64], y: NDArray[np.float64], codes: NDArray[np.int64]) -> Any:
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the boundary and of the Hessian: `singular` and `converged` say it
        model = MixedLM(y, np.column_stack([np.ones(x.size), x]), groups=codes)
        return model.fit(reml=True, method=["powell", "nm"])


def _described(fit: Any, x: NDArray[np.float64], codes: NDArray[np.int64], confidence_level: float) -> MixedSlope:
    from scipy.special import ndtr, ndtri

    slope, residual = float(fit.fe_params[1]), float(fit.scale)
    group = float(np.asarray(fit.cov_re)[0, 0])
    n, n_groups = x.size, int(codes.max()) + 1
    if not (math.isfinite(slope) and residual > 0):
        return _undefined(confidence_level, n, n_groups, "the mixed model could not be fitted")
    converged, singular = bool(fit.converged), group <= _NO_VARIANCE * residual
    error = _standard_error(x, codes, group, residual)
    reach = float(ndtri((1 + confidence_level) / 2)) * error
    interval = Interval(slope - reach, slope + reach, confidence_level, "Wald", "")
    pvalue, note = max(2 * float(ndtr(-abs(slope) / error)), np.finfo(float).tiny), ""  # never 0, however small
    if singular:
        note = "the variance between groups is estimated as 0, so this is the slope of all observations pooled"
    if not converged:
        note = "the fit did not converge: the slope is where it stopped, and no interval is given"
        interval, pvalue = undefined_interval(confidence_level, note), math.nan
    return MixedSlope(slope, interval, pvalue, max(group, 0.0), residual, n, n_groups, converged, singular, note)


def _standard_error(x: NDArray[np.float64], codes: NDArray[np.int64], group: float, residual: float) -> float:
    """Return the standard error of the slope by generalised least squares, given the two variances.

    The inverse of the covariance of one group of m is (identity - weight * ones) / residual.
    """
    sizes = np.bincount(codes)
    weight = group / (residual + sizes * group)
    design = np.column_stack([np.ones(x.size), x])
    sums = np.stack([np.bincount(codes, column) for column in design.T], axis=1)
    information = (design.T @ design - (sums * weight[:, None]).T @ sums) / residual
    return math.sqrt(float(np.linalg.inv(information)[1, 1]))


def _undefined_reason(x: NDArray[np.float64], y: NDArray[np.float64], members: list[NDArray[np.intp]]) -> str:
    if reason := undefined_reason(x, y):
        return reason
    if is_constant(x) or is_constant(y):
        return "constant input"
    if len(members) < 2:
        return "fewer than 2 groups"
    if x.size < len(members) + 2:
        return "no degrees of freedom left"
    return "" if _left_by_lines(x, y, members) else "a line through each group leaves no residual"


def _left_by_lines(x: NDArray[np.float64], y: NDArray[np.float64], members: list[NDArray[np.intp]]) -> bool:
    """Return whether parallel lines, one through each group, leave more of `y` than rounding."""
    centred = [np.concatenate([values[rows] - values[rows].mean() for rows in members]) for values in (x, y)]
    scale = float(centred[0] @ centred[0])
    slope = float(centred[0] @ centred[1]) / scale if scale > 0 else 0.0
    return bool(np.linalg.norm(centred[1] - slope * centred[0]) > 1e-9 * np.linalg.norm(y - y.mean()))


def _undefined(confidence_level: float, n: int, n_groups: int, note: str) -> MixedSlope:
    nan = math.nan
    return MixedSlope(nan, undefined_interval(confidence_level, note), nan, nan, nan, n, n_groups, False, False, note)

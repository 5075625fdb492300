"""The mixed model at its edges: what is undefined, singular or did not converge says so."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM  # type: ignore[import-untyped]
from statsmodels.tools.sm_exceptions import ConvergenceWarning  # type: ignore[import-untyped]

from study import stats

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 24))
GROUPS = np.tile(np.arange(4), 6)


@pytest.mark.parametrize(
    ("x", "y", "groups", "why"),
    [
        (np.where(np.arange(24) == 3, np.nan, X), Y, GROUPS, "undefined values: 1 of 24"),
        (np.ones(24), Y, GROUPS, "constant input"),
        (X, np.ones(24), GROUPS, "constant input"),
        (X, Y, np.zeros(24), "fewer than 2 groups"),
        (X[:5], Y[:5], np.arange(5) % 4, "no degrees of freedom left"),
        (X[:2], Y[:2], np.arange(2), "fewer than 3 observations"),
        (np.empty(0), np.empty(0), np.empty(0), "fewer than 3 observations"),
        (X, 2 * X + GROUPS, GROUPS, "a line through each group leaves no residual"),
        (X, GROUPS.astype(float), GROUPS, "a line through each group leaves no residual"),
    ],
)
def test_undefined_says_why(x: Any, y: Any, groups: Any, why: str) -> None:
    """Every number NaN, the interval undefined, the reason in both notes, and no warning."""
    fit = stats.random_intercept_slope(x, y, groups, confidence_level=0.95)
    assert fit.note == fit.interval.note == why
    assert fit.interval.kind == "undefined"
    assert np.isnan([fit.slope, fit.pvalue, fit.group_variance, fit.residual_variance]).all()
    assert (fit.n, fit.converged, fit.singular) == (len(x), False, False)


def test_shapes_and_level_are_checked() -> None:
    """Lengths, and a level between 0 and 1."""
    with pytest.raises(ValueError, match="lengths differ"):
        stats.random_intercept_slope(X, Y[:3], GROUPS, confidence_level=0.95)
    with pytest.raises(ValueError, match="strata has shape"):
        stats.random_intercept_slope(X, Y, GROUPS[:3], confidence_level=0.95)
    with pytest.raises(ValueError, match="confidence_level"):
        stats.random_intercept_slope(X, Y, GROUPS, confidence_level=1.0)


def test_a_fit_that_does_not_converge_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slope where it stopped, no interval, no p, and the reason; statsmodels' warning does not escape."""
    whole = MixedLM.fit

    def stopped(self: Any, **options: Any) -> Any:
        fit = whole(self, **options)
        fit._results.converged = False
        warnings.warn("Gradient optimization failed", ConvergenceWarning, stacklevel=2)
        return fit

    monkeypatch.setattr(MixedLM, "fit", stopped)
    outcome = stats.random_intercept_slope(X, Y, GROUPS, confidence_level=0.95)
    assert not outcome.converged
    assert np.isfinite(outcome.slope) and np.isnan(outcome.pvalue)
    assert outcome.interval.kind == "undefined"
    assert "did not converge" in outcome.note


def test_a_fit_that_breaks_is_undefined(monkeypatch: pytest.MonkeyPatch) -> None:
    """A singular matrix inside statsmodels is a note, not an end of the report."""

    def broken(self: Any, **options: Any) -> Any:
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(MixedLM, "fit", broken)
    fit = stats.random_intercept_slope(X, Y, GROUPS, confidence_level=0.95)
    assert np.isnan(fit.slope)
    assert fit.note == "the mixed model could not be fitted: Singular matrix"


def test_groups_that_differ_do_not_hide_the_slope() -> None:
    """Far apart, the opposite way: the slope within is found, a p-value that is never 0 beside it."""
    y = 0.5 * X - 50.0 * GROUPS + 1e-3 * Y
    x = X + 2.0 * GROUPS
    fit = stats.random_intercept_slope(x, y + 0.5 * 2.0 * GROUPS, GROUPS, confidence_level=0.95)
    assert fit.slope == pytest.approx(0.5, abs=1e-2)
    assert not fit.singular
    assert fit.n_groups == 4
    assert 0 < fit.pvalue < 1e-6


def test_labels_and_order_do_not_matter() -> None:
    """Text labels, and rows in another order, give the same slope."""
    order = np.random.default_rng(2).permutation(24)
    names = np.array(["d", "b", "a", "c"])[GROUPS]
    first = stats.random_intercept_slope(X, Y + GROUPS, GROUPS, confidence_level=0.95)
    again = stats.random_intercept_slope(X[order], (Y + GROUPS)[order], names[order], confidence_level=0.95)
    assert again.slope == pytest.approx(first.slope, rel=1e-4)

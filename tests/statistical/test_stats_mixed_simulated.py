"""How often the mixed model's interval holds the slope: what its docstring says, on simulated groups."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from study import stats

SAMPLES = 200


@pytest.mark.parametrize(
    ("between", "along", "coverage"),
    [
        pytest.param(1.0, 0.0, 0.94, id="groups differ in level"),
        pytest.param(0.0, 0.0, 0.94, id="groups do not differ", marks=pytest.mark.slow),
        pytest.param(1.0, 2.0, 0.73, id="groups differ along one line", marks=pytest.mark.slow),
    ],
)
def test_interval_covers_as_often_as_said(between: float, along: float, coverage: float) -> None:
    """Four groups of six, no slope within them: 95 % intervals that hold 0, and a fit that converges every time.

    Three binomial standard deviations are allowed: a right docstring fails once in 370 such tests.
    """
    covered = converged = 0
    for sample in range(SAMPLES):
        rng = np.random.default_rng([sample, 11])
        groups, level = np.tile(np.arange(4), 6), between * rng.normal(size=4)
        x = rng.normal(size=24) + along * level[groups]
        y = rng.normal(size=24) + (1 + (along > 0)) * level[groups]
        fit = stats.random_intercept_slope(x, y, groups, confidence_level=0.95)
        covered += fit.interval.low <= 0 <= fit.interval.high
        converged += fit.converged
    assert converged == SAMPLES
    margin = 3 * scipy.stats.binom(SAMPLES, coverage).std()
    assert covered == pytest.approx(coverage * SAMPLES, abs=margin)

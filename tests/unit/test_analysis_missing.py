"""Every missing value at the most adverse observed one: means and rank correlations, values and whole networks."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from study.analysis.core.evidence import Observations
from study.analysis.core.missing import HIGH, LOW, completed, is_much

NAN = np.nan


def observations(
    values: np.ndarray, against: np.ndarray | None = None, strata: tuple[str, ...] = ("all",)
) -> Observations:
    """Return observations of one row, or several, of networks that take turns with the strata."""
    table = np.atleast_2d(np.asarray(values, dtype=float))
    labels = np.array([strata[i % len(strata)] for i in range(table.shape[1])], dtype=object)
    return Observations(table, against, labels, outcome="label_corruption")


@pytest.mark.parametrize(("missing", "present", "much"), [(0, 8, False), (1, 19, False), (1, 18, True), (5, 5, True)])
def test_above_5_per_cent_is_much(missing: int, present: int, much: bool) -> None:
    """Exactly 5 % is not."""
    assert is_much(missing, present) == much


@pytest.mark.parametrize(("direction", "worst"), [(LOW, 0.1), (HIGH, 0.9)])
def test_of_a_mean_the_smallest_or_largest_observed(direction: int, worst: float) -> None:
    """Undefined values, infinity among them, and a network without a row."""
    whole = completed(
        observations(np.array([0.1, NAN, 0.9, np.inf, 0.4])), (0,), [{}], strata="none", direction=direction
    )
    np.testing.assert_array_equal(whole.values, [[0.1, worst, 0.9, worst, 0.4, worst]])
    assert whole.n == 6


@pytest.mark.parametrize(("direction", "sign"), [(HIGH, 1), (LOW, -1)])
@pytest.mark.parametrize("strata", [("all",), ("a", "b", "c")])
def test_of_a_correlation_the_ranks_that_move_it_most(direction: int, sign: int, strata: tuple[str, ...]) -> None:
    """It moves in the direction asked for, and no single other filling by observed ends moves it further on average."""
    rng = np.random.default_rng(4)
    values, against = rng.normal(size=30), rng.normal(size=30)
    complete = scipy.stats.spearmanr(values, against).statistic
    lost = values.copy()
    lost[:6] = NAN
    whole = completed(observations(lost, against, strata), (0,), [], strata="augmentation", direction=direction)
    assert np.isfinite(whole.values).all() and whole.against is not None
    moved = scipy.stats.spearmanr(whole.values[0], whole.against).statistic
    left = scipy.stats.spearmanr(values[6:], against[6:]).statistic
    assert sign * moved > sign * max(sign * left, sign * complete - 0.2) * sign - 0.05
    assert sign * moved > sign * left
    assert set(whole.values[0, :6].tolist()) <= set(values[6:].tolist())


def test_a_network_whose_outcome_is_known_keeps_it() -> None:
    """The rate of label corruption of a failed network is planned; its gOSI is put at the end that speaks against."""
    rates = np.tile([0.0, 0.5, 1.0], 4)
    everything = observations(-rates + np.linspace(0, 0.1, 12), rates)
    whole = completed(everything, (0,), [{"label_corruption": 1.0}], strata="none", direction=HIGH)
    assert whole.against is not None
    assert (whole.against[-1], whole.values[0, -1]) == (1.0, everything.values.max())


def test_a_network_of_which_nothing_is_known_is_put_at_both_ends_in_turn() -> None:
    """Both variables at the same end to raise a correlation, at opposite ends to lower it."""
    everything = observations(np.arange(8.0), np.arange(8.0))
    for direction, pairs in ((HIGH, [(7, 7), (0, 0)]), (LOW, [(7, 0), (0, 7)])):
        whole = completed(everything, (0,), [{}, {}], strata="none", direction=direction)
        assert whole.against is not None
        ends = sorted(zip(whole.values[0, 8:].tolist(), whole.against[8:].tolist(), strict=True))
        assert ends == sorted(pairs)


def test_a_stratum_of_missing_networks_alone_takes_the_ends_of_all() -> None:
    """There is no observed value in it to take."""
    values, against = np.array([1.0, NAN, 3.0, NAN, 2.0, NAN]), np.arange(6.0)
    whole = completed(observations(values, against, ("a", "b")), (0,), [], strata="augmentation", direction=HIGH)
    assert np.isfinite(whole.values).all()
    assert set(whole.values[0, 1::2].tolist()) <= {1.0, 3.0}

"""The one-sided tests of a hypothesis on some rows of observations: for the claim, beyond it on the other side, short of it.

The experimental unit is the network. Every test is at a registered bound; a claim of absence has both margins for bounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from study import stats
from study.analysis.core.evidence import Observations
from study.analysis.core.missing import HIGH, LOW
from study.registration import Alternative, Hypothesis

HETEROGENEOUS: Final = 0.10  # p of Cochran's Q up to which strata differ too much for absence to be said of their mean
_OTHER: Final[dict[Alternative, Alternative]] = {"greater": "less", "less": "greater"}


@dataclass(frozen=True)
class Sides:
    """The p-values of one row, NaN where a finding is not registered or its test undefined, and why, in `note`."""

    claim: float
    opposite: float
    ruled_out: float
    note: str = ""


def sides_of(hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator) -> list[Sides]:
    """Return the p-values of every row; all rows share the same resamples."""
    if hypothesis.kind.absence:
        return _absence(hypothesis, observations, rng)
    claimed = hypothesis.alternative
    opposite = hypothesis.bound(hypothesis.opposite_beyond)
    ruled_out = hypothesis.bound(hypothesis.ruled_out_at)
    claim = _at(hypothesis, observations, hypothesis.null_value, claimed, rng)
    against = _at_or_nothing(hypothesis, observations, opposite, _OTHER[claimed], rng)
    short = _at_or_nothing(hypothesis, observations, ruled_out, _OTHER[claimed], rng)
    return [
        Sides(one.pvalue, other.pvalue, third.pvalue, one.note)
        for one, other, third in zip(claim, against, short, strict=True)
    ]


def adverse_directions(hypothesis: Hypothesis) -> tuple[int, int]:
    """Return the direction of missing values that speaks against the claim, and that which speaks against its refutation."""
    return (LOW, HIGH) if hypothesis.alternative == "greater" else (HIGH, LOW)


def _at_or_nothing(
    hypothesis: Hypothesis,
    observations: Observations,
    bound: float | None,
    alternative: Alternative,
    rng: np.random.Generator,
) -> list[stats.TestOutcome]:
    if bound is None:
        undefined = stats.TestOutcome(math.nan, math.nan, observations.n, alternative, 0, False, "")
        return [undefined] * len(observations.values)
    return _at(hypothesis, observations, bound, alternative, rng)


def _at(
    hypothesis: Hypothesis,
    observations: Observations,
    bound: float,
    alternative: Alternative,
    rng: np.random.Generator,
) -> list[stats.TestOutcome]:
    """Return the one-sided test of every row at a bound."""
    n_resamples = hypothesis.n_resamples
    if hypothesis.kind.correlates:
        values, against, strata = observations.values, _against(hypothesis, observations), observations.strata
        if bound == 0:
            outcomes = stats.stratified_permutation_tests(
                values,
                against,
                strata=strata,
                n_resamples=n_resamples,
                alternative=alternative,
                rng=rng,
            )
        else:
            outcomes = stats.correlation_bound_tests(
                values, against, strata=strata, bound=bound, alternative=alternative
            )
        return list(outcomes)
    if observations.pairs is not None and bound == 0:
        return list(
            stats.pairing_permutation_tests(
                observations.pairs, n_resamples=n_resamples, alternative=alternative, rng=rng
            )
        )
    exchangeable = bool(hypothesis.exchangeable) and bound == hypothesis.null_value
    outcomes = stats.mean_tests(
        observations.values,
        null_value=bound,
        alternative=alternative,
        exchangeable=exchangeable,
        n_resamples=n_resamples,
        rng=rng,
    )
    if observations.blocks is None:
        return list(outcomes)
    crossed = stats.crossed_tests(
        observations.blocks, null_value=bound, alternative=alternative, n_resamples=n_resamples, rng=rng
    )
    return [_larger(one, other) for one, other in zip(outcomes, crossed, strict=True)]


def _larger(one: stats.TestOutcome, other: stats.TestOutcome) -> stats.TestOutcome:
    """Return the first outcome with the larger p-value of both; the first's alone where the other is undefined."""
    if math.isnan(one.pvalue) or math.isnan(other.pvalue):
        return replace(one, note=one.note or other.note)
    return replace(one, pvalue=max(one.pvalue, other.pvalue))


def _absence(hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator) -> list[Sides]:
    """Return, for every row, the p of lying within both margins and the p of lying beyond one of them.

    The first is the larger of two one-sided tests, 1 where strata differ; the second twice the smaller of the two others.
    """
    low, high = _margins(hypothesis)
    sides: tuple[tuple[float, Alternative], ...] = ((low, "greater"), (high, "less"), (low, "less"), (high, "greater"))
    tests = [_at(hypothesis, observations, bound, alternative, rng) for bound, alternative in sides]
    rows = []
    for row, (above_low, below_high, below_low, above_high) in enumerate(zip(*tests, strict=True)):
        within = max(above_low.pvalue, below_high.pvalue)
        beyond = min(1.0, 2 * min(below_low.pvalue, above_high.pvalue))
        differ = strata_differ(hypothesis, observations, row)
        note = "; ".join(filter(None, (above_low.note, differ)))
        rows.append(Sides(1.0 if differ else within, math.nan, beyond, note))
    return rows


def _margins(hypothesis: Hypothesis) -> tuple[float, float]:
    return hypothesis.null_value - hypothesis.smallest_effect, hypothesis.null_value + hypothesis.smallest_effect


def strata_differ(hypothesis: Hypothesis, observations: Observations, row: int) -> str:
    """Return why absence cannot be said of the mean over strata, in words; empty where it can, or there is one stratum.

    Strata differ where Cochran's Q has p at most .10, or where a stratum's whole interval lies beyond the margin; the
    intervals hold together, at the registered level divided among the strata, which may be as many as there are seeds.
    """
    names = list(dict.fromkeys(observations.strata.tolist()))
    if len(names) < 2:
        return ""
    members = [observations.strata == name for name in names]
    level = 1 - (1 - hypothesis.confidence_level) / len(names)
    parts = [_stratum(hypothesis, observations, row, rows, level) for rows in members]
    if all(math.isfinite(variance) for _, variance, _ in parts):
        outcome = stats.heterogeneity([estimate for estimate, _, _ in parts], [variance for _, variance, _ in parts])
        if outcome.pvalue <= HETEROGENEOUS:
            return (
                f"strata differ (Cochran's Q: p = {outcome.pvalue:.2g}), so that absence cannot be said of their mean"
            )
    else:
        return (
            "strata are too small, or too constant, to tell whether they differ: absence cannot be said of their mean"
        )
    low, high = _margins(hypothesis)
    beyond = [
        str(name)
        for name, (_, _, interval) in zip(names, parts, strict=True)
        if interval.low > high or interval.high < low
    ]
    return f"the interval of {hypothesis.strata} {', '.join(beyond)} lies beyond the margin" if beyond else ""


def _stratum(
    hypothesis: Hypothesis, observations: Observations, row: int, rows: NDArray[np.bool_], level: float
) -> tuple[float, float, stats.Interval]:
    """Return a stratum's estimate, its variance and interval: of a mean, or of a rank correlation on Fisher's z."""
    values = observations.values[row, rows]
    n = values.size
    if not hypothesis.kind.correlates:
        variance = float(np.var(values, ddof=1)) / n if n > 1 else math.nan
        return (
            float(values.mean()),
            variance if variance > 0 else math.nan,
            stats.student_interval(values, confidence_level=level),
        )
    against = _against(hypothesis, observations)[rows]
    rho = stats.spearman(values, against).statistic
    interval = stats.fisher_interval(values, against, strata=np.zeros(n), confidence_level=level)
    if n < 4 or not math.isfinite(rho) or abs(rho) > 1 - 1e-12:
        return rho, math.nan, interval
    return math.atanh(rho), (1 + rho**2 / 2) / (n - 3), interval


def intervals_of(
    hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator
) -> Sequence[stats.Interval]:
    """Return the interval of every row: over networks, or over networks and images where the estimand has blocks."""
    values, level, n_resamples = observations.values, hypothesis.confidence_level, hypothesis.n_resamples
    if hypothesis.kind.correlates:
        against, strata = _against(hypothesis, observations), observations.strata
        if hypothesis.kind.absence:
            return stats.fisher_intervals(values, against, strata=strata, confidence_level=level)
        return stats.correlation_intervals(
            values,
            against,
            strata=strata,
            confidence_level=level,
            n_resamples=n_resamples,
            method="BCa",
            rng=rng,
        )
    if observations.blocks is not None:
        return stats.crossed_intervals(
            observations.blocks, confidence_level=level, n_resamples=n_resamples, method="BCa", rng=rng
        )
    return stats.mean_intervals(values, confidence_level=level, n_resamples=n_resamples, method="BCa", rng=rng)


def _against(hypothesis: Hypothesis, observations: Observations) -> NDArray[np.float64]:
    if observations.against is None:
        raise ValueError(f"{hypothesis.id}: measure {hypothesis.measure!r} has no second variable to correlate with")
    return observations.against

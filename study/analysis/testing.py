"""The registered tests, applied to one value per network and layer. The experimental unit is the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.question import Measure
from study.analysis.results import (
    AGREE,
    CANNOT_TELL,
    CONTRADICTED,
    DISAGREE,
    NOT_TESTED,
    SUPPORTED,
    HypothesisResult,
    LayerResult,
    SecondSet,
)
from study.analysis.verdict import hypothesis_verdict, layer_verdict, reason
from study.registration import Hypothesis
from study.seeding import stream

CORRELATIONS = ("stratified_permutation", "correlation_equivalence")


@dataclass(frozen=True)
class Observations:
    """What a test sees in one layer: one row a network, all (n,); `against` is None but for correlations."""

    values: NDArray[np.float64]
    against: NDArray[np.float64] | None
    strata: NDArray[np.object_]

    def defined(self) -> Observations:
        """Return the rows whose values are defined."""
        keep = np.isfinite(self.values)
        if self.against is not None:
            keep &= np.isfinite(self.against)
        return Observations(self.values[keep], None if self.against is None else self.against[keep], self.strata[keep])


def untested(hypothesis: Hypothesis, why: str, *, n: int = 0) -> HypothesisResult:
    """Return the result of a hypothesis that cannot be tested, with the reason in every layer."""
    layers = tuple(_untested_layer(layer, why, n, 0) for layer in hypothesis.layers)
    return HypothesisResult(hypothesis, layers, NOT_TESTED, why, NOT_TESTED)


def _untested_layer(layer: str, why: str, n: int, n_excluded: int) -> LayerResult:
    nan = float("nan")
    return LayerResult(layer, nan, nan, nan, "undefined", nan, nan, n, n_excluded, NOT_TESTED, why)


def tested_layers(
    hypothesis: Hypothesis, measure: Measure, study: xr.DataTree, *, root_seed: int
) -> tuple[LayerResult, ...]:
    """Return the test of every registered layer, p-values not yet adjusted and no verdict yet.

    A layer with fewer networks than registered, in all or in one stratum, is not tested.
    """
    against = None if measure.against is None else measure.against(study).values.astype(np.float64)
    return tested_values(hypothesis, measure.values(study), against, root_seed=root_seed)


def tested_values(
    hypothesis: Hypothesis, values: xr.DataArray, against: NDArray[np.float64] | None, *, root_seed: int
) -> tuple[LayerResult, ...]:
    """Return the test of every registered layer on values that were computed before; see `tested_layers`.

    Parameters
    ----------
    values
        (network, layer) in any order, with the registered strata as a coordinate of the networks. NaN and infinity are
        undefined: such a network is left out of that layer and counted.
    against
        (network,), what the values are correlated with; None for a test of means. Undefined networks are left out too.
    """
    strata = np.full(values.sizes["network"], "all", dtype=object)
    if hypothesis.strata != "none":
        strata = values["network"].coords[hypothesis.strata].values.astype(object)
    results = []
    for layer in hypothesis.layers:
        rng = stream(root_seed, "analysis", f"{hypothesis.id}/{layer}")
        if layer not in values["layer"].values:
            results.append(_untested_layer(layer, f"{layer} was not measured in this study", 0, 0))
            continue
        column = values.sel(layer=layer).transpose("network").values.astype(np.float64)
        observations = Observations(column, against, strata)
        results.append(_tested_layer(hypothesis, layer, observations, rng))
    return tuple(results)


def _tested_layer(
    hypothesis: Hypothesis, layer: str, all_networks: Observations, rng: np.random.Generator
) -> LayerResult:
    n_networks, observations = len(all_networks.values), all_networks.defined()
    n = len(observations.values)
    if why := _too_few(hypothesis, observations, set(all_networks.strata.tolist())):
        described = _untested_layer(layer, why, n, n_networks - n)
        return dataclasses.replace(described, estimate=_estimate(hypothesis, observations))
    outcome, interval = {
        "sign_flip": _mean_test, "equivalence": _mean_test, "stratified_permutation": _correlation_test,
        "correlation_equivalence": _correlation_equivalence_test,
    }[hypothesis.test](hypothesis, observations, rng)  # fmt: skip
    if np.isnan(outcome.pvalue):
        return _untested_layer(layer, f"the test is undefined: {outcome.note}", n, n_networks - n)
    estimate = _estimate(hypothesis, observations)
    note = "; ".join(dict.fromkeys(text for text in (outcome.note, interval.note) if text))
    return LayerResult(
        layer=layer, estimate=estimate, ci_low=interval.low, ci_high=interval.high, ci_kind=interval.kind,
        pvalue=outcome.pvalue, pvalue_adjusted=float("nan"), n=n, n_excluded=n_networks - n, verdict="", note=note,
    )  # fmt: skip


def _estimate(hypothesis: Hypothesis, observations: Observations) -> float:
    """Return the estimand's estimate; NaN where there is none."""
    if hypothesis.test in CORRELATIONS and observations.against is not None:
        return stats.stratified_spearman(observations.values, observations.against, observations.strata).statistic
    return float(observations.values.mean()) if len(observations.values) else float("nan")


def _too_few(hypothesis: Hypothesis, observations: Observations, strata: set[str]) -> str:
    n = len(observations.values)
    if n < hypothesis.minimum_networks:
        return f"the registered test needs at least {hypothesis.minimum_networks} networks with a value; there are {n}"
    if hypothesis.strata == "none":
        return ""
    counts = {stratum: int((observations.strata == stratum).sum()) for stratum in sorted(strata, key=str)}
    few = min(counts, key=counts.__getitem__)
    if counts[few] < hypothesis.minimum_per_stratum:
        return (
            f"the registered test needs at least {hypothesis.minimum_per_stratum} networks for each {hypothesis.strata};"
            f" {few!r} has {counts[few]}"
        )
    return ""


def _mean_test(
    hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator
) -> tuple[stats.TestOutcome, stats.Interval]:
    """Mean over networks: sign-flip test against the null value, or equivalence within the smallest effect of it."""
    values, n_resamples = observations.values, hypothesis.n_resamples
    if hypothesis.test == "equivalence":
        outcome = stats.equivalence_test(
            values, margin_low=hypothesis.null_value - hypothesis.smallest_effect,
            margin_high=hypothesis.null_value + hypothesis.smallest_effect, n_resamples=n_resamples, rng=rng,
        )  # fmt: skip
    else:
        outcome = stats.sign_flip_test(
            values,
            null_value=hypothesis.null_value,
            alternative=hypothesis.alternative,
            n_resamples=n_resamples,
            rng=rng,
        )
    interval = stats.mean_interval(
        values, confidence_level=hypothesis.confidence_level, n_resamples=n_resamples, method="BCa", rng=rng
    )
    return outcome, interval


def _correlation_test(
    hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator
) -> tuple[stats.TestOutcome, stats.Interval]:
    """Rank correlation within strata, permuted within strata."""
    outcome = stats.stratified_permutation_test(
        observations.values, _against(hypothesis, observations), strata=observations.strata, statistic="within",
        n_resamples=hypothesis.n_resamples, alternative=hypothesis.alternative, rng=rng,
    )  # fmt: skip
    interval = stats.correlation_interval(
        observations.values, _against(hypothesis, observations), strata=observations.strata,
        confidence_level=hypothesis.confidence_level, n_resamples=hypothesis.n_resamples, method="BCa", rng=rng,
    )  # fmt: skip
    return outcome, interval


def _correlation_equivalence_test(
    hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator
) -> tuple[stats.TestOutcome, stats.Interval]:
    """Rank correlation within strata, equivalent to the null value within the smallest effect."""
    values, against, strata = observations.values, _against(hypothesis, observations), observations.strata
    outcome = stats.correlation_equivalence_test(
        values, against, strata=strata,
        margin_low=hypothesis.null_value - hypothesis.smallest_effect,
        margin_high=hypothesis.null_value + hypothesis.smallest_effect,
    )  # fmt: skip
    interval = stats.fisher_interval(values, against, strata=strata, confidence_level=hypothesis.confidence_level)
    return outcome, interval


def _against(hypothesis: Hypothesis, observations: Observations) -> NDArray[np.float64]:
    if observations.against is None:
        raise ValueError(f"{hypothesis.id}: measure {hypothesis.measure!r} has no second variable to correlate with")
    return observations.against


@dataclass(frozen=True)
class Tested:
    """A hypothesis, the measure that gives its estimand, its test layer by layer, and the networks it rests on."""

    hypothesis: Hypothesis
    measure: Measure
    layers: tuple[LayerResult, ...]
    networks: xr.DataTree


def with_verdicts(tested: Mapping[str, Tested]) -> dict[str, HypothesisResult]:
    """Adjust p-values within each registered family, then let the registered rules decide.

    Parameters
    ----------
    tested
        By hypothesis id; members of a family may belong to different hypotheses.
    """
    adjusted = {name: test.layers for name, test in tested.items()}
    for family in dict.fromkeys(test.hypothesis.family for test in tested.values()):
        members = [name for name, test in tested.items() if test.hypothesis.family == family]
        raw = np.array([layer.pvalue for name in members for layer in tested[name].layers])
        values = iter(stats.adjusted_pvalues(raw, method=tested[members[0]].hypothesis.adjustment))
        for name in members:
            adjusted[name] = tuple(
                dataclasses.replace(layer, pvalue_adjusted=float(next(values))) for layer in tested[name].layers
            )
    return {name: _decided(dataclasses.replace(test, layers=adjusted[name])) for name, test in tested.items()}


def _decided(test: Tested) -> HypothesisResult:
    hypothesis = test.hypothesis
    judged = tuple(
        layer if layer.verdict == NOT_TESTED
        else dataclasses.replace(layer, verdict=layer_verdict(hypothesis, dataclasses.asdict(layer)))
        for layer in test.layers
    )  # fmt: skip
    verdict = hypothesis_verdict(hypothesis.layers_required, [layer.verdict for layer in judged])
    published = test.measure.published(test.networks, hypothesis.layers)
    return HypothesisResult(
        hypothesis=hypothesis, layers=judged, verdict=verdict, reason=reason(hypothesis, verdict, judged),
        published_verdict=hypothesis_verdict(hypothesis.layers_required, [layer.verdict for layer in published]),
        published_layers=published,
    )  # fmt: skip


def second_set(first: HypothesisResult, again: HypothesisResult) -> SecondSet:
    """Return a hypothesis' result in the second set of initialisations, beside that in the first.

    The sets agree when both support or both contradict, and disagree when one supports what the other contradicts;
    where either is inconclusive or not tested, nobody can tell.
    """
    verdicts = {first.verdict, again.verdict}
    agreement = CANNOT_TELL
    if len(verdicts) == 1 and verdicts <= {SUPPORTED, CONTRADICTED}:
        agreement = AGREE
    elif verdicts == {SUPPORTED, CONTRADICTED}:
        agreement = DISAGREE
    return SecondSet(again.layers, again.verdict, again.reason, agreement)

"""The registered tests, applied to one value per network and layer. The experimental unit is the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.question import Estimand
from study.analysis.core.results import (
    AGREE,
    CANNOT_TELL,
    CONTRADICTED,
    DISAGREE,
    NOT_TESTED,
    SUPPORTED,
    HypothesisResult,
    LayerResult,
    PublishedLayer,
    SecondSet,
)
from study.analysis.core.verdict import hypothesis_verdict, layer_verdict, reason
from study.registration import Hypothesis
from study.vocabulary.seeding import stream


@dataclass(frozen=True)
class Observations:
    """What a test sees of layers that are defined in the same n networks.

    `values` is (layers, n), the others (n,); `against` is None but for correlations.
    """

    values: NDArray[np.float64]
    against: NDArray[np.float64] | None
    strata: NDArray[np.object_]

    @property
    def n(self) -> int:
        """Return the number of networks."""
        return len(self.strata)

    def kept(self, layers: list[int], networks: NDArray[np.bool_]) -> Observations:
        """Return some of the layers in some of the networks."""
        against = None if self.against is None else self.against[networks]
        values = np.ascontiguousarray(self.values[layers][:, networks])  # a layer's mean is the same beside any others
        return Observations(values, against, self.strata[networks])


def untested(hypothesis: Hypothesis, why: str, *, n: int = 0) -> HypothesisResult:
    """Return the result of a hypothesis that cannot be tested, with the reason in every layer."""
    layers = tuple(_untested_layer(layer, why, n, 0) for layer in hypothesis.layers)
    return HypothesisResult(hypothesis, layers, NOT_TESTED, why, NOT_TESTED)


def _untested_layer(layer: str, why: str, n: int, n_excluded: int) -> LayerResult:
    nan = float("nan")
    return LayerResult(layer, nan, nan, nan, "undefined", nan, nan, n, n_excluded, NOT_TESTED, why)


def tested_layers(
    hypothesis: Hypothesis, estimand: Estimand, networks: xr.DataTree, *, root_seed: int
) -> tuple[LayerResult, ...]:
    """Return the test of every registered layer, p-values not yet adjusted and no verdict yet.

    A layer with fewer networks than registered, in all or in one stratum, is not tested. Every hypothesis has a random
    stream of its own, which its layers share; a layer's result depends on no other layer.
    """
    against = None if estimand.against is None else estimand.against(networks).values.astype(np.float64)
    return tested_values(hypothesis, estimand.values(networks), against, root_seed=root_seed)


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
    data = values.transpose("layer", "network").values.astype(np.float64)
    everything = Observations(data, against, strata)
    measured = {layer: i for i, layer in enumerate(values["layer"].values.tolist())}
    results = {
        layer: _untested_layer(layer, f"{layer} was not measured in this study", 0, 0)
        for layer in hypothesis.layers
        if layer not in measured
    }
    present = [layer for layer in hypothesis.layers if layer in measured]
    for layers, networks in _defined_alike(present, measured, everything):
        observations = everything.kept([measured[layer] for layer in layers], networks)
        rng = stream(root_seed, "analysis", hypothesis.id)
        results |= _tested_together(hypothesis, layers, observations, everything, rng)
    return tuple(results[layer] for layer in hypothesis.layers)


def _defined_alike(
    layers: list[str], rows: Mapping[str, int], observations: Observations
) -> list[tuple[tuple[str, ...], NDArray[np.bool_]]]:
    """Return the layers in groups that are defined in the same networks, with those networks, (n,)."""
    defined = np.isfinite(observations.values)
    if observations.against is not None:
        defined &= np.isfinite(observations.against)
    groups: dict[bytes, list[str]] = {}
    for layer in layers:
        groups.setdefault(defined[rows[layer]].tobytes(), []).append(layer)
    return [(tuple(group), defined[rows[group[0]]]) for group in groups.values()]


def _tested_together(
    hypothesis: Hypothesis,
    layers: tuple[str, ...],
    observations: Observations,
    all_networks: Observations,
    rng: np.random.Generator,
) -> dict[str, LayerResult]:
    """Return the tests of layers that are defined in the same networks, all from the same resamples of these."""
    n, n_excluded = observations.n, all_networks.n - observations.n
    if why := _too_few(hypothesis, observations, set(all_networks.strata.tolist())):
        estimates = _estimates(hypothesis, observations)
        return {
            layer: dataclasses.replace(_untested_layer(layer, why, n, n_excluded), estimate=estimate)
            for layer, estimate in zip(layers, estimates, strict=True)
        }
    correlates, absence = hypothesis.kind.correlates, hypothesis.kind.absence
    correlation_tests = _correlation_equivalence_tests if absence else _correlation_tests
    outcomes, intervals = (correlation_tests if correlates else _mean_tests)(hypothesis, observations, rng)
    estimates = [outcome.statistic for outcome in outcomes] if correlates else _estimates(hypothesis, observations)
    results = {}
    for layer, estimate, outcome, interval in zip(layers, estimates, outcomes, intervals, strict=True):
        if np.isnan(outcome.pvalue):
            results[layer] = _untested_layer(layer, f"the test is undefined: {outcome.note}", n, n_excluded)
            continue
        note = "; ".join(dict.fromkeys(text for text in (outcome.note, interval.note) if text))
        results[layer] = LayerResult(
            layer=layer,
            estimate=estimate,
            ci_low=interval.low,
            ci_high=interval.high,
            ci_kind=interval.kind,
            pvalue=outcome.pvalue,
            pvalue_adjusted=float("nan"),
            n=n,
            n_excluded=n_excluded,
            verdict="",
            note=note,
        )
    return results


def _estimates(hypothesis: Hypothesis, observations: Observations) -> list[float]:
    """Return the estimand's estimate in every layer; NaN where there is none."""
    values = observations.values
    if hypothesis.kind.correlates and observations.against is not None:
        correlations = stats.stratified_spearmans(values, observations.against, observations.strata)
        return [correlation.statistic for correlation in correlations]
    return [float(mean) for mean in values.mean(axis=1)] if observations.n else [float("nan")] * len(values)


def _too_few(hypothesis: Hypothesis, observations: Observations, strata: set[str]) -> str:
    n = observations.n
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


def _mean_tests(
    hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator
) -> tuple[tuple[stats.TestOutcome, ...], tuple[stats.Interval, ...]]:
    """Mean over networks: sign-flip test against the null value, or equivalence within the smallest effect of it."""
    values, n_resamples = observations.values, hypothesis.n_resamples
    if hypothesis.kind.absence:
        outcomes = stats.equivalence_tests(
            values,
            margin_low=hypothesis.null_value - hypothesis.smallest_effect,
            margin_high=hypothesis.null_value + hypothesis.smallest_effect,
            n_resamples=n_resamples,
            rng=rng,
        )
    else:
        outcomes = stats.sign_flip_tests(
            values,
            null_value=hypothesis.null_value,
            alternative=hypothesis.alternative,
            n_resamples=n_resamples,
            rng=rng,
        )
    intervals = stats.mean_intervals(
        values, confidence_level=hypothesis.confidence_level, n_resamples=n_resamples, method="BCa", rng=rng
    )
    return outcomes, intervals


def _correlation_tests(
    hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator
) -> tuple[tuple[stats.TestOutcome, ...], tuple[stats.Interval, ...]]:
    """Rank correlation within strata, permuted within strata."""
    values, against, strata = observations.values, _against(hypothesis, observations), observations.strata
    outcomes = stats.stratified_permutation_tests(
        values,
        against,
        strata=strata,
        n_resamples=hypothesis.n_resamples,
        alternative=hypothesis.alternative,
        rng=rng,
    )
    intervals = stats.correlation_intervals(
        values,
        against,
        strata=strata,
        confidence_level=hypothesis.confidence_level,
        n_resamples=hypothesis.n_resamples,
        method="BCa",
        rng=rng,
    )
    return outcomes, intervals


def _correlation_equivalence_tests(
    hypothesis: Hypothesis, observations: Observations, rng: np.random.Generator
) -> tuple[tuple[stats.TestOutcome, ...], tuple[stats.Interval, ...]]:
    """Rank correlation within strata, equivalent to the null value within the smallest effect; nothing is resampled."""
    values, against, strata = observations.values, _against(hypothesis, observations), observations.strata
    outcomes = stats.correlation_equivalence_tests(
        values,
        against,
        strata=strata,
        margin_low=hypothesis.null_value - hypothesis.smallest_effect,
        margin_high=hypothesis.null_value + hypothesis.smallest_effect,
    )
    intervals = stats.fisher_intervals(values, against, strata=strata, confidence_level=hypothesis.confidence_level)
    return outcomes, intervals


def _against(hypothesis: Hypothesis, observations: Observations) -> NDArray[np.float64]:
    if observations.against is None:
        raise ValueError(f"{hypothesis.id}: measure {hypothesis.measure!r} has no second variable to correlate with")
    return observations.against


@dataclass(frozen=True)
class Tested:
    """A hypothesis, its test layer by layer, and the published analysis of the same layers."""

    hypothesis: Hypothesis
    layers: tuple[LayerResult, ...]
    published: tuple[PublishedLayer, ...]


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
        layer
        if layer.verdict == NOT_TESTED
        else dataclasses.replace(layer, verdict=layer_verdict(hypothesis, dataclasses.asdict(layer)))
        for layer in test.layers
    )
    verdict = hypothesis_verdict(hypothesis.layers_required, [layer.verdict for layer in judged])
    return HypothesisResult(
        hypothesis=hypothesis,
        layers=judged,
        verdict=verdict,
        reason=reason(hypothesis, verdict, judged),
        published_verdict=hypothesis_verdict(hypothesis.layers_required, [layer.verdict for layer in test.published]),
        published_layers=test.published,
    )


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

"""The registered tests, applied to one value per network and layer. The experimental unit is the network."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from study import stats
from study.analysis.core.evidence import WHOLE, Evidence, Observations, observations_of
from study.analysis.core.learning import without_verdict
from study.analysis.core.missing import HIGH, LOW, MOST_MISSING, completed, is_much
from study.analysis.core.points import NetworkPoint
from study.analysis.core.results import (
    AGREE,
    CANNOT_TELL,
    DISAGREE,
    INCONCLUSIVE,
    NOT_TESTED,
    REFUTED,
    SUPPORTED,
    HypothesisResult,
    LayerResult,
    PublishedLayer,
    SecondSet,
)
from study.analysis.core.sides import Sides, adverse_directions, intervals_of, sides_of
from study.analysis.core.verdict import hypothesis_pvalue, hypothesis_verdict, layer_verdict, published_verdict, reason
from study.registration import Hypothesis
from study.vocabulary.seeding import stream

NAN = float("nan")


def untested(hypothesis: Hypothesis, why: str, *, n: int = 0) -> HypothesisResult:
    """Return the result of a hypothesis that cannot be tested, with the reason in every layer."""
    layers = tuple(untested_layer(layer, why, n, 0) for layer in hypothesis.layers)
    return HypothesisResult(hypothesis, layers, NOT_TESTED, why, NOT_TESTED)


def untested_layer(layer: str, why: str, n: int, n_missing: int) -> LayerResult:
    """Return the result of a layer that cannot be tested."""
    return LayerResult(
        layer=layer,
        estimate=NAN,
        ci_low=NAN,
        ci_high=NAN,
        ci_kind="undefined",
        pvalue=NAN,
        pvalue_adjusted=NAN,
        pvalue_opposite=NAN,
        pvalue_opposite_adjusted=NAN,
        pvalue_ruled_out=NAN,
        pvalue_ruled_out_adjusted=NAN,
        n=n,
        n_missing=n_missing,
        verdict=NOT_TESTED,
        note=why,
    )


def tested_layers(hypothesis: Hypothesis, evidence: Evidence, *, root_seed: int) -> tuple[LayerResult, ...]:
    """Return the test of every registered layer, p-values not yet adjusted and no verdict yet.

    A layer with fewer networks than registered, in all or in one stratum, is not tested. Every hypothesis has a random
    stream of its own, which its layers share; a layer's result depends on no other layer. NaN and infinity are undefined
    values: such a network is left out of that layer and counted as missing, as are planned networks that failed.
    """
    everything, names = observations_of(evidence, hypothesis.strata)
    places = {layer: [row for row, (name, _) in enumerate(names) if name == layer] for layer, _ in names}
    rows = [row for layer in hypothesis.layers for row in places.get(layer, [])]
    tested = _tested_rows(hypothesis, rows, names, everything, evidence, root_seed)
    return tuple(
        _weakest(hypothesis, [tested[row] for row in places[layer]], [names[row][1] for row in places[layer]])
        if layer in places
        else untested_layer(layer, f"{layer} was not measured in this study", 0, 0)
        for layer in hypothesis.layers
    )


def _tested_rows(
    hypothesis: Hypothesis,
    rows: Sequence[int],
    names: Sequence[tuple[str, str]],
    everything: Observations,
    evidence: Evidence,
    root_seed: int,
) -> dict[int, LayerResult]:
    """Return the test of every row by its place; rows that are defined in the same networks share resamples."""
    results: dict[int, LayerResult] = {}
    for together, networks in _defined_alike(rows, everything.defined):
        observations = everything.kept(together, networks)
        n_missing = everything.n - observations.n + len(evidence.failed)
        rng = stream(root_seed, "analysis", hypothesis.id)
        if why := _too_few(hypothesis, observations, set(everything.strata.tolist())):
            for row, estimate in zip(together, _estimates(hypothesis, observations), strict=True):
                layer = untested_layer(names[row][0], why, observations.n, n_missing)
                results[row] = dataclasses.replace(layer, estimate=estimate)
            continue
        sides = sides_of(hypothesis, observations, rng)
        intervals = intervals_of(hypothesis, observations, rng)
        if is_much(n_missing, observations.n):
            sides = _held_with_missing(hypothesis, sides, together, everything, evidence, rng)
        estimates = _estimates(hypothesis, observations)
        for row, estimate, side, interval in zip(together, estimates, sides, intervals, strict=True):
            results[row] = _layer(names[row][0], estimate, side, interval, observations.n, n_missing)
    return results


def _defined_alike(rows: Sequence[int], defined: NDArray[np.bool_]) -> list[tuple[tuple[int, ...], NDArray[np.bool_]]]:
    """Return the rows in groups that are defined in the same networks, with those networks, (n,)."""
    groups: dict[bytes, list[int]] = {}
    for row in rows:
        groups.setdefault(defined[row].tobytes(), []).append(row)
    return [(tuple(group), defined[group[0]]) for group in groups.values()]


def _layer(layer: str, estimate: float, sides: Sides, interval: stats.Interval, n: int, n_missing: int) -> LayerResult:
    """Return a layer's tests, p-values not yet adjusted; not tested where that of the claim is undefined."""
    if math.isnan(sides.claim):
        return untested_layer(layer, f"the test is undefined: {sides.note}", n, n_missing)
    return dataclasses.replace(
        untested_layer(layer, "; ".join(dict.fromkeys(filter(None, (sides.note, interval.note)))), n, n_missing),
        estimate=estimate,
        ci_low=interval.low,
        ci_high=interval.high,
        ci_kind=interval.kind,
        pvalue=sides.claim,
        pvalue_opposite=sides.opposite,
        pvalue_ruled_out=sides.ruled_out,
        verdict="",
    )


def _held_with_missing(
    hypothesis: Hypothesis,
    sides: Sequence[Sides],
    rows: tuple[int, ...],
    everything: Observations,
    evidence: Evidence,
    rng: np.random.Generator,
) -> list[Sides]:
    """Return p-values that hold also with every missing value at the layer's most adverse observed one."""
    low, high = (
        sides_of(
            hypothesis,
            completed(everything, rows, evidence.failed, strata=hypothesis.strata, direction=direction),
            rng,
        )
        for direction in (LOW, HIGH)
    )
    directions = adverse_directions(hypothesis)
    for_claim, for_refutation = ((low, high)[direction == HIGH] for direction in directions)
    said = f"more than {MOST_MISSING:.0%} of networks are missing: p-values hold with each at the most adverse observed value"
    held = []
    for place, side in enumerate(sides):
        claim, against = [for_claim[place]], [for_refutation[place]]
        if hypothesis.kind.absence:
            claim = against = [low[place], high[place]]
        held.append(
            Sides(
                claim=_largest(side.claim, *(one.claim for one in claim)),
                opposite=_largest(side.opposite, *(one.opposite for one in against)),
                ruled_out=_largest(side.ruled_out, *(one.ruled_out for one in against)),
                note="; ".join(filter(None, (side.note, said))),
            )
        )
    return held


def _largest(*pvalues: float) -> float:
    """Return the largest p-value; NaN where the first, which was observed, is undefined, 1 where another is."""
    return NAN if math.isnan(pvalues[0]) else max(1.0 if math.isnan(pvalue) else pvalue for pvalue in pvalues)


def _weakest(hypothesis: Hypothesis, results: Sequence[LayerResult], conditions: Sequence[str]) -> LayerResult:
    """Return a layer under its weakest condition: the claim is that every condition holds.

    Support, and the opposite, take the largest p of all conditions; one condition rules the claim out, so that this takes
    the smallest p, times their number.

    Source: intersection-union test, Berger (1982), Technometrics 24:295-300; Bonferroni for the refutation.
    """
    if len(results) == 1:
        return results[0]
    if untestable := [result for result in results if result.verdict == NOT_TESTED]:
        return untestable[0]
    sign = 1 if hypothesis.alternative == "greater" else -1
    place = min(range(len(results)), key=lambda i: sign * results[i].estimate)
    names = ", ".join(condition for condition in conditions if condition != WHOLE)
    return dataclasses.replace(
        results[place],
        pvalue=max(result.pvalue for result in results),
        pvalue_opposite=max(result.pvalue_opposite for result in results),
        pvalue_ruled_out=min(1.0, len(results) * min(result.pvalue_ruled_out for result in results)),
        n=min(result.n for result in results),
        n_missing=max(result.n_missing for result in results),
        note="; ".join(filter(None, (results[place].note, f"weakest of {names}: {conditions[place]}"))),
    )


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


@dataclass(frozen=True)
class Tested:
    """A hypothesis, its test layer by layer, and the published analysis of the same layers.

    `uninformative` is why its networks carry no verdict, empty where they do. `points` are what it rests on, for pictures.
    """

    hypothesis: Hypothesis
    layers: tuple[LayerResult, ...]
    published: tuple[PublishedLayer, ...]
    uninformative: str = ""
    points: tuple[NetworkPoint, ...] = ()


def with_verdicts(tested: Mapping[str, Tested]) -> dict[str, HypothesisResult]:
    """Adjust p-values within each registered family, side by side, then let the registered tests decide.

    The claims of the primary hypotheses are adjusted across these besides. What rests on networks that did not learn takes
    part in no adjustment across hypotheses and has no verdict.

    Parameters
    ----------
    tested
        By hypothesis id; members of a family may belong to different hypotheses.
    """
    layers = {name: test.layers for name, test in tested.items()}
    for family in dict.fromkeys(test.hypothesis.family for test in tested.values()):
        members = [name for name, test in tested.items() if test.hypothesis.family == family]
        layers |= _adjusted({name: layers[name] for name in members}, tested[members[0]].hypothesis.adjustment)
    results = {name: _decided(dataclasses.replace(test, layers=layers[name])) for name, test in tested.items()}
    results = _across_primary(results, {name for name, test in tested.items() if test.uninformative})
    return {
        name: without_verdict(result, why) if (why := tested[name].uninformative) else result
        for name, result in results.items()
    }


def _adjusted(
    family: Mapping[str, tuple[LayerResult, ...]], method: stats.Adjustment
) -> dict[str, tuple[LayerResult, ...]]:
    """Return the layers of a family with each side's p-values adjusted."""
    flat = [layer for layers in family.values() for layer in layers]
    for side in ("pvalue", "pvalue_opposite", "pvalue_ruled_out"):
        values = stats.adjusted_pvalues(np.array([getattr(layer, side) for layer in flat]), method=method)
        flat = [
            dataclasses.replace(layer, **{f"{side}_adjusted": value})
            for layer, value in zip(flat, values.tolist(), strict=True)
        ]
    remaining = iter(flat)
    return {name: tuple(next(remaining) for _ in layers) for name, layers in family.items()}


def _decided(test: Tested) -> HypothesisResult:
    hypothesis = test.hypothesis
    judged = tuple(
        layer if layer.verdict == NOT_TESTED else dataclasses.replace(layer, verdict=layer_verdict(hypothesis, layer))
        for layer in test.layers
    )
    verdict = hypothesis_verdict(hypothesis.layers_required, [layer.verdict for layer in judged])
    return HypothesisResult(
        hypothesis=hypothesis,
        layers=judged,
        verdict=verdict,
        reason=reason(hypothesis, verdict, judged),
        published_verdict=published_verdict(hypothesis.layers_required, [layer.verdict for layer in test.published]),
        published_layers=test.published,
        pvalue=hypothesis_pvalue(hypothesis.layers_required, judged),
        points=test.points,
    )


def _across_primary(results: Mapping[str, HypothesisResult], uninformative: set[str]) -> dict[str, HypothesisResult]:
    """Return the results, the claims of primary hypotheses adjusted across these; one that is no longer small supports nothing."""
    primary = [name for name, result in results.items() if result.hypothesis.is_primary and name not in uninformative]
    pvalues = stats.adjusted_pvalues(np.array([results[name].pvalue for name in primary]), method="holm")
    adjusted = dict(results)
    for name, pvalue in zip(primary, pvalues.tolist(), strict=True):
        result = dataclasses.replace(results[name], pvalue=pvalue)
        if result.verdict == SUPPORTED and not pvalue <= result.hypothesis.alpha:
            why = f"{result.reason}; adjusted across the {len(primary)} primary hypotheses p = {pvalue:.3g}"
            result = dataclasses.replace(result, verdict=INCONCLUSIVE, reason=why)
        adjusted[name] = result
    return adjusted


def second_set(first: HypothesisResult, again: HypothesisResult) -> SecondSet:
    """Return a hypothesis' result in the second set of initialisations, beside that in the first.

    The sets agree when both support or both refute the claim, and disagree when one supports what the other refutes;
    where either has another verdict, nobody can tell.
    """
    supports = [result.verdict == SUPPORTED for result in (first, again)]
    refutes = [result.verdict in REFUTED for result in (first, again)]
    agreement = CANNOT_TELL
    if all(supports) or all(refutes):
        agreement = AGREE
    elif any(supports) and any(refutes):
        agreement = DISAGREE
    return SecondSet(again.layers, again.verdict, again.reason, agreement, again.points)

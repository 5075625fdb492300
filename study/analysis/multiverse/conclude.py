"""From specifications to a table: estimate, interval, p-value and what each one says, layer by layer."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.charts import SPECIFICATION_COLUMNS
from study.analysis.core.evidence import Evidence
from study.analysis.core.results import (
    INCONCLUSIVE,
    NO_VERDICT,
    NOT_TESTED,
    OPPOSITE,
    SUPPORTED,
    LayerAgreement,
    LayerResult,
)
from study.analysis.core.testing import tested_layers, untested_layer
from study.analysis.multiverse.specification import RANK_CORRELATION, Multiverse, Sample, combinations, in_words
from study.registration import Hypothesis
from study.vocabulary.schema import NETWORK_COORDINATES
from study.vocabulary.seeding import stream

N_RESAMPLES = 999


@dataclass(frozen=True)
class Explored:
    """Every specification of one question that was computed, and how many combinations were left out, by reason.

    `table` has a row for each layer and specification, the registered specification first in each layer: `SPECIFICATION_COLUMNS`,
    then a column for each factor with its level.
    """

    table: pd.DataFrame
    left_out: Mapping[str, int]


def direction(hypothesis: Hypothesis) -> int:
    """Return 1 where the hypothesis claims more than its null value, -1 where it claims less."""
    return 1 if hypothesis.alternative == "greater" else -1


def explored(
    multiverse: Multiverse,
    factors: Mapping[str, Sequence[str]],
    hypothesis: Hypothesis,
    study: xr.DataTree,
    *,
    root_seed: int,
) -> Explored:
    """Return what every combination of the registered levels says of a hypothesis, in every layer measured.

    Each one is tested as the hypothesis is, with its null value, in its direction and with its fewest networks, but with
    `N_RESAMPLES` resamples and no adjustment.

    Parameters
    ----------
    factors
        The registered levels of each factor, the registered one first.
    study
        The networks that the question is asked of.
    """
    sampled = multiverse.sampled(study)
    networks = study["training"].to_dataset()["network"]
    coordinates = {name: ("network", networks.coords[name].values) for name in NETWORK_COORDINATES}
    repeated = dataclasses.replace(hypothesis, layers=sampled.layers, n_resamples=N_RESAMPLES)
    rows: list[dict[str, object]] = []
    left_out: Counter[str] = Counter()
    for levels in combinations(multiverse, factors):
        sample = sampled.sample(levels)
        if isinstance(sample, str):
            left_out[sample] += 1
            continue
        labelled = xr.DataArray(
            sample.values, dims=("network", "layer"), coords={"layer": list(sampled.layers), **coordinates}
        )
        results = _tested(repeated, sample, labelled, root_seed)
        rows += [
            _row(hypothesis, sample.values[:, place], result, sample.unit)
            | {"registered": levels == multiverse.registered}
            | {in_words(factor): in_words(levels[factor]) for factor in factors}
            for place, result in enumerate(results)
        ]
    table = pd.DataFrame(rows, columns=[*SPECIFICATION_COLUMNS, *(in_words(factor) for factor in factors)])
    return Explored(_placed(table, sampled.layers), dict(left_out))


def _placed(table: pd.DataFrame, layers: Sequence[str]) -> pd.DataFrame:
    """Return the rows layer by layer, numbered within each by effect; what has none comes last."""
    parts = []
    for layer in layers:
        rows = table[table["layer"] == layer]
        order = np.argsort(rows["effect"].to_numpy(dtype=np.float64), kind="stable")  # NaN last
        place = np.empty(len(rows), dtype=np.int64)
        place[order] = np.arange(1, len(rows) + 1)
        parts.append(rows.assign(place=place))
    return pd.concat(parts, ignore_index=True) if parts else table


def _tested(hypothesis: Hypothesis, sample: Sample, values: xr.DataArray, root_seed: int) -> Sequence[LayerResult]:
    if sample.covariate is not None:
        return [
            _with_covariate(hypothesis, sample, values, place, root_seed) for place in range(len(hypothesis.layers))
        ]
    return tested_layers(
        dataclasses.replace(hypothesis, strata="none") if sample.pooled else hypothesis,
        Evidence(values, sample.against),
        root_seed=root_seed,
    )


def _with_covariate(
    hypothesis: Hypothesis, sample: Sample, values: xr.DataArray, place: int, root_seed: int
) -> LayerResult:
    """Return the test of a rank correlation given a covariate, which the registered tests know nothing of."""
    if sample.against is None or sample.covariate is None:
        raise ValueError(f"{hypothesis.id}: a correlation with a covariate needs two variables beside it")
    layer, of_layer = hypothesis.layers[place], sample.values[:, place]
    every_stratum = np.full(len(of_layer), "all", dtype=object)
    if hypothesis.strata != "none":
        every_stratum = values.coords[hypothesis.strata].values.astype(object)
    keep = np.isfinite(of_layer) & np.isfinite(sample.against) & np.isfinite(sample.covariate)
    data, strata = [column[keep] for column in (of_layer, sample.against, sample.covariate)], every_stratum[keep]
    n, n_missing = int(keep.sum()), int((~keep).sum())
    correlation = stats.partial_spearman(*data, strata=strata)
    if few := _too_few(hypothesis, strata, every_stratum):
        return dataclasses.replace(untested_layer(layer, few, n, n_missing), estimate=correlation.statistic)
    rng = stream(root_seed, "multiverse", f"{hypothesis.id}/{layer}")
    outcome = stats.partial_permutation_test(
        *data, strata=strata, n_resamples=hypothesis.n_resamples, alternative=hypothesis.alternative, rng=rng
    )
    interval = stats.partial_interval(
        *data, strata=strata, confidence_level=hypothesis.confidence_level, n_resamples=hypothesis.n_resamples, rng=rng
    )
    note = "; ".join(dict.fromkeys(text for text in (outcome.note, interval.note) if text))
    return dataclasses.replace(
        untested_layer(layer, note, n, n_missing),
        estimate=outcome.statistic,
        ci_low=interval.low,
        ci_high=interval.high,
        ci_kind=interval.kind,
        pvalue=outcome.pvalue,
    )


def _too_few(hypothesis: Hypothesis, strata: NDArray[np.object_], every: NDArray[np.object_]) -> str:
    """Return why the networks with a value are too few for the registered test, or nothing."""
    smallest = min(int((strata == label).sum()) for label in set(every.tolist()))
    if len(strata) < hypothesis.minimum_networks:
        return f"the registered test needs at least {hypothesis.minimum_networks} networks with a value; there are {len(strata)}"
    if hypothesis.strata != "none" and smallest < hypothesis.minimum_per_stratum:
        return (
            f"the registered test needs at least {hypothesis.minimum_per_stratum} networks for each {hypothesis.strata}; one has"
            f" {smallest}"
        )
    return ""


def _row(hypothesis: Hypothesis, values: NDArray[np.float64], result: LayerResult, unit: str) -> dict[str, object]:
    """Return one specification in one layer, its effect on the scale that the question's specifications share."""
    null, scale, note = hypothesis.null_value, 1.0, result.note
    if unit != RANK_CORRELATION:
        scale = spread(values)
        if math.isnan(scale) and math.isfinite(result.estimate):
            note = "; ".join(filter(None, [note, "the same in every network: no standard deviation to divide by"]))
    estimate, low, high = result.estimate, result.ci_low, result.ci_high
    if math.isfinite(result.pvalue) and no_variation(values, estimate, unit):
        low = high = estimate
    return {
        "layer": result.layer,
        "estimate": estimate,
        "unit": unit,
        "pvalue": result.pvalue,
        "effect": (estimate - null) / scale,
        "ci_low": (low - null) / scale,
        "ci_high": (high - null) / scale,
        "says": says(low, high, null, direction(hypothesis)),
        "networks": result.n,
        "undefined": result.n_missing,
        "note": note,
    }


def no_variation(values: NDArray[np.float64], estimate: float, unit: str) -> bool:
    """Return whether resampling networks gives nothing but the estimate: its interval is then that point."""
    defined = values[np.isfinite(values)]
    equal = bool(defined.size and np.ptp(defined) == 0)
    return equal or (unit == RANK_CORRELATION and abs(estimate) >= 1 - 1e-12)


def spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation over networks of what is defined, (network,); NaN for fewer than two, or if 0."""
    defined = values[np.isfinite(values)]
    deviation = float(defined.std(ddof=1)) if defined.size > 1 else math.nan
    return deviation if deviation > 1e-12 * float(np.abs(defined).max(initial=0.0)) else math.nan


def says(low: float, high: float, null_value: float, towards: int) -> str:
    """Return what an interval says of a claim: on its side of the null value, on the other side, or neither.

    An undefined interval is "not tested". An interval that touches the null value decides nothing.
    """
    if math.isnan(low) or math.isnan(high):
        return NOT_TESTED
    if low > null_value:
        return SUPPORTED if towards > 0 else OPPOSITE
    if high < null_value:
        return OPPOSITE if towards > 0 else SUPPORTED
    return INCONCLUSIVE


def agreements(table: pd.DataFrame, *, null_value: float) -> tuple[LayerAgreement, ...]:
    """Return, for each layer, how many of the other specifications agree with the registered one.

    Parameters
    ----------
    table
        As `Explored` holds it.
    null_value
        The sign of an estimate is that of its difference from this.
    """
    by_layer = []
    for layer in dict.fromkeys(table["layer"].tolist()):
        rows = table[table["layer"] == layer]
        registered, others = rows[rows["registered"]], rows[~rows["registered"].astype(bool)]
        if registered.empty:
            continue
        sign = float(np.sign(registered["estimate"].iloc[0] - null_value))
        signs = np.sign(others["estimate"].to_numpy(dtype=np.float64) - null_value)
        verdict = str(registered["says"].iloc[0])
        verdicts = others["says"].to_numpy(dtype=object)
        with_sign = np.isfinite(signs) & (not math.isnan(sign))
        with_verdict = ~np.isin(verdicts.astype(str), NO_VERDICT) & (verdict not in NO_VERDICT)
        by_layer.append(
            LayerAgreement(
                layer=layer,
                registered=verdict,
                specifications=len(others),
                with_sign=int(with_sign.sum()),
                same_sign=int((with_sign & (signs == sign)).sum()),
                with_verdict=int(with_verdict.sum()),
                same_verdict=int((with_verdict & (verdicts == verdict)).sum()),
            )
        )
    return tuple(by_layer)

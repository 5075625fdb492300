"""Would the paper's conclusion on ablation change? Every specification that is stored, side by side; exploratory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.registry import declared_by_some
from study.analysis.core.results import CANNOT_TELL
from study.analysis.core.words import listed
from study.analysis.questions.ablation.estimands import (
    accuracy_loss,
    control_increase,
    curve_increase,
    increase_under,
    null_increase,
    random_increase,
    random_scale,
)
from study.analysis.questions.ablation.published import TWOFOLD
from study.analysis.questions.ablation.words import CLAMP_WORDS, CONTROL_WORDS
from study.vocabulary.schema import TARGETS
from study.vocabulary.seeding import stream

AS_PUBLISHED = "as published"
SAME, OPPOSITE = "same conclusion", "opposite conclusion"
TOP_COSTS_MORE, BOTTOM_COSTS_MORE = "the more selective half costs more", "the less selective half costs more"
CURVE_FRACTIONS = (0.1, 0.25, 0.75, 0.9)
COLUMNS = (
    "layer",
    "specification",
    "answer",
    "effect",
    "ci_low",
    "ci_high",
    "unit",
    "pvalue_unadjusted",
    "networks",
    "undefined",
    "ratio",
    "above_twofold",
    "in_sd",
    "low_in_sd",
    "high_in_sd",
    "in_the_claim",
)
NAT, ACCURACY, RANDOM_HALVES = "nat", "share of images", "random halves"


@dataclass(frozen=True)
class Specification:
    """One way to analyse the ablation.

    `costs` is what ablating the `top` and the `bottom` units costs each network, (network, layer, target) in `unit`;
    NaN where nothing was ablated.
    """

    name: str
    unit: str
    costs: xr.DataArray


def specifications(study: xr.DataTree) -> tuple[Specification, ...]:
    """Return the analysis as published, then every other specification, each of which changes one thing about it.

    A clamp that the study did not use is left out.
    """
    ablation = study["ablation"].to_dataset()
    halves = ablation["half_size"] > 0
    as_published = increase_under(study, "output_zero").where(halves)
    clamps = [
        Specification(CLAMP_WORDS[clamp], NAT, increase_under(study, clamp).where(halves))
        for clamp in ablation["clamp"].values.tolist()
        if clamp != "output_zero"
    ]
    on_null = null_increase(study).where(halves)
    against_random = pair(on_null.sel(target="top", drop=True), random_increase(study).where(halves))
    controls = control_increase(study)
    return (
        Specification(AS_PUBLISHED, NAT, as_published),
        *clamps,
        Specification(
            "accuracy in place of loss",
            ACCURACY,
            accuracy_loss(study).sel(clamp="output_zero", drop=True).where(halves),
        ),
        Specification("on the images of the random halves", NAT, on_null),
        Specification("in units of random halves (registered)", RANDOM_HALVES, on_null / random_scale(study)),
        Specification("a random half in place of the less selective one", NAT, against_random),
        *(
            Specification(CONTROL_WORDS[control], NAT, controls.sel(control=control, drop=True))
            for control in controls["control"].values.tolist()
        ),
        *_curve_specifications(study),
    )


def pair(top: xr.DataArray, bottom: xr.DataArray) -> xr.DataArray:
    """Return two sides as one array with dimension `target`."""
    return xr.concat([top, bottom], dim=xr.Variable("target", list(TARGETS)))


def _curve_specifications(study: xr.DataTree) -> Iterator[Specification]:
    """Yield the cost of so many of the most selective units against as many of the least selective ones."""
    curves = curve_increase(study)
    costs = pair(curves.sel(order="descending", drop=True), curves.sel(order="ascending", drop=True))
    for fraction in CURVE_FRACTIONS:
        place = int(np.abs(costs["fraction"].values - fraction).argmin())
        fraction_there = float(costs["fraction"].values[place])
        yield Specification(
            f"{100 * fraction_there:.0f} % of the units in place of half", NAT, costs.isel(fraction=place, drop=True)
        )
    yield Specification("mean over all fractions of the units", NAT, costs.mean("fraction"))


def answer(low: float, high: float, *, claimed: bool) -> str:
    """Return what an interval of the effect says: above 0, below 0, or neither.

    In the layers of the paper's claim that is "same conclusion" or "opposite conclusion", elsewhere, where the paper
    claims nothing, which half costs more. An undefined interval, or one that holds or touches 0, cannot tell.
    """
    above, below = (SAME, OPPOSITE) if claimed else (TOP_COSTS_MORE, BOTTOM_COSTS_MORE)
    if low > 0:
        return above
    return below if high < 0 else CANNOT_TELL


def ratio_of_means(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> float:
    """Return mean(top) / mean(bottom) over networks, as the paper computes it; NaN unless both means are positive."""
    if not len(top):
        return math.nan
    above, below = float(top.mean()), float(bottom.mean())
    return above / below if above > 0 and below > 0 else math.nan


def conclusions_table(
    study: xr.DataTree, claimed: Sequence[str], *, root_seed: int, layers: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return one row a layer and specification: its effect over networks, and what it says of the paper's conclusion.

    Of all ablated layers, or of those among `layers`; the layers of the paper's claim first.

    `effect` is the mean over networks of cost(top) - cost(bottom) in `unit`, with a 95 % bootstrap interval, a
    two-sided sign-flip p that is not adjusted, the number of `networks` and of those `undefined`; `in_sd`, `low_in_sd`
    and `high_in_sd` are the same over the standard deviation over networks, so that specifications in different units can
    share an axis (NaN where that is 0); `ratio` is `ratio_of_means`.
    """
    every = specifications(study)
    measured = every[0].costs["layer"].values.tolist()
    chosen = measured if layers is None else [layer for layer in measured if layer in layers]
    ordered = sorted(chosen, key=lambda layer: layer not in claimed)
    rows = [
        _conclusion(specification, layer, claimed=layer in claimed, root_seed=root_seed)
        for layer in ordered
        for specification in every
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def further_table(study: xr.DataTree, claimed: Sequence[str], *, root_seed: int) -> pd.DataFrame:
    """Return the same of what other questions measured of the ablation, behind the analysis as published.

    Each of them declares its rows in its folder, in `conclusion_rows.py`; one that the study has no measurement of is left
    out. In the layers of the paper's claim alone. Only costs in nats have a ratio: that of two slopes or effects says nothing.
    """
    every = [
        *specifications(study)[:1],
        *(
            row
            for question, rows_of in declared_by_some("conclusion_rows", "ROWS").items()
            if question in study.children
            for row in rows_of(study)
        ),
    ]
    table = [
        _conclusion(specification, layer, claimed=True, root_seed=root_seed)
        for layer in claimed
        for specification in every
        if layer in specification.costs["layer"].values.tolist()
    ]
    no_ratio = {"ratio": math.nan, "above_twofold": "undefined"}
    rows = [row if row["unit"] == NAT else row | no_ratio for row in table]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _conclusion(specification: Specification, layer: str, *, claimed: bool, root_seed: int) -> dict[str, object]:
    costs = specification.costs.sel(layer=layer).transpose("network", "target").values
    top, bottom = costs[np.isfinite(costs).all(axis=1)].T
    values, n = top - bottom, len(top)
    rng = stream(root_seed, "ablation readings", f"{specification.name}/{layer}")
    interval = stats.mean_interval(values, confidence_level=0.95, n_resamples=2000, method="BCa", rng=rng)
    test = stats.sign_flip_test(values, null_value=0.0, alternative="two-sided", n_resamples=9999, rng=rng)
    mean = float(values.mean()) if n else math.nan
    spread = float(values.std(ddof=1)) if n > 1 else math.nan
    scale = spread if spread > 0 else math.nan
    ratio = ratio_of_means(top, bottom)
    return {
        "layer": layer,
        "specification": specification.name,
        "answer": answer(interval.low, interval.high, claimed=claimed),
        "effect": mean,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "unit": specification.unit,
        "pvalue_unadjusted": test.pvalue,
        "networks": n,
        "undefined": len(costs) - n,
        "ratio": ratio,
        "above_twofold": "undefined" if math.isnan(ratio) else "yes" if ratio > TWOFOLD else "no",
        "in_sd": stats.standardized_mean(values),
        "low_in_sd": interval.low / scale,
        "high_in_sd": interval.high / scale,
        "in_the_claim": claimed,
    }


def conclusions_sentence(table: pd.DataFrame, claimed: Sequence[str]) -> str:
    """Return in words how many specifications say what in each layer of the paper's claim."""
    of_claim = table[table["layer"].isin(claimed)]
    if of_claim.empty:
        return f"None of {listed(claimed)} was ablated in this study, so nothing can be said of the paper's claim."
    parts = []
    for layer, rows in of_claim.groupby("layer", sort=False):
        counts = rows["answer"].value_counts()
        said = ", ".join(f"{kind} {int(counts.get(kind, 0))}" for kind in (SAME, OPPOSITE, CANNOT_TELL))
        parts.append(f"{layer}: of {len(rows)} specifications, {said}")
    return f"Would the conclusion change? {'; '.join(parts)}. Exploratory: no p-value there is adjusted."

"""Would the paper's conclusion on ablation change? Every reading of it that is stored, side by side; exploratory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.results import CANNOT_TELL
from study.analysis.questions.ablation.effects import (
    accuracy_loss,
    control_increase,
    curve_increase,
    increase_under,
    null_increase,
    random_increase,
    random_scale,
)
from study.vocabulary.schema import TARGETS
from study.vocabulary.seeding import stream

TWOFOLD = 2.0  # the paper marks a layer where the ratio of mean increases exceeds this
CLAIMED = ("conv2", "conv3")  # where the paper finds that the more selective half costs more
AS_PUBLISHED = "as published"
SAME, OPPOSITE = "same conclusion", "opposite conclusion"
TOP_COSTS_MORE, BOTTOM_COSTS_MORE = "the more selective half costs more", "the less selective half costs more"
CURVE_FRACTIONS = (0.1, 0.25, 0.75, 0.9)
CLAMP_WORDS = {
    "output_zero": "output set to zero",
    "relu_zero": "response set to zero",
    "mean": "output held at its mean",
    "resample": "output taken from another image",
}
CONTROL_WORDS = {
    "class_selectivity": "halves by class selectivity",
    "matched_activity": "halves alike in mean activity",
    "matched_activity_sd": "halves alike in variation of activity",
    "matched_weight_norm": "halves alike in weight norm",
}
COLUMNS = (
    "layer",
    "reading",
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
class Reading:
    """One way to ask the question.

    `costs` is what silencing the `top` and the `bottom` units costs each network, (network, layer, target) in `unit`;
    NaN where nothing was silenced.
    """

    name: str
    unit: str
    costs: xr.DataArray


def readings(study: xr.DataTree) -> tuple[Reading, ...]:
    """Return the analysis as published, then every other reading, each of which changes one thing about it.

    A clamp that the study did not use is left out.
    """
    ablation = study["ablation"].to_dataset()
    halves = ablation["half_size"] > 0
    as_published = increase_under(study, "output_zero").where(halves)
    clamps = [
        Reading(CLAMP_WORDS[clamp], NAT, increase_under(study, clamp).where(halves))
        for clamp in ablation["clamp"].values.tolist()
        if clamp != "output_zero"
    ]
    on_null = null_increase(study).where(halves)
    against_random = _pair(on_null.sel(target="top", drop=True), random_increase(study).where(halves))
    controls = control_increase(study)
    return (
        Reading(AS_PUBLISHED, NAT, as_published),
        *clamps,
        Reading(
            "accuracy in place of loss",
            ACCURACY,
            accuracy_loss(study).sel(clamp="output_zero", drop=True).where(halves),
        ),
        Reading("on the images of the random halves", NAT, on_null),
        Reading("in units of random halves (registered)", RANDOM_HALVES, on_null / random_scale(study)),
        Reading("a random half in place of the less selective one", NAT, against_random),
        *(
            Reading(CONTROL_WORDS[control], NAT, controls.sel(control=control, drop=True))
            for control in controls["control"].values.tolist()
        ),
        *_curve_readings(study),
    )


def _pair(top: xr.DataArray, bottom: xr.DataArray) -> xr.DataArray:
    """Return two sides as one array with dimension `target`."""
    return xr.concat([top, bottom], dim=xr.Variable("target", list(TARGETS)))


def _curve_readings(study: xr.DataTree) -> Iterator[Reading]:
    """Yield the cost of so many of the most selective units against as many of the least selective ones."""
    curves = curve_increase(study)
    costs = _pair(curves.sel(order="descending", drop=True), curves.sel(order="ascending", drop=True))
    for fraction in CURVE_FRACTIONS:
        place = int(np.abs(costs["fraction"].values - fraction).argmin())
        found = float(costs["fraction"].values[place])
        yield Reading(f"{100 * found:.0f} % of the units in place of half", NAT, costs.isel(fraction=place, drop=True))
    yield Reading("mean over all fractions of the units", NAT, costs.mean("fraction"))


def answer(layer: str, low: float, high: float) -> str:
    """Return what an interval of the effect says: above 0, below 0, or neither.

    In the layers of the paper's claim that is "same conclusion" or "opposite conclusion", elsewhere, where the paper
    claims nothing, which half costs more. An undefined interval, or one that holds or touches 0, cannot tell.
    """
    above, below = (SAME, OPPOSITE) if layer in CLAIMED else (TOP_COSTS_MORE, BOTTOM_COSTS_MORE)
    if low > 0:
        return above
    return below if high < 0 else CANNOT_TELL


def ratio_of_means(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> float:
    """Return mean(top) / mean(bottom) over networks, as the paper computes it; NaN unless both means are positive."""
    if not len(top):
        return math.nan
    above, below = float(top.mean()), float(bottom.mean())
    return above / below if above > 0 and below > 0 else math.nan


def conclusions_table(study: xr.DataTree, *, layers: Sequence[str] | None = None) -> pd.DataFrame:
    """Return one row a layer and reading: its effect over networks, and what it says of the paper's conclusion.

    Of all layers that were silenced, or of those among `layers`; the layers of the paper's claim first.

    `effect` is the mean over networks of cost(top) - cost(bottom) in `unit`, with a 95 % bootstrap interval, a
    two-sided sign-flip p that is not adjusted, the number of `networks` and of those `undefined`; `in_sd`, `low_in_sd`
    and `high_in_sd` are the same over the standard deviation over networks, so that readings in different units can
    share an axis (NaN where that is 0); `ratio` is `ratio_of_means`.
    """
    asked = readings(study)
    measured = asked[0].costs["layer"].values.tolist()
    chosen = measured if layers is None else [layer for layer in measured if layer in layers]
    ordered = sorted(chosen, key=lambda layer: layer not in CLAIMED)
    return pd.DataFrame([_conclusion(reading, layer) for layer in ordered for reading in asked], columns=list(COLUMNS))


def _conclusion(reading: Reading, layer: str) -> dict[str, object]:
    costs = reading.costs.sel(layer=layer).transpose("network", "target").values
    top, bottom = costs[np.isfinite(costs).all(axis=1)].T
    values, n = top - bottom, len(top)
    rng = stream(0, "ablation readings", f"{reading.name}/{layer}")
    interval = stats.mean_interval(values, confidence_level=0.95, n_resamples=2000, method="BCa", rng=rng)
    test = stats.sign_flip_test(values, null_value=0.0, alternative="two-sided", n_resamples=9999, rng=rng)
    mean = float(values.mean()) if n else math.nan
    spread = float(values.std(ddof=1)) if n > 1 else math.nan
    scale = spread if spread > 0 else math.nan
    ratio = ratio_of_means(top, bottom)
    return {
        "layer": layer,
        "reading": reading.name,
        "answer": answer(layer, interval.low, interval.high),
        "effect": mean,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "unit": reading.unit,
        "pvalue_unadjusted": test.pvalue,
        "networks": n,
        "undefined": len(costs) - n,
        "ratio": ratio,
        "above_twofold": "undefined" if math.isnan(ratio) else "yes" if ratio > TWOFOLD else "no",
        "in_sd": mean / scale,
        "low_in_sd": interval.low / scale,
        "high_in_sd": interval.high / scale,
        "in_the_claim": layer in CLAIMED,
    }


def conclusions_sentence(table: pd.DataFrame) -> str:
    """Return in words how many readings say what in each layer of the paper's claim."""
    claimed = table[table["layer"].isin(CLAIMED)]
    if claimed.empty:
        return "Neither conv2 nor conv3 was silenced in this study, so nothing can be said of the paper's claim."
    parts = []
    for layer, rows in claimed.groupby("layer", sort=False):
        counts = rows["answer"].value_counts()
        said = ", ".join(f"{kind} {int(counts.get(kind, 0))}" for kind in (SAME, OPPOSITE, CANNOT_TELL))
        parts.append(f"{layer}: of {len(rows)} readings, {said}")
    return f"Would the conclusion change? {'; '.join(parts)}. Exploratory: no p-value there is adjusted."

"""The tables behind the figures on ablation: means over networks with 95 % bootstrap intervals, and what is left out."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.question import drawn_networks
from study.analysis.questions.ablation.effects import (
    accuracy_loss,
    control_effect,
    curve_distance,
    curve_increase,
    effect,
    half_difference,
    half_responses,
    log2_ratio,
    loss_increase,
    random_scale,
    response_contrast,
    standardized_effect,
)
from study.analysis.questions.ablation.variants import CLAIMED, CLAMP_WORDS, CONTROL_WORDS, TWOFOLD
from study.vocabulary.seeding import stream

HALF_WORDS = {"top": "more selective half", "bottom": "less selective half"}
ORDER_WORDS = {
    "descending": "most selective first",
    "ascending": "least selective first",
    "random": "in random order",
}
BY_GOSI, BY_CHANCE = "halves by gOSI", "random halves (mean and 95 % range)"
DISTANCES = (("descending", "ascending"), ("descending", "random"), ("random", "ascending"))
UNIT_QUANTITIES = {
    "mean_activity": "mean activity",
    "activity_sd": "variation of activity",
    "mean_output": "distance of the mean output from zero",
    "weight_norm": "weight norm",
    "class_selectivity": "class selectivity",
}


def over_networks(values: NDArray[np.float64], purpose: str, *, n_resamples: int = 2000) -> dict[str, float]:
    """Return the mean of the networks' defined values, its 95 % bootstrap interval, and how many are in it or not."""
    defined = values[np.isfinite(values)]
    interval = stats.mean_interval(
        defined, confidence_level=0.95, n_resamples=n_resamples, method="BCa", rng=stream(0, "figure", purpose)
    )
    return {
        "value": float(defined.mean()) if defined.size else math.nan,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "networks": int(defined.size),
        "undefined": int(values.size - defined.size),
    }


def bars_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the increase of test loss per layer, clamp and half; `asterisk` marks a ratio of means above 2."""
    increase = loss_increase(study)
    means = increase.mean("network")
    top, bottom = (means.sel(target=target, drop=True) for target in ("top", "bottom"))
    marked = top / bottom.where(bottom > 0) > TWOFOLD
    rows = _half_rows(increase, "loss_increase")
    for row in rows:
        row["asterisk"] = bool(marked.sel(clamp=row["clamp"], layer=row["layer"]))
    return _in_words(rows)


def accuracy_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the loss of test accuracy, in percentage points, per layer, clamp and half."""
    return _in_words(_half_rows(100 * accuracy_loss(study), "accuracy_loss"))


def _half_rows(costs: xr.DataArray, column: str) -> list[dict[str, object]]:
    rows = []
    for clamp in costs["clamp"].values.tolist():
        for layer in costs["layer"].values.tolist():
            for target in HALF_WORDS:
                values = costs.sel(clamp=clamp, layer=layer, target=target).values
                found = over_networks(values, f"{clamp}/{layer}/{target}")
                rows.append(
                    {
                        "layer": layer,
                        "clamp": clamp,
                        "target": target,
                        column: found["value"],
                        "ci_low": found["ci_low"],
                        "ci_high": found["ci_high"],
                    }
                )
    return rows


def _in_words(rows: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    return table.assign(clamp=table["clamp"].map(CLAMP_WORDS), target=table["target"].map(HALF_WORDS))


def null_table(study: xr.DataTree) -> pd.DataFrame:
    """Return each network's effect in units of its random halves, and their mean per layer."""
    z = standardized_effect(study)
    drawn = z.isel(network=drawn_networks(study))
    rows = []
    for layer in z["layer"].values.tolist():
        for network, augmentation, value in zip(
            drawn["network"].values, drawn["augmentation"].values, drawn.sel(layer=layer).values, strict=True
        ):
            rows.append((layer, str(network), str(augmentation), float(value), "network", np.nan, np.nan))
        mean = over_networks(z.sel(layer=layer).values, f"null/{layer}")
        rows.append((layer, "mean", "all", mean["value"], "mean", mean["ci_low"], mean["ci_high"]))
    return pd.DataFrame(rows, columns=["layer", "network", "augmentation", "z", "kind", "ci_low", "ci_high"])


def _dots(columns: Iterable[tuple[str, str, float, xr.DataArray]], layers: list[str]) -> pd.DataFrame:
    """Return a row a layer for each (quantity, series, value of reference, values of (network, layer))."""
    rows = [
        {
            "layer": layer,
            "quantity": quantity,
            "series": series,
            **over_networks(values.sel(layer=layer).values, f"{quantity}/{series}/{layer}"),
            "reference": reference,
        }
        for quantity, series, reference, values in columns
        for layer in layers
    ]
    return pd.DataFrame(rows)


def _layers(study: xr.DataTree) -> list[str]:
    layers: list[str] = study["ablation"].to_dataset()["layer"].values.tolist()
    return layers


def silence_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the halves' mean grating response and their contrast, the registered estimand, per layer."""
    responses = half_responses(study)
    halves = [
        ("mean response to gratings (activation)", words, math.nan, responses.sel(target=target, drop=True))
        for target, words in HALF_WORDS.items()
    ]
    contrast = ("contrast of the two: (more - less) / (more + less)", "contrast", 0.0, response_contrast(study))
    return _dots([*halves, contrast], _layers(study))


def clamps_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the halves' difference of test loss, and the log2 of their ratio, per layer and clamp."""
    clamps = study["ablation"].to_dataset()["clamp"].values.tolist()
    return _dots(
        [
            *(("difference of test loss (nat)", CLAMP_WORDS[clamp], 0.0, effect(study, clamp)) for clamp in clamps),
            *(
                ("log2 of the ratio of increases", CLAMP_WORDS[clamp], 1.0, log2_ratio(study, clamp))
                for clamp in clamps
            ),
        ],
        _layers(study),
    )


def rivals_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the effect of halves by gOSI and of the controls' halves, in units of random halves, per layer.

    The row of random halves holds 0, which their mean is by symmetry, and where 95 % of means over as many networks lie.
    """
    controls = control_effect(study)
    quantity, layers = "difference of loss (units of random halves)", _layers(study)
    table = _dots(
        [
            (quantity, BY_GOSI, 0.0, standardized_effect(study)),
            *(
                (quantity, CONTROL_WORDS[control], 0.0, controls.sel(control=control, drop=True))
                for control in controls["control"].values.tolist()
            ),
        ],
        layers,
    )
    chance = [
        {"layer": layer, "quantity": quantity, "series": BY_CHANCE, **_by_chance(study, layer), "reference": 0.0}
        for layer in layers
    ]
    return pd.concat([table, pd.DataFrame(chance)], ignore_index=True)


def _by_chance(study: xr.DataTree, layer: str, *, n_resamples: int = 2000) -> dict[str, float]:
    """Return the middle 95 % of the mean over networks when each network's halves are one of its random splits."""
    null = (study["ablation"].to_dataset()["null_effect"] / random_scale(study)).sel(layer=layer)
    values = null.transpose("network", "draw").values
    defined = values[np.isfinite(values).all(axis=1)]
    low = high = math.nan
    if len(defined):
        rng = stream(0, "random halves", layer)
        draws = rng.integers(0, defined.shape[1], (n_resamples, len(defined)))
        signs = 2.0 * rng.integers(0, 2, draws.shape) - 1.0  # a split and its mirror image are equally likely
        low, high = np.quantile((signs * defined[np.arange(len(defined)), draws]).mean(axis=1), (0.025, 0.975))
    return {
        "value": 0.0 if len(defined) else math.nan,
        "ci_low": float(low),
        "ci_high": float(high),
        "networks": len(defined),
        "undefined": len(values) - len(defined),
    }


def differences_table(study: xr.DataTree) -> pd.DataFrame:
    """Return what the halves by gOSI differ in beside gOSI, in standard deviations over their units, per layer."""
    activity = study["activity"].to_dataset()[list(UNIT_QUANTITIES)]
    activity["mean_output"] = abs(activity["mean_output"])
    differences = half_difference(study, activity.to_dataarray("quantity"))
    quantity = "more minus less selective half (standard deviations over units)"
    return _dots(
        [(quantity, words, 0.0, differences.sel(quantity=name, drop=True)) for name, words in UNIT_QUANTITIES.items()],
        _layers(study),
    )


def curves_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the increase of loss per layer, order and fraction silenced; fractions of no unit at all are left out."""
    increase = curve_increase(study)
    rows = []
    for layer in increase["layer"].values.tolist():
        for order, words in ORDER_WORDS.items():
            curve = increase.sel(layer=layer, order=order).transpose("fraction", "network")
            for fraction, values in zip(curve["fraction"].values.tolist(), curve.values, strict=True):
                found = over_networks(values, f"curve/{layer}/{order}/{fraction:.2f}", n_resamples=1000)
                rows.append(
                    (layer, words, fraction, found["value"], found["ci_low"], found["ci_high"], found["networks"])
                )
    columns = ["layer", "order", "fraction", "loss_increase", "ci_low", "ci_high", "networks"]
    return pd.DataFrame(rows, columns=columns)


def distances_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the mean distance between two orders' curves, for each pair of orders, per layer."""
    quantity = "mean distance between the curves (nat)"
    return _dots(
        [
            (quantity, f"{ORDER_WORDS[above]}, minus {ORDER_WORDS[below]}", 0.0, curve_distance(study, above, below))
            for above, below in DISTANCES
        ],
        _layers(study),
    )


def classes_table(study: xr.DataTree) -> pd.DataFrame:
    """Return what either half costs the images of each class, in the layers of the paper's claim that were silenced.

    `accuracy_loss` in percentage points with its interval, `loss_increase` in nat; clamped to output zero. Classes are
    called by the attribute `class_names` of the ablation group where there is one, by their number otherwise.
    """
    ablation = study["ablation"].to_dataset()
    ablation = ablation.sel(
        clamp="output_zero", layer=[layer for layer in CLAIMED if layer in ablation["layer"].values]
    )
    accuracy = 100 * (ablation["baseline_class_accuracy"] - ablation["class_accuracy"])
    loss = (ablation["class_loss"] - ablation["baseline_class_loss"]).mean("network")
    rows = []
    for layer in ablation["layer"].values.tolist():
        for place, name in enumerate(_class_names(study)):
            for target, words in HALF_WORDS.items():
                chosen = {"layer": layer, "target": target}
                found = over_networks(
                    accuracy.sel(chosen).isel({"class": place}).values, f"class/{layer}/{target}/{place}"
                )
                rows.append(
                    (
                        layer,
                        name,
                        words,
                        found["value"],
                        found["ci_low"],
                        found["ci_high"],
                        float(loss.sel(chosen).isel({"class": place})),
                        found["networks"],
                    )
                )
    columns = ["layer", "class", "target", "accuracy_loss", "ci_low", "ci_high", "loss_increase", "networks"]
    return pd.DataFrame(rows, columns=columns)


def _class_names(study: xr.DataTree) -> list[str]:
    """Return what the classes are called, in their order."""
    numbers = study["ablation"].to_dataset()["class"].values.tolist()
    names = study["ablation"].attrs.get("class_names")
    return [str(name) for name in (numbers if names is None or len(names) != len(numbers) else names)]

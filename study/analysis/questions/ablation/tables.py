"""The tables behind the figures on ablation: means over networks with 95 % bootstrap intervals, and what is left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.layers import tuning_of
from study.analysis.core.means import NetworkMean, mean_over_networks
from study.analysis.core.networks import drawn_networks
from study.analysis.questions.ablation.estimands import (
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
from study.analysis.questions.ablation.published import TWOFOLD
from study.analysis.questions.ablation.words import CLAMP_WORDS, CONTROL_WORDS, HALF_WORDS, ORDER_WORDS, UNIT_QUANTITIES
from study.vocabulary.schema import class_names_of
from study.vocabulary.seeding import stream

BY_GOSI, BY_CHANCE = "halves by gOSI", "random halves (mean and 95 % range)"
SPARSENESS = "gosi_null_mean"
DISTANCES = (("descending", "ascending"), ("descending", "random"), ("random", "ascending"))


def _mean(values: NDArray[np.float64], purpose: str, root_seed: int, *, n_resamples: int = 2000) -> NetworkMean:
    return mean_over_networks(values, rng=stream(root_seed, "figure", purpose), n_resamples=n_resamples)


def bars_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the increase of test loss per layer, clamp and half; `twofold` marks a ratio of means above 2."""
    increase = loss_increase(study)
    means = increase.mean("network")
    top, bottom = (means.sel(target=target, drop=True) for target in ("top", "bottom"))
    marked = top / bottom.where(bottom > 0) > TWOFOLD
    rows = _half_rows(increase, "loss_increase", root_seed)
    for row in rows:
        row["twofold"] = bool(marked.sel(clamp=row["clamp"], layer=row["layer"]))
    return _in_words(rows)


def accuracy_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the loss of test accuracy, in percentage points, per layer, clamp and half."""
    return _in_words(_half_rows(100 * accuracy_loss(study), "accuracy_loss", root_seed))


def _half_rows(costs: xr.DataArray, column: str, root_seed: int) -> list[dict[str, object]]:
    rows = []
    for clamp in costs["clamp"].values.tolist():
        for layer in costs["layer"].values.tolist():
            for target in HALF_WORDS:
                values = costs.sel(clamp=clamp, layer=layer, target=target).values
                mean = _mean(values, f"{clamp}/{layer}/{target}", root_seed)
                rows.append(
                    {
                        "layer": layer,
                        "clamp": clamp,
                        "target": target,
                        column: mean.mean,
                        "ci_low": mean.low,
                        "ci_high": mean.high,
                    }
                )
    return rows


def _in_words(rows: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    return table.assign(clamp=table["clamp"].map(CLAMP_WORDS), target=table["target"].map(HALF_WORDS))


def null_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return each network's effect in units of its random halves, and their mean per layer."""
    z = standardized_effect(study)
    drawn = z.isel(network=drawn_networks(study))
    rows = []
    for layer in z["layer"].values.tolist():
        for network, augmentation, value in zip(
            drawn["network"].values, drawn["augmentation"].values, drawn.sel(layer=layer).values, strict=True
        ):
            rows.append((layer, str(network), str(augmentation), float(value), "network", np.nan, np.nan))
        mean = _mean(z.sel(layer=layer).values, f"null/{layer}", root_seed)
        rows.append((layer, "mean", "all", mean.mean, "mean", mean.low, mean.high))
    return pd.DataFrame(rows, columns=["layer", "network", "augmentation", "z", "kind", "ci_low", "ci_high"])


def _dots(columns: Iterable[tuple[str, str, float, xr.DataArray]], layers: list[str], root_seed: int) -> pd.DataFrame:
    """Return a row a layer for each (quantity, series, value of reference, values of (network, layer))."""
    rows = [
        {
            "layer": layer,
            "quantity": quantity,
            "series": series,
            **_mean(values.sel(layer=layer).values, f"{quantity}/{series}/{layer}", root_seed).columns,
            "reference": reference,
        }
        for quantity, series, reference, values in columns
        for layer in layers
    ]
    return pd.DataFrame(rows)


def _layers(study: xr.DataTree) -> list[str]:
    layers: list[str] = study["ablation"].to_dataset()["layer"].values.tolist()
    return layers


def responses_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the halves' mean grating response and their contrast, the registered estimand, per layer."""
    responses = half_responses(study)
    halves = [
        ("mean response to gratings (activation)", words, math.nan, responses.sel(target=target, drop=True))
        for target, words in HALF_WORDS.items()
    ]
    contrast = ("contrast of the two: (more - less) / (more + less)", "contrast", 0.0, response_contrast(study))
    return _dots([*halves, contrast], _layers(study), root_seed)


def clamps_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
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
        root_seed,
    )


def rivals_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
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
        root_seed,
    )
    chance = [
        {
            "layer": layer,
            "quantity": quantity,
            "series": BY_CHANCE,
            **_by_chance(study, layer, root_seed),
            "reference": 0.0,
        }
        for layer in layers
    ]
    return pd.concat([table, pd.DataFrame(chance)], ignore_index=True)


def _by_chance(study: xr.DataTree, layer: str, root_seed: int, *, n_resamples: int = 2000) -> dict[str, float]:
    """Return the middle 95 % of the mean over networks when each network's halves are one of its random splits."""
    null = (study["ablation"].to_dataset()["null_effect"] / random_scale(study)).sel(layer=layer)
    values = null.transpose("network", "draw").values
    defined = values[np.isfinite(values).all(axis=1)]
    low = high = math.nan
    if len(defined):
        rng = stream(root_seed, "random halves", layer)
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


def differences_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return what the halves by gOSI differ in beside gOSI, in standard deviations over their units, per layer."""
    tuning = tuning_of(study, "analysed").reset_coords("state", drop=True)
    quantities = study["activity"].to_dataset().assign({SPARSENESS: tuning[SPARSENESS]})[list(UNIT_QUANTITIES)]
    quantities["mean_output"] = abs(quantities["mean_output"])
    differences = half_difference(study, quantities.to_dataarray("quantity"))
    quantity = "more minus less selective half (standard deviations over units)"
    return _dots(
        [(quantity, words, 0.0, differences.sel(quantity=name, drop=True)) for name, words in UNIT_QUANTITIES.items()],
        _layers(study),
        root_seed,
    )


def curves_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the increase of loss per layer, order and fraction ablated; fractions of no unit at all are left out."""
    increase = curve_increase(study)
    rows = []
    for layer in increase["layer"].values.tolist():
        for order, words in ORDER_WORDS.items():
            curve = increase.sel(layer=layer, order=order).transpose("fraction", "network")
            for fraction, values in zip(curve["fraction"].values.tolist(), curve.values, strict=True):
                purpose = f"curve/{layer}/{order}/{fraction:.2f}"
                mean = _mean(values, purpose, root_seed, n_resamples=1000)
                rows.append((layer, words, fraction, mean.mean, mean.low, mean.high, mean.networks))
    columns = ["layer", "order", "fraction", "loss_increase", "ci_low", "ci_high", "networks"]
    return pd.DataFrame(rows, columns=columns)


def distances_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the mean distance between two orders' curves, for each pair of orders, per layer."""
    quantity = "mean distance between the curves (nat)"
    return _dots(
        [
            (quantity, f"{ORDER_WORDS[above]}, minus {ORDER_WORDS[below]}", 0.0, curve_distance(study, above, below))
            for above, below in DISTANCES
        ],
        _layers(study),
        root_seed,
    )


def classes_table(study: xr.DataTree, claimed: Sequence[str], *, root_seed: int) -> pd.DataFrame:
    """Return what either half costs the images of each class, in the ablated layers of the claim.

    In all ablated layers where nothing is claimed about this network.
    `accuracy_loss` in percentage points with its interval, `loss_increase` in nat; clamped to output zero. Classes are
    called by the attribute `class_names` of the ablation group where there is one, by their number otherwise.
    """
    ablation = study["ablation"].to_dataset()
    layers = ablation["layer"].values.tolist()
    shown = [layer for layer in claimed if layer in layers] if claimed else layers
    ablation = ablation.sel(clamp="output_zero", layer=shown)
    accuracy = 100 * (ablation["baseline_class_accuracy"] - ablation["class_accuracy"])
    loss = (ablation["class_loss"] - ablation["baseline_class_loss"]).mean("network")
    rows = []
    for layer in ablation["layer"].values.tolist():
        for place, name in enumerate(_class_names(study)):
            for target, words in HALF_WORDS.items():
                chosen = {"layer": layer, "target": target}
                values = accuracy.sel(chosen).isel({"class": place}).values
                mean = _mean(values, f"class/{layer}/{target}/{place}", root_seed)
                increase = float(loss.sel(chosen).isel({"class": place}))
                rows.append((layer, name, words, mean.mean, mean.low, mean.high, increase, mean.networks))
    columns = ["layer", "class", "target", "accuracy_loss", "ci_low", "ci_high", "loss_increase", "networks"]
    return pd.DataFrame(rows, columns=columns)


def _class_names(study: xr.DataTree) -> list[str]:
    """Return what the classes are called, in their order."""
    numbers = study["ablation"].to_dataset()["class"].values.tolist()
    names = class_names_of(study["ablation"].attrs)
    return [str(name) for name in (names if len(names) == len(numbers) else numbers)]

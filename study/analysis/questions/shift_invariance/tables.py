"""The tables behind the figures on shift invariance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.means import mean_over_networks
from study.analysis.core.networks import drawn_networks
from study.analysis.questions.shift_invariance.estimands import (
    INTACT,
    ablated_layers,
    condition,
    last_layer_log_ratio,
    shifts_of,
)
from study.vocabulary.schema import SETS_ABLATED
from study.vocabulary.seeding import stream

COMPARISONS = {
    "top half / intact, as published": ("top", INTACT),
    "top half / random half, registered": ("top", "random"),
    "top half / bottom half": ("top", "bottom"),
    "random half / intact": ("random", INTACT),
}


def _row(values: NDArray[Any], name: str, root_seed: int) -> tuple[float, float, float, int]:
    """Return the mean over the networks that have a value, its interval, and their number."""
    mean = mean_over_networks(values, rng=stream(root_seed, "figure", f"shift/{name}"))
    return mean.mean, mean.low, mean.high, mean.networks


def half_in_words(half: str) -> str:
    """Return what was done to a layer, in words."""
    return INTACT if half == INTACT else f"{half} half ablated"


def layers_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return each layer's mean coefficient of variation by ablated layer and half, over networks."""
    shifts, rows = shifts_of(study), []
    for ablated in ablated_layers(study):
        for layer in shifts["layer"].values.tolist():
            for half in (INTACT, *SETS_ABLATED):
                of_layer = shifts.sel(condition=condition(ablated, half), layer=layer)
                mean = _row(of_layer["cv_mean"].values, f"{ablated}/{layer}/{half}", root_seed)
                inactive = float(of_layer["n_inactive"].mean())
                rows.append((f"{ablated} ablated", layer, half_in_words(half), *mean, inactive))
    columns = ["ablated", "layer", "condition", "cv", "ci_low", "ci_high", "networks", "inactive_components"]
    return pd.DataFrame(rows, columns=columns)


def ratios_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return ratios of the last layer's coefficient of variation: a row for each network drawn, and the geometric mean of all."""
    drawn, frames = drawn_networks(study), []
    for comparison, (half, reference) in COMPARISONS.items():
        ratios = last_layer_log_ratio(study, half, reference)
        for layer in ratios["layer"].values.tolist():
            values = ratios.sel(layer=layer)
            mean, low, high, networks = _row(values.values, f"{comparison}/{layer}", root_seed)
            single = values.isel(network=drawn)
            frames.append(
                pd.DataFrame(
                    {
                        "ablated": f"{layer} ablated",
                        "comparison": comparison,
                        "network": [*single["network"].values.tolist(), "mean"],
                        "augmentation": [*single["augmentation"].values.tolist(), "all"],
                        "kind": [*(["network"] * single.size), "mean"],
                        "ratio": np.exp([*single.values, mean]),
                        "ci_low": [*([np.nan] * single.size), np.exp(low)],
                        "ci_high": [*([np.nan] * single.size), np.exp(high)],
                        "networks": [*([1] * single.size), networks],
                    }
                )
            )
    return pd.concat(frames, ignore_index=True).sort_values("ablated", kind="stable", ignore_index=True)


def consistency_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the share of test images that keep their predicted class, by shift and condition, over networks."""
    consistency, rows = shifts_of(study)["prediction_consistency"], []
    halves = [(layer, half) for layer in ablated_layers(study) for half in SETS_ABLATED]
    for shift in consistency["shift"].values.tolist():
        for layer, half in (("", INTACT), *halves):
            values = consistency.sel(shift=shift, condition=condition(layer, half)).values
            name = INTACT if half == INTACT else f"{layer}, {half_in_words(half)}"
            rows.append(
                (
                    "both shifts" if shift == "both" else f"{shift} shift",
                    name,
                    *_row(values, f"{shift}/{layer}/{half}", root_seed),
                )
            )
    return pd.DataFrame(rows, columns=["shift", "condition", "consistency", "ci_low", "ci_high", "networks"])

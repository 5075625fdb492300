"""Multiverses a test can plant: measurements by other read-outs and sets of gratings, and a made-up curve for the report."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.results import INCONCLUSIVE, NOT_TESTED, OPPOSITE, SUPPORTED, Figure, LayerAgreement
from study.analysis.multiverse.factors import REGISTERED_TUNING, TUNING
from study.vocabulary.schema import GENERALIZATION, STATES, TARGETS

TUNINGS = tuple("/".join(parts) for parts in itertools.product(*TUNING.values()))
OTHER_TUNINGS = tuple(name for name in TUNINGS if name != REGISTERED_TUNING)


def with_other_tunings(
    study: xr.DataTree, *, names: Sequence[str] = OTHER_TUNINGS, gosi: Mapping[str, float] | None = None
) -> xr.DataTree:
    """Return a study that was also measured by other read-outs and gratings, which find what the registered ones do.

    `gosi` adds so much to every unit's gOSI by some of them.
    """
    tuning, ablation = study["tuning"].to_dataset(), study["ablation"].to_dataset()
    tuning = tuning.isel(network=np.flatnonzero(tuning["arm"].values == GENERALIZATION)).sel(state=list(STATES))

    def repeated(values: xr.DataArray) -> xr.DataArray:
        stacked = xr.concat([values] * len(names), dim=xr.Variable("specification", list(names)))
        return stacked.transpose("network", "state", "specification", "unit")

    shift = xr.DataArray(
        [(gosi or {}).get(name, 0.0) for name in names], {"specification": list(names)}, "specification"
    )
    loss = xr.concat([ablation["null_target_loss"]] * len(names), dim=xr.Variable("specification", list(names)))
    same = ("silent", "gosi_null_mean", "gosi_null_selective", "spatial_frequency_range", "spatial_frequency_count")
    others = xr.Dataset(
        {name: repeated(tuning[name]) for name in same}
        | {
            "gosi": (repeated(tuning["gosi"]) + shift).transpose("network", "state", "specification", "unit"),
        }
    )
    losses = xr.Dataset({"target_loss": loss.transpose("network", "specification", "layer", "target")})
    assert others["state"].values.tolist() == list(STATES)
    assert losses["target"].values.tolist() == list(TARGETS)
    groups = {f"/{name}": study[name].to_dataset() for name in study.children}
    return xr.DataTree.from_dict(groups | {"/multiverse": others, "/multiverse_ablation": losses})


def curve_table(layers: Sequence[str] = ("conv1", "conv2", "conv3", "conv4", "fc1")) -> pd.DataFrame:
    """Return a made-up specification curve of 12 specifications in each layer, one of them undefined in the last."""
    rows = []
    for place, layer in enumerate(layers):
        effects = np.linspace(-0.5, 0.8, 12) + 0.1 * place
        for index, effect in enumerate(effects.tolist()):
            undefined = place == len(layers) - 1 and index == 11
            low, high = (np.nan, np.nan) if undefined else (effect - 0.3, effect + 0.3)
            verdict = NOT_TESTED if undefined else SUPPORTED if low > 0 else OPPOSITE if high < 0 else INCONCLUSIVE
            rows.append(
                {
                    "layer": layer,
                    "place": index + 1,
                    "effect": np.nan if undefined else effect,
                    "ci_low": low,
                    "ci_high": high,
                    "says": verdict,
                    "registered": index == 8,
                    "estimate": np.nan if undefined else effect / 2,
                    "unit": "share of units" if index % 3 else "gOSI",
                    "pvalue": np.nan if undefined else 0.01 * (index + 1),
                    "networks": 24,
                    "undefined": 0,
                    "note": "constant input" if undefined else "",
                    "summary": ("mean gOSI", "share above 0.33", "share above 0.5")[index % 3],
                    "control": "own shuffle" if index >= 6 else "none",
                    "gratings": "min max",
                }
            )
    return pd.DataFrame(rows)


def curve_figure() -> Figure:
    """Return the made-up curve as the figure of a question."""
    return Figure(
        id="existence-multiverse",
        chart=Chart.SPECIFICATION_CURVE,
        title="Would another analysis say the same?",
        shows="Exploratory; changes no verdict. 12 of 12 combinations can be computed.",
        supports="A curve above 0 from end to end.",
        contradicts="A curve that crosses 0.",
        table=curve_table(),
    )


AGREEMENT = (
    LayerAgreement("conv1", SUPPORTED, 11, 11, 9, 11, 5),
    LayerAgreement("fc1", NOT_TESTED, 11, 10, 7, 0, 0),
)

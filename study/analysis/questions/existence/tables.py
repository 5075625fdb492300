"""The tables behind the figures on the existence of selective units."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.layers import layer_sums, tuning_of, units_of
from study.analysis.core.networks import drawn_networks
from study.vocabulary.schema import NORMALISED, TUNED_STATES

N_HISTOGRAM_BINS = 20
STATE_NAMES = {state: "normalised" if state == NORMALISED else state for state in TUNED_STATES}  # in charts


def histogram_table(study: xr.DataTree, state: str, *, untrained: str = "") -> pd.DataFrame:
    """Return the shares of units, measured and shuffled, in bins of gOSI: a row per layer and bin.

    All networks' units are pooled, for looking only; silent units are left out.

    Parameters
    ----------
    study
        The measured networks.
    state
        Whose units are counted.
    untrained
        A state before training, whose shares stand beside as `untrained`; none where it is empty.
    """
    tuning = tuning_of(study, state)
    counts = layer_sums(tuning["gosi_null_count"].sum("network"))
    coarse = counts.coarsen(gosi_bin=counts.sizes["gosi_bin"] // N_HISTOGRAM_BINS, coord_func="min").sum()
    edges = np.linspace(0.0, 1.0, N_HISTOGRAM_BINS + 1)
    rows = []
    for layer in coarse["layer"].values.tolist():
        gosi = units_of(tuning["gosi"], layer).values
        measured = np.histogram(gosi[~np.isnan(gosi)], bins=edges)[0]
        shuffled = coarse.sel(layer=layer).values
        beside = {}
        if untrained:
            before = units_of(tuning_of(study, untrained)["gosi"], layer).values
            counted = np.histogram(before[~np.isnan(before)], bins=edges)[0]
            beside = {"untrained": counted / max(counted.sum(), 1)}
        rows.append(
            pd.DataFrame(
                {
                    "layer": layer,
                    "bin_start": edges[:-1],
                    "bin_end": edges[1:],
                    "measured": measured / max(measured.sum(), 1),
                    "shuffled": shuffled / max(shuffled.sum(), 1),
                    **beside,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def example_curves(study: xr.DataTree, layers: Iterable[str]) -> pd.DataFrame:
    """Return tuning curves of five units in each of some layers of the first network, from low to high gOSI."""
    tuning = tuning_of(study, "analysed").isel(network=0)
    rows = []
    for layer in layers:
        members = np.flatnonzero((tuning["layer"].values == layer) & ~tuning["silent"].values)
        ordered = members[np.argsort(tuning["gosi"].values[members], kind="stable")]
        for unit in dict.fromkeys(ordered[np.linspace(0, len(ordered) - 1, min(5, len(ordered))).round().astype(int)]):
            one = tuning.isel(unit=unit)
            rows.append(
                pd.DataFrame(
                    {
                        "layer": layer,
                        "unit": f"{layer} #{int(one['channel'])}",
                        "orientation": tuning["orientation"].values,
                        "response": one["tuning_curve"].values.astype(float),
                        "gosi": float(one["gosi"]),
                    }
                )
            )
    columns = ["layer", "unit", "orientation", "response", "gosi"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def state_table(study: xr.DataTree, value: Callable[[xr.Dataset], xr.DataArray]) -> pd.DataFrame:
    """Return a layer's value in every state: a row for each network drawn, and one for the mean over all networks.

    Parameters
    ----------
    study
        The measured networks.
    value
        The tuning in one state to (network, layer); it stands in the column `gosi`.
    """
    frames = []
    for state in TUNED_STATES:
        values = value(tuning_of(study, state)).rename("gosi").reset_coords(drop=True)
        single = values.isel(network=drawn_networks(study)).to_dataframe().reset_index()
        mean = values.mean("network").to_dataframe().reset_index()
        named = STATE_NAMES[state]
        frames.append(single.assign(state=named, kind="network"))
        frames.append(mean.assign(state=named, kind="mean", network="mean"))
    return pd.concat(frames, ignore_index=True)[["layer", "network", "state", "gosi", "kind"]]

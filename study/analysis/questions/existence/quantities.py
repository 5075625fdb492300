"""The words of the axes of this question's estimands, and the measurements that each of them compares."""

from __future__ import annotations

import dataclasses

import xarray as xr

from study.analysis.core.layers import layer_means, tuning_of
from study.analysis.core.point_values import side_by_side
from study.analysis.core.points import Quantity
from study.analysis.questions.existence.estimands import gosi_excess, selective_share

_SELECTIVE = Quantity(
    label="share of selective units beyond that of shuffled responses",
    unit="share of units",
    higher="more selective units than shuffles give",
    lower="fewer selective units",
    sides=("shuffled", "measured"),
    sides_label="share of units with gOSI above 0.33",
)
_SHUFFLED = {"responses": "shuffled responses", "orientations": "shuffled orientations"}


def selective_quantity(measured: str) -> Quantity:
    """Return the words of `selective_excess`; `measured` is what the units' own side is called."""
    return dataclasses.replace(_SELECTIVE, sides=("shuffled", measured))


def selective_sides(tuning: xr.Dataset) -> xr.DataArray:
    """Return the share of selective units among shuffles and as measured: (network, layer, side)."""
    return side_by_side(layer_means(tuning["gosi_null_selective"]), selective_share(tuning))


def gosi_excess_quantity(shuffled: str) -> Quantity:
    """Return the words of `gosi_excess` over shuffled `"responses"` or shuffled `"orientations"`."""
    return Quantity(
        label=f"mean gOSI beyond that of {_SHUFFLED[shuffled]}",
        unit="gOSI",
        higher="more selective than shuffles",
        lower="less selective than shuffles",
        sides=("shuffled", "measured"),
        sides_label="mean gOSI of the layer's units",
        published_alike=shuffled == "responses",
    )


def gosi_sides(study: xr.DataTree, *, null: str) -> xr.DataArray:
    """Return layer-mean gOSI after shuffling and as measured: (network, layer, side)."""
    tuning = tuning_of(study, "analysed")
    return side_by_side(layer_means(tuning[null]), layer_means(tuning["gosi"]))


def training_gain_quantity(before: str) -> Quantity:
    """Return the words of `gosi_excess_gain`; `before` is what the untrained side is called."""
    return Quantity(
        label="gain by training of mean gOSI beyond shuffled responses",
        unit="gOSI",
        higher="more selective after training",
        lower="less selective after training",
        sides=(before, "trained"),
        sides_label="mean gOSI beyond shuffled responses",
    )


def excess_sides(study: xr.DataTree, *, untrained: str) -> xr.DataArray:
    """Return `gosi_excess` before training and after: (network, layer, side)."""
    return side_by_side(*(gosi_excess(tuning_of(study, state), "gosi_null_mean") for state in (untrained, "analysed")))

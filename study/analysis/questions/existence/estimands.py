"""How selective the units of each layer are, beside what their own shuffled responses give."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.layers import layer_means
from study.tuning import SELECTIVE


def selective_share(tuning: xr.Dataset) -> xr.DataArray:
    """Return the share of each layer's units with gOSI above 0.33, silent units left out: (network, layer)."""
    return layer_means((tuning["gosi"] > SELECTIVE).where(~tuning["silent"]))


def selective_excess(tuning: xr.Dataset) -> xr.DataArray:
    """Return `selective_share` minus the same share among the units' own shuffles: (network, layer)."""
    return selective_share(tuning) - layer_means(tuning["gosi_null_selective"])


def gosi_excess(tuning: xr.Dataset, null: str) -> xr.DataArray:
    """Return layer-mean gOSI minus layer-mean shuffled gOSI (noise-corrected gOSI): (network, layer)."""
    return layer_means(tuning["gosi"] - tuning[null])

"""How selective the units of each layer are, beside what their own shuffled responses give."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.layers import layer_means, tuning_of
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


def gosi_excess_gain(study: xr.DataTree, *, untrained: str) -> xr.DataArray:
    """Return `gosi_excess` after training minus before, the same network: (network, layer).

    Parameters
    ----------
    study
        The measured networks.
    untrained
        The state before training: `"initial"`, or `"initial_normalised"` with moments computed from training images.
    """
    after, before = (gosi_excess(tuning_of(study, state), "gosi_null_mean") for state in ("analysed", untrained))
    return after - before

"""From units to layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr


def layer_names(units: xr.DataArray | xr.Dataset) -> list[str]:
    """Return the layers that units belong to, in the network's order."""
    return list(dict.fromkeys(units["layer"].values.tolist()))


def units_of(values: xr.DataArray, layer: str) -> xr.DataArray:
    """Return the part of `values` (..., unit) that belongs to one layer's units."""
    return values.isel(unit=np.flatnonzero(values["layer"].values == layer))


def layer_means(values: xr.DataArray) -> xr.DataArray:
    """Return the mean over each layer's units, dimension `unit` replaced by `layer` in the units' order.

    NaN units (silent ones) are left out; a layer of nothing else gives NaN.
    """
    layers = layer_names(values)
    return xr.concat([units_of(values, layer).mean("unit") for layer in layers], dim=xr.Variable("layer", layers))


def layer_sums(values: xr.DataArray) -> xr.DataArray:
    """Return the sum over each layer's units, dimension `unit` replaced by `layer` in the units' order."""
    layers = layer_names(values)
    return xr.concat([units_of(values, layer).sum("unit") for layer in layers], dim=xr.Variable("layer", layers))


def tuning_of(networks: xr.DataTree, state: str) -> xr.Dataset:
    """Return the tuning of every unit in one state, `"initial"` or `"analysed"`."""
    return networks["tuning"].to_dataset().sel(state=state)


def layer_gosi(networks: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI of the analysed weights, silent units left out: (network, layer)."""
    return layer_means(tuning_of(networks, "analysed")["gosi"]).transpose("network", "layer")


def where_halved(networks: xr.DataTree, values: xr.DataArray) -> xr.DataArray:
    """Return `values` (network, layer, ...), NaN in layers without halves by gOSI: fewer than two units are not silent.

    There both halves are empty, so that ablating them would seem to cost nothing. Where no tuning is stored beside, as in
    studies that are simulated for one question, every layer is taken to have halves.
    """
    if "tuning" not in networks.children:
        return values
    gosi = tuning_of(networks, "analysed")["gosi"]
    tuned = layer_sums(gosi.notnull()).sel(layer=values["layer"].values, network=values["network"].values)
    return values.where(tuned >= 2)


def example_layers(layers: Sequence[str]) -> list[str]:
    """Return a layer a quarter and one two thirds of the way through a network; one where both are the same."""
    return list(dict.fromkeys((layers[len(layers) // 4], layers[2 * len(layers) // 3])))

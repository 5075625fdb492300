"""How much activations vary when the image shifts, with one half or another of a layer's units ablated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from study import stats
from study.analysis.core.layers import layer_means, tuning_of, units_of
from study.analysis.core.point_values import side_by_side

INTACT = "intact"


def shifts_of(study: xr.DataTree) -> xr.Dataset:
    """Return what was measured under shifts."""
    return study["shift_invariance"].to_dataset()


def last_layer(study: xr.DataTree) -> str:
    """Return the last hidden layer, whose variation the question is about: fc1 of the paper's network."""
    name: str = shifts_of(study)["layer"].values.tolist()[-1]
    return name


def ablated_layers(study: xr.DataTree) -> list[str]:
    """Return the layers behind whose ablated halves the last one was watched, in their order; it is itself not behind any."""
    conditions = shifts_of(study)["condition"].values.tolist()
    layers = [name.removesuffix("_top") for name in conditions if name.endswith("_top")]
    return [layer for layer in layers if layer != last_layer(study)]


def _under(values: xr.DataArray, layers: Sequence[str], half: str) -> xr.DataArray:
    """Return what `values` are with one half of each layer ablated, or intact: `condition` replaced by `layer`."""
    names = [condition(layer, half) for layer in layers]
    return values.sel(condition=names).rename(condition="layer").assign_coords(layer=list(layers))


def condition(layer: str, half: str) -> str:
    """Return what the condition is called in which a half of a layer is ablated."""
    return INTACT if half == INTACT else f"{layer}_{half}"


def _has_halves(study: xr.DataTree, layers: Sequence[str]) -> xr.DataArray:
    """Return whether a layer has halves to ablate, which takes two units that respond to gratings: (network, layer)."""
    silent = tuning_of(study, "analysed")["silent"].reset_coords("state", drop=True)
    share = layer_means((~silent).astype(float)).sel(layer=list(layers))
    units = [units_of(silent, layer).sizes["unit"] for layer in layers]
    return share * xr.DataArray(units, {"layer": list(layers)}, "layer") > 1.5  # in whole units


def _compared(values: xr.DataArray, study: xr.DataTree, half: str, reference: str) -> xr.DataArray:
    """Return `values` (network, condition) under a half minus those under a reference: (network, ablated layer)."""
    layers = ablated_layers(study)
    difference = _under(values, layers, half) - _under(values, layers, reference)
    return difference.where(_has_halves(study, layers))


def last_layer_log_ratio(study: xr.DataTree, half: str, reference: str) -> xr.DataArray:
    """Return the log of the last layer's mean coefficient of variation with a half ablated over that under a reference.

    `half` and `reference` are one of `SETS_ABLATED` or "intact". The result is (network, layer), at the layer that is
    ablated; NaN, counted as excluded, where either coefficient is undefined or 0, or the layer has no halves.
    """
    cv = shifts_of(study)["cv_mean"].sel(layer=last_layer(study), drop=True)
    log_cv: xr.DataArray = xr.apply_ufunc(np.log, cv.where(cv > 0))
    return _compared(log_cv, study, half, reference)


def log_variation(study: xr.DataTree, halves: Sequence[str]) -> xr.DataArray:
    """Return the log of the last layer's mean coefficient of variation with each half ablated: (network, layer, side)."""
    cv = shifts_of(study)["cv_mean"].sel(layer=last_layer(study), drop=True)
    layers = ablated_layers(study)
    of_halves = [_under(cv, layers, half).where(_has_halves(study, layers)) for half in halves]
    logarithm: xr.DataArray = xr.apply_ufunc(np.log, side_by_side(*of_halves).where(lambda value: value > 0))
    return logarithm


def depth_correlation(study: xr.DataTree) -> xr.DataArray:
    """Return Spearman's rho over layers of depth and mean coefficient of variation, intact: (network, layer).

    It stands at the last layer. NaN where any layer has no active component.
    """
    cv = shifts_of(study)["cv_mean"].sel(condition=INTACT, drop=True).transpose("network", "layer")
    rho = [stats.spearman(np.arange(cv.sizes["layer"]), row).statistic for row in cv.values]
    return cv.isel(layer=[0]).copy(data=np.array(rho)[:, None]).assign_coords(layer=[last_layer(study)])


def consistency_difference(study: xr.DataTree, half: str, reference: str) -> xr.DataArray:
    """Return prediction consistency, mean over shifts, with a half ablated minus under a reference: (network, layer).

    NaN, counted as excluded, where the layer has no halves.
    """
    consistency = shifts_of(study)["prediction_consistency"].mean("shift")
    return _compared(consistency, study, half, reference)

"""What halves by gOSI and by its rivals cost each network, in units of its own random halves. No inference here.

Values are (network, layer) and further dimensions; NaN where a network has none, which whoever averages must count.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.core.layers import layer_names, units_of
from study.analysis.core.point_values import side_by_side
from study.analysis.questions.ablation.estimands import (
    control_increase,
    difference,
    null_increase,
    random_increase,
    random_scale,
    standardized_effect,
)

GOSI, CLASSES, HELD_OUT = "gosi", "class_selectivity", "gosi_half_of_gratings"


def ranking_increase(study: xr.DataTree) -> xr.DataArray:
    """Return the loss increase of the halves by gOSI and by every rival, in nats: (network, layer, ranking, target).

    On the images of the ablation's random halves, clamped to output zero. NaN where a ranking has no unit in its halves.
    """
    rivals, ablation = study["rivals"].to_dataset(), study["ablation"].to_dataset()
    others = (rivals["ranking_loss"] - ablation["null_baseline_loss"]).where(rivals["ranking_size"] > 0)
    by_gosi = null_increase(study).where(ablation["half_size"] > 0).expand_dims(ranking=[GOSI])
    by_class = control_increase(study).sel(control=CLASSES, drop=True).expand_dims(ranking=[CLASSES])
    joined = xr.concat([by_gosi, others, by_class], "ranking", coords="minimal", compat="override", join="exact")
    return joined.transpose("network", "layer", "ranking", "target")


def ranking_effect(study: xr.DataTree) -> xr.DataArray:
    """Return loss(top) - loss(bottom) of every ranking in units of random halves: (network, layer, ranking).

    The units are those of `study.analysis.questions.ablation.estimands.standardized_effect`.
    """
    return difference(ranking_increase(study)) / random_scale(study)


def effect_of(study: xr.DataTree, ranking: str) -> xr.DataArray:
    """Return `ranking_effect` of one ranking: (network, layer)."""
    return ranking_effect(study).sel(ranking=ranking, drop=True)


def beyond(study: xr.DataTree, rival: str) -> xr.DataArray:
    """Return the effect of the halves by gOSI minus that of the halves by a rival, in units of random halves.

    (network, layer). Both halves of either are of one layer and clamped alike, on the same images.
    """
    return standardized_effect(study) - effect_of(study, rival)


def both_effects(study: xr.DataTree, rival: str) -> xr.DataArray:
    """Return the effects that `beyond` compares: (network, layer, side)."""
    return side_by_side(standardized_effect(study), effect_of(study, rival))


def costs_of(study: xr.DataTree, ranking: str) -> xr.DataArray:
    """Return what the top half, a random half and the bottom half of a ranking cost, in nats: (network, layer, side)."""
    increase = ranking_increase(study).sel(ranking=ranking, drop=True)
    return side_by_side(increase.sel(target="top"), random_increase(study), increase.sel(target="bottom"))


def split_half_correlation(study: xr.DataTree) -> xr.DataArray:
    """Return the correlation over units of gOSI from either half of the gratings: (network, layer).

    Of the units that respond to both; NaN with fewer than three, or where one of them does not vary.
    """
    other = study["other_tuning"].to_dataset()
    first, second = other["gosi_first_half"], other["gosi_second_half"]
    layers = layer_names(first)
    rows = [_correlation(units_of(first, layer).values, units_of(second, layer).values) for layer in layers]
    return xr.DataArray(np.stack(rows, axis=1), dims=("network", "layer"), coords={"layer": layers})


def _correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation of each row, (network,), over the units that are defined in both."""
    both = np.isfinite(x) & np.isfinite(y)
    count = both.sum(axis=1)
    centred = []
    for values in (x, y):
        known = np.where(both, values, 0.0)
        mean = known.sum(axis=1, keepdims=True) / np.maximum(count, 1)[:, None]
        centred.append(np.where(both, known - mean, 0.0))
    products = (centred[0] * centred[1]).sum(axis=1)
    norms = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    known = (count > 2) & (norms > 0)
    return np.asarray(np.divide(products, norms, out=np.full(len(x), np.nan), where=known))

"""What ablating units costs each network, in every way that is stored. No inference here.

Values are (network, layer) and further dimensions; NaN where a network has none, which whoever averages must count. What
has a dimension `block` is the same by block of test images: its mean over blocks is the value of all images.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.core.layers import layer_means, tuning_of
from study.vocabulary.schema import TARGETS

CLAIMED_CLAMPS = ("output_zero", "mean", "resample")  # under each of which one sign is claimed
SIDES = dict(zip(TARGETS, (1, -1), strict=True))  # how `ablated` marks the halves


def loss_increase(study: xr.DataTree) -> xr.DataArray:
    """Return test loss with the target clamped minus intact, in nats: (network, clamp, layer, target)."""
    ablation = study["ablation"].to_dataset()
    return ablation["loss"] - ablation["baseline_loss"]


def accuracy_loss(study: xr.DataTree) -> xr.DataArray:
    """Return test accuracy intact minus with the target clamped, share of images: (network, clamp, layer, target)."""
    ablation = study["ablation"].to_dataset()
    return ablation["baseline_accuracy"] - ablation["accuracy"]


def increase_under(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return `loss_increase` under one clamp: (network, layer, target); NaN where the study did not use that clamp."""
    return loss_increase(study).reindex(clamp=[clamp]).isel(clamp=0, drop=True)


def difference(values: xr.DataArray) -> xr.DataArray:
    """Return top minus bottom: `values` without its dimension `target`."""
    return values.sel(target="top", drop=True) - values.sel(target="bottom", drop=True)


def random_scale(study: xr.DataTree) -> xr.DataArray:
    """Return the root mean square of loss(first) - loss(second) over random splits, in nats: (network, layer).

    A random split and its mirror image are equally likely, so the differences are symmetric about 0 and this is their
    scale; NaN where all of them are 0.
    """
    null = study["ablation"].to_dataset()["null_effect"]
    scale = (null**2).mean("draw") ** 0.5
    return scale.where(scale > 0)


def standardized_effect(study: xr.DataTree) -> xr.DataArray:
    """Return T = loss(top) - loss(bottom) in units of the network's own random halves: (network, layer).

    T and its scale, `random_scale`, are measured on the same images; NaN where there is no scale.
    """
    return difference(study["ablation"].to_dataset()["null_target_loss"]) / random_scale(study)


def standardized_effect_by_block(study: xr.DataTree) -> xr.DataArray:
    """Return `standardized_effect` by block of the null's images, over the scale from all of them: (network, layer, block)."""
    losses = study["ablation"].to_dataset()["null_target_loss_by_block"]
    return difference(losses).rename(null_block="block") / random_scale(study)


def control_effect(study: xr.DataTree) -> xr.DataArray:
    """Return loss(top) - loss(bottom) of the controls' halves, in the same units as `standardized_effect`.

    (network, layer, control); NaN where there is no scale, or where a control has no unit in its halves.
    """
    return difference(control_increase(study)) / random_scale(study)


def null_increase(study: xr.DataTree) -> xr.DataArray:
    """Return the loss increase of the halves by gOSI on the null's images, in nats: (network, layer, target)."""
    ablation = study["ablation"].to_dataset()
    return ablation["null_target_loss"] - ablation["null_baseline_loss"]


def random_increase(study: xr.DataTree) -> xr.DataArray:
    """Return the mean loss increase of random halves on the null's images, in nats: (network, layer)."""
    ablation = study["ablation"].to_dataset()
    return ablation["null_loss"].mean(("draw", "half")) - ablation["null_baseline_loss"]


def control_increase(study: xr.DataTree) -> xr.DataArray:
    """Return the loss increase of the controls' halves on the null's images, in nats: (network, layer, control, target).

    NaN where a control has no unit in its halves: nothing was ablated there.
    """
    ablation = study["ablation"].to_dataset()
    return (ablation["control_loss"] - ablation["null_baseline_loss"]).where(ablation["control_size"] > 0)


def curve_increase(study: xr.DataTree) -> xr.DataArray:
    """Return the loss increase of ablating a fraction of a layer on the null's images, in nats.

    (network, layer, order, fraction); NaN where the fraction rounds to no unit at all.
    """
    ablation = study["ablation"].to_dataset()
    return (ablation["curve_loss"] - ablation["null_baseline_loss"]).where(ablation["curve_size"] > 0)


def curve_distance(study: xr.DataTree, above: str, below: str) -> xr.DataArray:
    """Return the mean over fractions of one order's loss minus another's, in nats: (network, layer).

    The area between the two curves, over the width of the range of fractions; fractions of no unit are left out.
    """
    increase = curve_increase(study)
    return (increase.sel(order=above, drop=True) - increase.sel(order=below, drop=True)).mean("fraction")


def log2_ratio(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return log2 of the top half's loss increase over the bottom half's: (network, layer).

    NaN, counted as excluded, where either increase is not positive: a ratio is then undefined.
    """
    increase = increase_under(study, clamp)
    positive = increase.where(increase > 0)
    ratio = positive.sel(target="top", drop=True) / positive.sel(target="bottom", drop=True)
    logarithm: xr.DataArray = xr.apply_ufunc(np.log2, ratio)
    return logarithm


def effect(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return loss(top) - loss(bottom) on the whole test set, in nats: (network, layer)."""
    return difference(increase_under(study, clamp))


def effect_by_block(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return `effect` by block of test images, in nats: (network, layer, block)."""
    return difference(_increase_by_block(study, clamp))


def log2_ratio_by_block(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return `log2_ratio` by block of test images: (network, layer, block).

    A block's few images may give no ratio, so this is the ratio of all images and, to first order, how far the block's
    increases move it: log2 is linear near the increases that all images give. NaN where `log2_ratio` is.
    """
    by_block = _increase_by_block(study, clamp)
    increase = by_block.mean("block")
    moved: xr.DataArray = difference((by_block - increase) / increase.where(increase > 0)) / np.log(2)
    ratio: xr.DataArray = log2_ratio(study, clamp) + moved
    return ratio


def _increase_by_block(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return `increase_under` by block of test images: (network, layer, target, block)."""
    ablation = study["ablation"].to_dataset()
    increase = ablation["loss_by_block"] - ablation["baseline_loss_by_block"]
    return increase.reindex(clamp=[clamp]).isel(clamp=0, drop=True).rename(test_block="block")


def effect_by_clamp(study: xr.DataTree) -> xr.DataArray:
    """Return `effect` under each of `CLAIMED_CLAMPS`, in nats: (network, layer, condition)."""
    effects = xr.concat([effect(study, clamp) for clamp in CLAIMED_CLAMPS], _condition())
    return effects.transpose("network", "layer", "condition")


def effect_by_clamp_and_block(study: xr.DataTree) -> xr.DataArray:
    """Return `effect_by_clamp` by block of test images, in nats: (network, layer, condition, block)."""
    effects = xr.concat([effect_by_block(study, clamp) for clamp in CLAIMED_CLAMPS], _condition())
    return effects.transpose("network", "layer", "condition", "block")


def _condition() -> xr.Variable:
    return xr.Variable("condition", list(CLAIMED_CLAMPS))


def half_means(study: xr.DataTree, values: xr.DataArray) -> xr.DataArray:
    """Return the mean of a quantity of units over each half by gOSI: (network, layer, target).

    `values` is (network, unit); NaN units are left out, and a half without any other is NaN.
    """
    half = study["halves"].to_dataset()["ablated"]
    means = [layer_means(values.where(half == side)) for side in SIDES.values()]
    return xr.concat(means, dim=xr.Variable("target", list(SIDES)))


def half_responses(study: xr.DataTree) -> xr.DataArray:
    """Return the halves' mean grating response with the analysed weights, in activation: (network, layer, target)."""
    return half_means(study, tuning_of(study, "analysed")["mean_response"].reset_coords("state", drop=True))


def response_contrast(study: xr.DataTree) -> xr.DataArray:
    """Return (top - bottom) / (top + bottom) of the halves' mean grating response, in [-1, 1]: (network, layer)."""
    response = half_responses(study)
    return difference(response) / response.sum("target", skipna=False)


def half_difference(study: xr.DataTree, values: xr.DataArray) -> xr.DataArray:
    """Return the halves' difference in a quantity of units, in its standard deviation over both: (network, layer).

    `values` is (network, unit), or has further dimensions, which stay. NaN where a layer has no half, or where the
    quantity is the same in all its units.
    """
    members = values.where(study["halves"].to_dataset()["ablated"] != 0)
    layer_mean = layer_means(members).sel(layer=members["layer"]).drop_vars("layer")
    variance = layer_means((members - layer_mean) ** 2)
    return difference(half_means(study, values)) / variance**0.5

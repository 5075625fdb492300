"""What halves cost once the network is not merely surprised by their ablation.

Values are (network, layer) and further dimensions, in nats; what has a dimension `block` is the same by block of the null's
images. NaN under re-estimated moments where no batch normalisation lies behind the layer, and where it has no halves by gOSI.
"""

from __future__ import annotations

import xarray as xr

from study.analysis.core.layers import where_halved
from study.analysis.core.point_values import side_by_side
from study.vocabulary.schema import WAYS

OUTPUT_ZERO = WAYS[0]
CLAIMED_WAYS = WAYS[1:]  # under each of which one sign is claimed
RANDOM = "random"  # in place of a target: the mean of the random halves


def need_of(study: xr.DataTree) -> xr.Dataset:
    """Return what was measured of need."""
    return study["need"].to_dataset()


def loss_of(study: xr.DataTree, half: str) -> xr.DataArray:
    """Return the loss with a half ablated, one of `study.vocabulary.schema.TARGETS` or `RANDOM`: (network, layer, way)."""
    losses = need_of(study)
    random = half == RANDOM
    chosen = losses["random_loss"].mean(("draw", "half")) if random else losses["loss"].sel(target=half, drop=True)
    return where_halved(study, chosen)


def top_minus(study: xr.DataTree, reference: str) -> xr.DataArray:
    """Return loss(top) - loss(reference): (network, layer, way)."""
    return loss_of(study, "top") - loss_of(study, reference)


def top_minus_by_block(study: xr.DataTree, reference: str) -> xr.DataArray:
    """Return `top_minus` by block of images: (network, layer, way, block)."""
    losses = need_of(study)
    top = losses["loss_by_block"].sel(target="top", drop=True)
    other = (
        losses["random_loss_by_block"]
        if reference == RANDOM
        else losses["loss_by_block"].sel(target=reference, drop=True)
    )
    return where_halved(study, (top - other).rename(null_block="block"))


def by_way(values: xr.DataArray) -> xr.DataArray:
    """Return the claimed ways of `values` as conditions: `way` replaced by `condition`, behind `layer`."""
    chosen = values.sel(way=list(CLAIMED_WAYS)).rename(way="condition")
    others = [name for name in chosen.dims if name not in ("network", "layer", "condition")]
    return chosen.transpose("network", "layer", "condition", *others)


def sides_by_way(study: xr.DataTree, reference: str) -> xr.DataArray:
    """Return the loss with the top half and with a reference ablated: (network, layer, condition, side)."""
    return by_way(side_by_side(loss_of(study, "top"), loss_of(study, reference)))

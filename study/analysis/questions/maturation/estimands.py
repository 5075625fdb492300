"""Curves of selectivity and of loss in the course of training, and their rank correlation over epochs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study import stats
from study.analysis.core.layers import layer_means

PUBLISHED_EPOCHS = 50


def maturing_gosi(study: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI after each epoch, the untrained network's first: (network, layer, epoch).

    Units silent at an epoch are left out of that epoch's mean; NaN where a layer has no other.
    """
    return curves_of(study["maturation"].to_dataset()["gosi"])


def curves_of(units: xr.DataArray) -> xr.DataArray:
    """Return layer means of a quantity of units over epochs: (network, layer, epoch)."""
    return layer_means(units).transpose("network", "layer", "epoch")


def paired_curves(study: xr.DataTree) -> tuple[xr.DataArray, xr.DataArray]:
    """Return layer-mean gOSI (network, layer, epoch) and validation loss in nats (network, epoch), epochs 1 to 50.

    All epochs where fewer were trained. Epoch 0 has no validation loss. NaN as in `maturing_gosi`.
    """
    loss = study["training"].to_dataset()["validation_loss"].transpose("network", "epoch")
    loss = loss.isel(epoch=np.flatnonzero(loss["epoch"].values <= PUBLISHED_EPOCHS))
    gosi = maturing_gosi(study).reindex(epoch=loss["epoch"].values)
    return xr.align(gosi, loss, join="exact")


def gosi_against_validation_loss(study: xr.DataTree) -> xr.DataArray:
    """Return each network's Spearman's rho over epochs of layer-mean gOSI and validation loss: (network, layer).

    NaN where the layer was silent at one of the epochs, or either curve is constant.
    """
    return correlations(*paired_curves(study))


def correlations(gosi: xr.DataArray, loss: xr.DataArray) -> xr.DataArray:
    """Return Spearman's rho over epochs of each curve (network, layer, epoch) with its network's loss (network, epoch)."""
    rho = [
        [stats.spearman(curve, losses).statistic for curve in curves]
        for curves, losses in zip(gosi.values, loss.values, strict=True)
    ]
    return gosi.isel(epoch=0, drop=True).copy(data=np.array(rho)).rename("rho").drop_attrs()

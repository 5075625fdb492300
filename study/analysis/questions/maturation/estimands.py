"""Curves of selectivity and of loss in the course of training, and their rank correlation over epochs."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

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
    rho = np.einsum("nle,ne->nl", _standard_ranks(gosi.values), _standard_ranks(loss.values))
    return gosi.isel(epoch=0, drop=True).copy(data=np.clip(rho, -1, 1)).rename("rho").drop_attrs()


def residual_curves(study: xr.DataTree) -> tuple[xr.DataArray, xr.DataArray]:
    """Return the curves of `paired_curves` less, at every epoch, their mean over networks.

    What all networks have in common as they train, such as a loss that falls, is gone. A network without a value at an
    epoch is left out of that epoch's mean, and has none there.
    """
    gosi, loss = paired_curves(study)
    return gosi - gosi.mean("network"), loss - loss.mean("network")


def residual_similarities(study: xr.DataTree) -> xr.DataArray:
    """Return Spearman's rho over epochs of each network's residual gOSI with every network's residual loss.

    (network, layer, partner): `partner` is the network whose loss it is, in the order of `network`. NaN where a residual
    curve is undefined at an epoch, or constant.
    """
    gosi, loss = residual_curves(study)
    of_gosi, of_loss = _standard_ranks(gosi.values), _standard_ranks(loss.values)
    rho = np.einsum("nle,pe->nlp", of_gosi, of_loss)
    names = gosi.isel(epoch=0, drop=True).rename("rho").drop_attrs()
    return names.expand_dims(partner=loss["network"].values, axis=-1).copy(data=np.clip(rho, -1, 1))


def link_within_networks(study: xr.DataTree) -> xr.DataArray:
    """Return Spearman's rho over epochs of a network's residual gOSI and its own residual loss: (network, layer).

    The diagonal of `residual_similarities`.
    """
    rho = residual_similarities(study)
    return rho.isel(partner=0, drop=True).copy(data=np.diagonal(rho.values, axis1=0, axis2=2).T)


def _standard_ranks(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return centred ranks over epochs of curves (..., epoch), of length 1; NaN where one is undefined or constant."""
    from scipy.stats import rankdata

    ranks = rankdata(np.where(np.isfinite(curves), curves, np.nan), axis=-1, nan_policy="propagate")
    centred = ranks - ranks.mean(axis=-1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    standard = np.full(centred.shape, np.nan)
    np.divide(centred, length, out=standard, where=length > 0)
    return standard

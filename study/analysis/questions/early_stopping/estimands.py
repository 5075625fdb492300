"""What stopping by selectivity alone costs, in validation loss."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.core.layers import layer_means


def curves(networks: xr.DataTree) -> tuple[xr.DataArray, xr.DataArray]:
    """Return layer-mean gOSI (network, layer, epoch) and validation loss in nats (network, epoch), from epoch 1 on.

    The untrained network (epoch 0) has no validation loss and cannot be chosen. Units silent at an epoch are left out of
    that epoch's mean; NaN where a layer has no other.
    """
    loss = networks["training"].to_dataset()["validation_loss"].transpose("network", "epoch")
    gosi = layer_means(networks["maturation"].to_dataset()["gosi"]).transpose("network", "layer", "epoch")
    return gosi.reindex(epoch=loss["epoch"].values), loss


def chosen_epoch(gosi: xr.DataArray) -> xr.DataArray:
    """Return the epoch with the highest layer-mean gOSI, the first if tied: (network, layer).

    Parameters
    ----------
    gosi
        (network, layer, epoch). Epochs at which it is NaN cannot be chosen; the choice is NaN where all of them are.
    """
    places = gosi.fillna(-np.inf).argmax("epoch")
    epochs = xr.DataArray(gosi["epoch"].values[places.values], dims=places.dims, coords=places.coords)
    return epochs.where(gosi.notnull().any("epoch"))


def loss_at(loss: xr.DataArray, epochs: xr.DataArray) -> xr.DataArray:
    """Return validation loss (network, epoch) at each network's and layer's epoch: (network, layer), NaN without one."""
    places = np.searchsorted(loss["epoch"].values, epochs.fillna(loss["epoch"].values[0]).values)
    values = np.take_along_axis(loss.values, places, axis=1)
    return xr.DataArray(values, dims=epochs.dims, coords=epochs.coords).where(epochs.notnull())


def regret(networks: xr.DataTree) -> xr.DataArray:
    """Return validation loss at the epoch that gOSI chooses minus the lowest of the run, in nats: (network, layer)."""
    gosi, loss = curves(networks)
    return loss_at(loss, chosen_epoch(gosi)) - loss.min("epoch")


def regret_of_last_epoch(networks: xr.DataTree) -> xr.DataArray:
    """Return validation loss at the last epoch minus the lowest of the run, in nats: (network,)."""
    loss = curves(networks)[1]
    return loss.isel(epoch=-1, drop=True) - loss.min("epoch")


def regret_beside_last_epoch(networks: xr.DataTree) -> xr.DataArray:
    """Return the regret of the epoch that gOSI chooses minus that of the last epoch, in nats: (network, layer).

    Below 0 where stopping by gOSI alone would have left a lower validation loss than training to the end. NaN where the
    layer's gOSI is undefined at every epoch.
    """
    difference = regret(networks) - regret_of_last_epoch(networks)
    return difference.transpose("network", "layer")


def epoch_of_the_others(loss: xr.DataArray) -> xr.DataArray:
    """Return the epoch at which the mean validation loss of all other networks is lowest, the first if tied: (network,).

    What anybody would stop at who knows the losses of other networks, and of this one nothing. NaN where there is no
    other network.

    Parameters
    ----------
    loss
        (network, epoch), in nats. A network without a loss at an epoch is left out of that epoch's mean.
    """
    others = (loss.sum("network") - loss.fillna(0.0)) / (loss.notnull().sum("network") - loss.notnull())
    places = others.fillna(np.inf).argmin("epoch")
    epochs = xr.DataArray(loss["epoch"].values[places.values], dims=places.dims, coords=places.coords)
    return epochs.where(others.notnull().any("epoch"))


def regret_beside_fixed_epoch(networks: xr.DataTree) -> xr.DataArray:
    """Return validation loss at the epoch that gOSI chooses minus that at the others' best epoch: (network, layer), nat.

    Below 0 where a network's own gOSI says more of when to stop than the losses of other networks do, which stop every
    network at one epoch. NaN where the layer's gOSI is undefined at every epoch, and where there is no other network.
    """
    gosi, loss = curves(networks)
    fixed = epoch_of_the_others(loss).expand_dims(layer=gosi["layer"].values, axis=-1)
    return (loss_at(loss, chosen_epoch(gosi)) - loss_at(loss, fixed)).transpose("network", "layer")

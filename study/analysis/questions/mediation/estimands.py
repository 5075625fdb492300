"""How much of what ablation costs goes away with the variation under shifts that the first dense layer receives.

Values are (network, layer); what has a dimension `block` is the same by block of images, and its mean over blocks is the
value. NaN where what the first dense layer receives does not depend on the layer, and where it has no halves by gOSI.
"""

from __future__ import annotations

import xarray as xr

from study.analysis.core.layers import where_halved
from study.analysis.core.point_values import side_by_side

UNSHIFTED, OWN, RESTORED, EXCHANGED = "unshifted", "own", "restored", "exchanged"
RANDOM = "random"  # in place of a target: the mean of the random halves


def mediation_of(study: xr.DataTree) -> xr.Dataset:
    """Return what was measured of mediation."""
    return study["mediation"].to_dataset()


def carried(study: xr.DataTree, half: str, received: str = OWN) -> xr.DataArray:
    """Return loss(half) - loss(half, restored), in nats: (network, layer).

    Parameters
    ----------
    study
        The networks.
    half
        One of `study.vocabulary.schema.TARGETS`, or `RANDOM`.
    received
        What the first dense layer receives in the loss that the restored one is taken from; one of
        `study.vocabulary.schema.RECEIVED`.
    """
    losses = mediation_of(study)
    chosen = (
        losses["random_loss"].mean(("draw", "half")) if half == RANDOM else losses["loss"].sel(target=half, drop=True)
    )
    return where_halved(study, _difference(chosen, received))


def carried_by_block(study: xr.DataTree, half: str, received: str = OWN) -> xr.DataArray:
    """Return `carried` by block of images: (network, layer, block)."""
    losses = mediation_of(study)
    chosen = losses["random_loss_by_block"] if half == RANDOM else losses["loss_by_block"].sel(target=half, drop=True)
    return where_halved(study, _difference(chosen, received).rename(null_block="block"))


def _difference(losses: xr.DataArray, received: str) -> xr.DataArray:
    return losses.sel(received=received, drop=True) - losses.sel(received=RESTORED, drop=True)


def carried_beyond(study: xr.DataTree, reference: str, received: str = OWN) -> xr.DataArray:
    """Return `carried` of the top half minus that of a reference, in nats: (network, layer)."""
    return carried(study, "top", received) - carried(study, reference, received)


def carried_beyond_by_block(study: xr.DataTree, reference: str, received: str = OWN) -> xr.DataArray:
    """Return `carried_beyond` by block of images: (network, layer, block)."""
    return carried_by_block(study, "top", received) - carried_by_block(study, reference, received)


def carried_sides(study: xr.DataTree, reference: str, received: str = OWN) -> xr.DataArray:
    """Return `carried` of the top half and of a reference: (network, layer, side)."""
    return side_by_side(carried(study, "top", received), carried(study, reference, received))


def cost(study: xr.DataTree, half: str, received: str) -> xr.DataArray:
    """Return the loss with a half ablated minus that of the intact network on its own shifted images: (network, layer)."""
    losses = mediation_of(study)
    chosen = (
        losses["random_loss"].mean(("draw", "half")) if half == RANDOM else losses["loss"].sel(target=half, drop=True)
    )
    return chosen.sel(received=received, drop=True) - losses["intact_loss"].sel(received=OWN, drop=True)

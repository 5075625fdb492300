"""Selectivity and test loss over networks."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study import stats
from study.analysis.core.layers import layer_gosi
from study.analysis.core.networks import network_table


def test_loss(study: xr.DataTree) -> xr.DataArray:
    """Return the test loss in nats: (network,)."""
    return network_table(study)["test_loss"]


def gosi_given_training_loss(study: xr.DataTree) -> xr.DataArray:
    """Return what the ranks of training loss leave of the ranks of layer-mean gOSI: (network, layer).

    All ranks are taken within augmentation, as in `study.stats.partial_spearman`; what is left of a network depends on the
    others. NaN where a layer has no gOSI.
    """
    gosi = layer_gosi(study)
    left = [_given_training_loss(column, study) for column in gosi.values.T]
    return gosi.copy(data=np.array(left).reshape(gosi.shape[::-1]).T).rename("rank").drop_attrs()


def test_loss_given_training_loss(study: xr.DataTree) -> xr.DataArray:
    """Return what the ranks of training loss leave of the ranks of test loss, within augmentation: (network,)."""
    loss = test_loss(study)
    return loss.copy(data=_given_training_loss(loss.values, study)).rename("rank").drop_attrs()


def _given_training_loss(values: np.ndarray, study: xr.DataTree) -> np.ndarray:
    networks = network_table(study)
    return stats.partial_ranks(
        values, networks["final_train_loss"].values, strata=networks["augmentation"].values.astype(object)
    )

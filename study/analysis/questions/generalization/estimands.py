"""Selectivity and test loss over networks."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.networks import network_table


def test_loss(study: xr.DataTree) -> xr.DataArray:
    """Return the test loss in nats: (network,)."""
    return network_table(study)["test_loss"]

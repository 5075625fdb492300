"""Selectivity against the rate of label corruption."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.layers import tuning_of
from study.analysis.core.networks import network_table
from study.analysis.questions.existence.estimands import gosi_excess

FITTING_ACCURACY = 0.95  # of its own labels; a network below it has not memorised them


def layer_excess(study: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI minus the units' own shuffled mean, silent units left out: (network, layer)."""
    return gosi_excess(tuning_of(study, "analysed"), "gosi_null_mean").transpose("network", "layer")


def fits_its_labels(study: xr.DataTree) -> xr.DataArray:
    """Return whether a network's training accuracy on its own, partly corrupted, labels is at least 0.95: (network,).

    No registered test leaves out those that do not; figures mark them, and the multiverse has the tests without them.
    """
    return network_table(study)["final_train_accuracy"] >= FITTING_ACCURACY


def label_corruption(study: xr.DataTree) -> xr.DataArray:
    """Return the probability with which each network's labels were replaced: (network,)."""
    return network_table(study)["label_corruption"]

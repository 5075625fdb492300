"""What the selectivity of a network's layers is correlated with, and the ways to summarise it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from study.analysis.multiverse import factors
from study.analysis.multiverse.specification import Floats
from study.analysis.multiverse.units import Layers, layer_values, read_tuning


def training_scores(study: xr.DataTree) -> dict[str, Floats]:
    """Return the networks' training scores and corruption rates, each (network,)."""
    training = study["training"].to_dataset()
    names = ("test_loss", "test_accuracy", "final_train_loss", "final_train_accuracy")
    rates = {"label_corruption": training["network"].coords["label_corruption"].values.astype(np.float64)}
    return {name: training[name].values.astype(np.float64) for name in names} | rates


def summarised(study: xr.DataTree, layers: Layers, tuning: str, summary: str, silent_units: str) -> Floats | str:
    """Return layer-wise selectivity of the analysed weights, (network, layer), or why there is none."""
    units = read_tuning(study, tuning, "analysed")
    if isinstance(units, str):
        return units
    statistic, control = (
        (factors.MEAN, factors.OWN_SHUFFLE) if summary == factors.EXCESS else (summary, factors.NO_CONTROL)
    )
    return layer_values(units, layers, statistic, control, silent_units)

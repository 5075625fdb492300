"""The tables behind the figures on memorisation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.means import mean_over_networks
from study.analysis.core.networks import drawn_networks, network_table
from study.analysis.questions.memorization.estimands import FITTING_ACCURACY, fits_its_labels, label_corruption
from study.vocabulary.seeding import stream

FITS, DOES_NOT_FIT = "fits its labels", "does not fit its labels"
TRAIN, TEST = "training images, the labels learnt", "test images, true labels"


def _mean_rows(values: xr.DataArray, name: str, root_seed: int) -> Iterator[tuple[float, float, float, float]]:
    """Yield rate, mean over networks and its 95 % bootstrap interval of `values` (network,), NaN left out."""
    rates = values["label_corruption"].values
    for rate in np.unique(rates):
        rng = stream(root_seed, "figure", f"memorization/{name}/{rate}")
        mean = mean_over_networks(values.values[rates == rate], rng=rng)
        yield float(rate), mean.mean, mean.low, mean.high


def gosi_table(study: xr.DataTree, values: xr.DataArray, *, root_seed: int) -> pd.DataFrame:
    """Return `values` (network, layer): a row for each network drawn, and one for each rate's mean of all.

    Rows of means have the word for networks that fit in `fits`, by which the chart knows it.
    """
    fitting, rates = fits_its_labels(study).values, label_corruption(study).values
    drawn, rows = drawn_networks(study, by="label_corruption"), []
    for layer in values["layer"].values.tolist():
        column = values.sel(layer=layer)
        for place in drawn:
            fits = FITS if fitting[place] else DOES_NOT_FIT
            rows.append(
                (
                    layer,
                    float(rates[place]),
                    str(column["network"].values[place]),
                    float(column.values[place]),
                    fits,
                    "network",
                    np.nan,
                    np.nan,
                )
            )
        for rate, mean, low, high in _mean_rows(column, layer, root_seed):
            rows.append((layer, rate, "mean", mean, FITS, "mean", low, high))
    columns = ["layer", "label_corruption", "network", "gosi", "fits", "kind", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def accuracy_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return training and test accuracy: a row for each network drawn, and one for each rate's mean of all networks."""
    networks, rows = network_table(study), []
    for scores, name in ((TRAIN, "final_train_accuracy"), (TEST, "test_accuracy")):
        values = networks[name]
        rates, keys = values["label_corruption"].values, values["network"].values
        for place in drawn_networks(study, by="label_corruption"):
            rows.append((scores, float(rates[place]), str(keys[place]), float(values.values[place]), "network"))
        rows += [(scores, rate, "mean", mean, "mean") for rate, mean, _, _ in _mean_rows(values, name, root_seed)]
    return pd.DataFrame(rows, columns=["scores", "label_corruption", "network", "accuracy", "kind"]).assign(
        bound=FITTING_ACCURACY
    )

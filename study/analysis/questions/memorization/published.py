"""The paper's way: one network at each rate of label corruption, compared by eye."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.layers import layer_gosi
from study.analysis.core.networks import network_table
from study.analysis.core.published import (
    negative_correlation,
)
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.memorization.estimands import label_corruption
from study.vocabulary.seeding import stream


def _first_at_each_rate(study: xr.DataTree) -> NDArray[np.intp]:
    """Return the position of the network with the lowest seed at each rate, rates rising."""
    rates, seeds = label_corruption(study).values, network_table(study)["seed"].values
    order = np.lexsort((seeds, rates))
    return order[np.unique(rates[order], return_index=True)[1]]


def one_network_a_rate(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return the trend over one network at each rate, as the paper has; there by eye, here by rank correlation."""
    first = _first_at_each_rate(networks)
    rates = label_corruption(networks).values[first].astype(np.float64)
    gosi = layer_gosi(networks).isel(network=first).reindex(layer=list(layers))
    note = f"one network at each of {len(first)} rates, compared by eye in the paper: here Spearman's rho and a permutation p"
    rows = []
    for layer, values in zip(layers, gosi.values.T, strict=True):
        outcome = stats.stratified_permutation_test(
            values,
            rates,
            strata=np.zeros(len(first)),
            n_resamples=9999,
            alternative="two-sided",
            rng=stream(root_seed, "published", f"memorization/{layer}"),
        )
        rows.append(negative_correlation(layer, outcome.statistic, outcome.pvalue, note))
    return tuple(rows)

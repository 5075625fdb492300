"""The tables behind the figures on generalisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.layers import layer_gosi
from study.analysis.core.networks import drawn_networks, network_table
from study.analysis.questions.generalization.association import POOLED, WITHIN, Sample, rank_correlation
from study.analysis.questions.generalization.estimands import test_loss


def scatter_table(study: xr.DataTree) -> pd.DataFrame:
    """Return layer-mean gOSI and test loss of each network drawn."""
    gosi = layer_gosi(study).rename("gosi").isel(network=drawn_networks(study))
    table = gosi.reset_coords(drop=True).to_dataframe().reset_index()
    networks = network_table(study)[["test_loss", "augmentation"]].reset_coords("augmentation").reset_coords(drop=True)
    return table.merge(networks.to_dataframe().reset_index(), on="network")[
        ["layer", "network", "augmentation", "gosi", "test_loss"]
    ]


def samples_of(study: xr.DataTree) -> Iterator[Sample]:
    """Yield each layer's networks where its gOSI is defined."""
    gosi, networks = layer_gosi(study), network_table(study)
    train_loss, augmentation = networks["final_train_loss"].values, np.array(gosi["augmentation"].values.tolist())
    for layer in gosi["layer"].values.tolist():
        values = gosi.sel(layer=layer).values
        defined = ~np.isnan(values)
        yield Sample(
            layer, values[defined], test_loss(study).values[defined], train_loss[defined], augmentation[defined]
        )


def bars_table(samples: Sequence[Sample], *, root_seed: int) -> pd.DataFrame:
    """Return rho per layer, pooled and within augmentation, with 95 % bootstrap intervals over networks."""
    rows = []
    for sample in samples:
        for kind in (POOLED, WITHIN):
            rho, interval = rank_correlation(sample, kind, root_seed=root_seed)
            rows.append((sample.layer, kind, rho, interval.low, interval.high))
    table = pd.DataFrame(rows, columns=["layer", "kind", "estimate", "ci_low", "ci_high"])
    return table[table["estimate"].notna()]

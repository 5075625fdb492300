"""The tables behind the figures on maturation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from study import stats
from study.analysis.core.means import mean_over_networks
from study.analysis.core.networks import drawn_networks
from study.analysis.core.published import (
    PUBLISHED_ALPHA,
)
from study.analysis.questions.maturation.estimands import (
    gosi_against_validation_loss,
    paired_curves,
    residual_similarities,
)
from study.analysis.questions.maturation.published import naive_pvalue
from study.vocabulary.seeding import stream

NETWORKS_SHOWN = 3  # whose epochs are drawn one by one
MOST_EPOCHS = 60  # drawn of a curve; a page with a point an epoch would grow with the training
OWN, OTHERS = "its own loss", "the loss of the other networks"
LINK = "rank correlation over epochs of a network's gOSI, less the mean over networks at each epoch, with"
NAIVE, SHIFTED = "naive: epochs taken as independent", "circular shift: epochs kept in order"


def single_networks(study: xr.DataTree) -> pd.DataFrame:
    """Return what the epochs of each network say by themselves: a row for each layer and network.

    Columns `rho`, the p-values `naive` and `shifted` (both towards a negative rho) and `effective`, the effective
    number of epochs; NaN where rho is undefined.
    """
    (gosi, loss), rows = paired_curves(study), []
    for position, layer in enumerate(gosi["layer"].values.tolist()):
        for curve, losses in zip(gosi.values[:, position], loss.values, strict=True):
            shifted = stats.circular_shift_test(curve, losses, alternative="less")
            effective = stats.effective_sample_size(curve, losses).n_effective
            naive = naive_pvalue(curve, losses, alternative="less")
            rows.append((layer, shifted.statistic, naive, shifted.pvalue, effective))
    return pd.DataFrame(rows, columns=["layer", "rho", "naive", "shifted", "effective"])


def single_networks_table(study: xr.DataTree) -> pd.DataFrame:
    """Return how many networks have p at most .05 by themselves: a row per layer and kind of p-value."""
    single = single_networks(study)
    epochs, rows = paired_curves(study)[1].sizes["epoch"], []
    for layer, of_layer in single.groupby("layer", sort=False):
        defined = of_layer[of_layer["rho"].notna()]
        for kind, pvalues in ((NAIVE, defined["naive"]), (SHIFTED, defined["shifted"])):
            below = int((pvalues <= PUBLISHED_ALPHA).sum())
            rows.append(
                (
                    layer,
                    kind,
                    below,
                    len(defined),
                    below / len(defined) if len(defined) else np.nan,
                    pvalues.median(),
                    epochs,
                    defined["effective"].median(),
                )
            )
    columns = ["layer", "kind", "below", "networks", "share", "median_pvalue", "epochs", "effective_epochs"]
    return pd.DataFrame(rows, columns=columns)


def band_table(curves: xr.DataArray, name: str) -> pd.DataFrame:
    """Return the mean over networks, and the lowest and highest network, of curves (network, ..., epoch)."""
    places = np.linspace(0, (epochs := curves.sizes["epoch"]) - 1, min(epochs, MOST_EPOCHS)).round().astype(int)
    over = curves.isel(epoch=places).reset_coords(drop=True)
    summary = xr.Dataset({name: over.mean("network"), "low": over.min("network"), "high": over.max("network")})
    return summary.to_dataframe().reset_index()


def loss_table(study: xr.DataTree) -> pd.DataFrame:
    """Return training and validation loss over epochs: mean, lowest and highest network."""
    training = study["training"].to_dataset()
    tables = [
        band_table(training[f"{kind}_loss"], "loss").assign(kind=name)
        for kind, name in (("train", "training"), ("validation", "validation"))
    ]
    return pd.concat(tables, ignore_index=True)[["kind", "epoch", "loss", "low", "high"]]


def points_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the epochs of some networks one by one: validation loss and layer-mean gOSI."""
    (gosi, loss), tables = paired_curves(study), []
    for position in np.argsort(loss["seed"].values, kind="stable")[:NETWORKS_SHOWN]:
        curves = xr.Dataset({"gosi": gosi.isel(network=position), "validation_loss": loss.isel(network=position)})
        table = curves.reset_coords(drop=True).to_dataframe(dim_order=["layer", "epoch"]).reset_index()
        tables.append(table.assign(network=f"seed {int(loss['seed'].values[position])}"))
    return pd.concat(tables, ignore_index=True)[["layer", "network", "epoch", "gosi", "validation_loss"]]


def correlation_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the correlation of each network drawn, and the mean over all of them, per layer."""
    rho, rows = gosi_against_validation_loss(study), []
    drawn = rho.isel(network=drawn_networks(study))
    for layer in rho["layer"].values.tolist():
        for network, value in zip(drawn["network"].values, drawn.sel(layer=layer).values.tolist(), strict=True):
            rows.append((layer, str(network), value, "network", np.nan, np.nan))
        mean = mean_over_networks(rho.sel(layer=layer).values, rng=stream(root_seed, "figure", f"maturation/{layer}"))
        rows.append((layer, "mean", mean.mean, "mean", mean.low, mean.high))
    return pd.DataFrame(rows, columns=["layer", "network", "rho", "kind", "ci_low", "ci_high"])


def link_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return means over networks, with 95 % bootstrap intervals, of residual correlations: a row for each layer and series.

    With a network's own loss, and with that of the other networks, averaged over these.
    """
    similarities, rows = residual_similarities(study), []
    for layer in similarities["layer"].values.tolist():
        rho = similarities.sel(layer=layer).values
        own, others = np.diagonal(rho), (rho.sum(axis=1) - np.diagonal(rho)) / max(len(rho) - 1, 1)
        for series, values in ((OWN, own), (OTHERS, others)):
            mean = mean_over_networks(values, rng=stream(root_seed, "figure", f"maturation/link/{layer}/{series}"))
            rows.append((LINK, layer, series, mean.mean, mean.low, mean.high, 0.0))
    return pd.DataFrame(rows, columns=["quantity", "layer", "series", "value", "ci_low", "ci_high", "reference"])

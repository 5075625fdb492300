"""Does selectivity grow in step with generalisation while a network is trained (section 3.2; Figs. 3 and A5)?"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.question import (
    PUBLISHED_ALPHA,
    Estimand,
    PublishedAnalysis,
    Question,
    drawn_networks,
    drawn_note,
    layer_means,
    read_as_absence,
)
from study.analysis.core.results import INCONCLUSIVE, Figure, HypothesisResult, PublishedLayer, published_layer
from study.vocabulary.schema import MATURATION
from study.vocabulary.seeding import stream

PUBLISHED_EPOCHS = 50

NETWORKS_SHOWN = 3  # whose epochs are drawn one by one
MOST_EPOCHS = 60  # drawn of a curve; a page with a point an epoch would grow with the training
NAIVE, SHIFTED = "naive: epochs taken as independent", "circular shift: epochs kept in order"


def maturing_gosi(study: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI after each epoch, the untrained network's first: (network, layer, epoch).

    Units silent at an epoch are left out of that epoch's mean; NaN where a layer has no other.
    """
    return _means(study["maturation"].to_dataset()["gosi"])


def _means(units: xr.DataArray) -> xr.DataArray:
    return layer_means(units).transpose("network", "layer", "epoch")


def paired_curves(study: xr.DataTree) -> tuple[xr.DataArray, xr.DataArray]:
    """Return layer-mean gOSI (network, layer, epoch) and validation loss in nats (network, epoch), epochs 1 to 50.

    All epochs where fewer were trained. Epoch 0 has no validation loss. NaN as in `maturing_gosi`.
    """
    loss = study["training"].to_dataset()["validation_loss"].transpose("network", "epoch")
    loss = loss.isel(epoch=np.flatnonzero(loss["epoch"].values <= PUBLISHED_EPOCHS))
    gosi = maturing_gosi(study).reindex(epoch=loss["epoch"].values)
    return xr.align(gosi, loss, join="exact")


def gosi_against_validation_loss(study: xr.DataTree) -> xr.DataArray:
    """Return each network's Spearman's rho over epochs of layer-mean gOSI and validation loss: (network, layer).

    NaN where the layer was silent at one of the epochs, or either curve is constant.
    """
    return _correlations(*paired_curves(study))


def _correlations(gosi: xr.DataArray, loss: xr.DataArray) -> xr.DataArray:
    rho = [
        [stats.spearman(curve, own).statistic for curve in curves]
        for curves, own in zip(gosi.values, loss.values, strict=True)
    ]
    return gosi.isel(epoch=0, drop=True).copy(data=np.array(rho)).rename("rho").drop_attrs()


def naive_pvalue(x: NDArray[np.float64], y: NDArray[np.float64], *, alternative: stats.Alternative) -> float:
    """Return the textbook p-value of Spearman's rho of two curves (epoch,), which takes epochs as independent.

    Never below that of the one most extreme order among all n!, where the textbook's approximation gives 0. NaN where
    rho is undefined.
    """
    pvalue = stats.textbook_spearman(x, y, alternative=alternative).pvalue
    least = (2 if alternative == "two-sided" else 1) / math.factorial(len(x))
    return math.nan if math.isnan(pvalue) else max(pvalue, least)


def _published(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    gosi, loss = paired_curves(study)
    first = int(np.argmin(loss["seed"].values))
    own, rows = loss.values[first], []
    note = "one network, naive p: takes epochs as independent, which they are not"
    for layer, curve in zip(layers, gosi.isel(network=first).reindex(layer=list(layers)).values, strict=True):
        rho, pvalue = stats.spearman(curve, own).statistic, naive_pvalue(curve, own, alternative="two-sided")
        row = published_layer(layer, rho, rho < 0, note, pvalue=pvalue)
        rows.append(dataclasses.replace(row, verdict=INCONCLUSIVE) if pvalue >= PUBLISHED_ALPHA else row)
    return tuple(rows)


def _published_absence(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    return tuple(read_as_absence(row) for row in _published(study, layers, root_seed=root_seed))


def single_networks(study: xr.DataTree) -> pd.DataFrame:
    """Return what the epochs of each network say by themselves: a row for each layer and network.

    Columns `rho`, the p-values `naive` and `shifted` (both towards a negative rho) and `effective`, the effective
    number of epochs; NaN where rho is undefined.
    """
    (gosi, loss), rows = paired_curves(study), []
    for position, layer in enumerate(gosi["layer"].values.tolist()):
        for curve, own in zip(gosi.values[:, position], loss.values, strict=True):
            shifted = stats.circular_shift_test(curve, own, alternative="less")
            effective = stats.effective_sample_size(curve, own).n_effective
            naive = naive_pvalue(curve, own, alternative="less")
            rows.append((layer, shifted.statistic, naive, shifted.pvalue, effective))
    return pd.DataFrame(rows, columns=["layer", "rho", "naive", "shifted", "effective"])


def _single_networks_table(study: xr.DataTree) -> pd.DataFrame:
    """Return how many networks have p at most .05 by themselves: a row per layer and kind of p-value."""
    single = single_networks(study)
    epochs, rows = paired_curves(study)[1].sizes["epoch"], []
    for layer, own in single.groupby("layer", sort=False):
        defined = own[own["rho"].notna()]
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


def _band_table(curves: xr.DataArray, name: str) -> pd.DataFrame:
    """Return the mean over networks, and the lowest and highest network, of curves (network, ..., epoch)."""
    places = np.linspace(0, (epochs := curves.sizes["epoch"]) - 1, min(epochs, MOST_EPOCHS)).round().astype(int)
    over = curves.isel(epoch=places).reset_coords(drop=True)
    summary = xr.Dataset({name: over.mean("network"), "low": over.min("network"), "high": over.max("network")})
    return summary.to_dataframe().reset_index()


def _loss_table(study: xr.DataTree) -> pd.DataFrame:
    training = study["training"].to_dataset()
    tables = [
        _band_table(training[f"{kind}_loss"], "loss").assign(kind=name)
        for kind, name in (("train", "training"), ("validation", "validation"))
    ]
    return pd.concat(tables, ignore_index=True)[["kind", "epoch", "loss", "low", "high"]]


def _points_table(study: xr.DataTree) -> pd.DataFrame:
    (gosi, loss), tables = paired_curves(study), []
    for position in np.argsort(loss["seed"].values, kind="stable")[:NETWORKS_SHOWN]:
        own = xr.Dataset({"gosi": gosi.isel(network=position), "validation_loss": loss.isel(network=position)})
        table = own.reset_coords(drop=True).to_dataframe(dim_order=["layer", "epoch"]).reset_index()
        tables.append(table.assign(network=f"seed {int(loss['seed'].values[position])}"))
    return pd.concat(tables, ignore_index=True)[["layer", "network", "epoch", "gosi", "validation_loss"]]


def _correlation_table(study: xr.DataTree) -> pd.DataFrame:
    rho, rows = gosi_against_validation_loss(study), []
    drawn = rho.isel(network=drawn_networks(study))
    for layer in rho["layer"].values.tolist():
        for network, value in zip(drawn["network"].values, drawn.sel(layer=layer).values.tolist(), strict=True):
            rows.append((layer, str(network), value, "network", np.nan, np.nan))
        defined = rho.sel(layer=layer).dropna("network").values
        rng = stream(0, "figure", f"maturation/{layer}")
        interval = stats.mean_interval(defined, confidence_level=0.95, n_resamples=2000, method="BCa", rng=rng)
        mean = float(defined.mean()) if defined.size else np.nan
        rows.append((layer, "mean", mean, "mean", interval.low, interval.high))
    return pd.DataFrame(rows, columns=["layer", "network", "rho", "kind", "ci_low", "ci_high"])


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    loss = paired_curves(study)[1]
    epochs, points = loss.sizes["epoch"], _points_table(study)
    return (
        Figure(
            id="maturation-loss",
            chart=Chart.MATURATION_LOSS,
            paper_figure="Fig. 3a",
            title="Loss in the course of training",
            shows="Training and validation loss after each epoch: the mean over networks, in a band from the lowest"
            " to the highest"
            " network. Training loss is averaged over the epoch's augmented images while the weights move,"
            " validation loss is"
            " taken after it.",
            supports="A validation loss that falls and levels off.",
            contradicts="A validation loss that never falls: then there is nothing that selectivity could keep step"
            " with.",
            table=_loss_table(study),
        ),
        Figure(
            id="maturation-gosi",
            chart=Chart.MATURATION_GOSI,
            paper_figure="Fig. 3a",
            title="Selectivity in the course of training, layer by layer",
            shows="Layer-mean gOSI after each epoch, before training (epoch 0) included: the mean over networks, in"
            " a band from the"
            " lowest to the highest network. Units silent at an epoch are left out of its mean.",
            supports="Curves of conv1 to conv5 that rise while the validation loss falls, and level off with it.",
            contradicts="Curves that stay level or fall, or that are flat long before the validation loss is.",
            table=_band_table(maturing_gosi(study), "gosi"),
        ),
        Figure(
            id="maturation-points",
            chart=Chart.MATURATION_POINTS,
            paper_figure="Fig. 3b",
            title="Selectivity against validation loss, epoch by epoch",
            shows=f"Each point is one epoch of one network, epochs 1 to {epochs}: its validation loss and its"
            " layer-mean gOSI."
            f" Networks drawn: {', '.join(points['network'].unique())}, of {loss.sizes['network']}."
            " Neighbouring epochs are alike: the points are not independent.",
            supports="Points that rise from right to left in conv1 to conv5, in every network.",
            contradicts="Points without direction, or a direction that differs between networks.",
            table=points,
            second_paper_figure="Fig. A5a",
        ),
        Figure(
            id="maturation-correlation",
            chart=Chart.MATURATION_CORRELATIONS,
            paper_figure="Fig. 3c",
            title="Correlation of selectivity and validation loss, layer by layer",
            shows=f"Each point is one network's rank correlation (Spearman's rho) over epochs 1 to {epochs}; the bar"
            " is their mean"
            f" with a 95 % bootstrap interval over networks. The paper shows a single network.{drawn_note(study)}",
            supports="Points close to -1 in conv1 to conv5, in every network.",
            contradicts="Points on both sides of 0, or above it.",
            table=_correlation_table(study),
            second_paper_figure="Fig. A5b",
        ),
        Figure(
            id="maturation-single-networks",
            chart=Chart.MATURATION_SINGLE_NETWORKS,
            title="What the epochs of one network seem to prove",
            shows="Share of networks whose own p-value (towards a negative correlation) is at most .05: by the"
            " textbook, which takes"
            " epochs as independent, and by shifting one curve along the other. The table gives the effective number of"
            " epochs, median over networks.",
            supports="Nothing here decides for the claim: where both curves have a trend, either p-value is small"
            " whatever the one has"
            " to do with the other.",
            contradicts="Few small p-values of either kind would mean that not even the trends agree.",
            table=_single_networks_table(study),
        ),
    )


def _epochs_note(epochs: int) -> str:
    shorter = f", where the paper has {PUBLISHED_EPOCHS}: this study's profile is shorter" * (epochs < PUBLISHED_EPOCHS)
    return (
        f"Correlations are taken over epochs 1 to {epochs}{shorter}. The untrained network (epoch 0) is drawn, but"
        " has no"
        " validation loss and enters no correlation."
    )


def _dependence_note(table: pd.DataFrame) -> str:
    naive, shifted = (table[table["kind"] == kind].set_index("layer") for kind in (NAIVE, SHIFTED))
    below = zip(naive.index, naive["below"], shifted["below"], naive["networks"], strict=True)
    counts = ", ".join(f"{layer} {by_naive} and {by_shift} of {of}" for layer, by_naive, by_shift, of in below)
    worth = ", ".join(f"{layer} {value:.1f}" for layer, value in naive["effective_epochs"].dropna().items())
    return (
        "Successive epochs of one network are alike; the naive p-value takes them as independent, and so is too small."
        f" Effective number of epochs, of {naive['epochs'].iloc[0]}, median over networks (where curves have a trend"
        " this"
        f" says that few are independent, not how many): {worth or 'undefined'}. Networks whose own p, towards a"
        " negative"
        f" correlation, is at most .05, by the naive test and by circular shift: {counts}."
    )


def _trend_note(epochs: int) -> str:
    least = (
        f" With {epochs} epochs it cannot be below {1 / epochs:.2f}, so that no network can reach .05 by itself."
        if 1 / epochs > PUBLISHED_ALPHA
        else ""
    )
    return (
        "The circular shift keeps each curve's order and moves one along the other. It is a fair test of curves"
        " without a"
        " trend. These curves have one: loss falls in training, whatever selectivity does. A small circular-shift p"
        " then says only that both curves have a trend, not that one follows the other; the naive p says no more."
        f"{least} That is why neither decides here: the registered test has one value a network, and asks whether the"
        " correlation has the same sign in network after network. Even that shows that the two change together in"
        " training, not that one brings the other about."
    )


def _undefined_note(rho: xr.DataArray) -> str:
    counts = ", ".join(f"{layer} {count}" for layer, count in _by_layer(rho.isnull().sum("network")) if count)
    return counts and (
        f"Networks (of {rho.sizes['network']}) without a correlation in a layer, and left out there, because the"
        " layer was"
        f" silent at one of the epochs or its mean never changed: {counts}."
    )


def _silent_note(gosi: xr.DataArray, loss: xr.DataArray) -> str:
    """Say how many units a layer's mean leaves out at some epoch, and what becomes of the correlation without those."""
    units = gosi.reindex(epoch=loss["epoch"].values)
    share = layer_means(units.isnull().astype(float)).mean(("network", "epoch"))
    if not (share > 0).any():
        return ""
    steady = units.where(units.notnull().all("epoch"))
    rho, rho_steady = (dict(_by_layer(_correlations(_means(own), loss).mean("network"))) for own in (units, steady))
    listed = ", ".join(
        f"{layer} {value:.1%} ({rho[layer]:.2f}; {rho_steady[layer]:.2f})" for layer, value in _by_layer(share) if value
    )
    return (
        "A unit that answers to no grating at an epoch is left out of its layer's mean there, so that the mean is"
        " not of the"
        " same units at every epoch. Share of silent unit-epochs, and in brackets the mean correlation over networks"
        " with"
        f" all units and with those alone that are never silent (nan: no such units): {listed}."
    )


def _by_layer(values: xr.DataArray) -> list[tuple[str, float]]:
    return list(zip(values["layer"].values.tolist(), values.values.tolist(), strict=True))


def _notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    loss = paired_curves(study)[1]
    notes = (
        _epochs_note(loss.sizes["epoch"]),
        _dependence_note(_single_networks_table(study)),
        _trend_note(loss.sizes["epoch"]),
        _undefined_note(gosi_against_validation_loss(study)),
        _silent_note(study["maturation"].to_dataset()["gosi"], loss),
    )
    return tuple(note for note in notes if note)


QUESTION = Question(
    title="Does selectivity grow in step with generalisation during training?",
    paper_section="3.2",
    claim="Over the first 50 epochs, layer-mean gOSI rises as validation loss falls: a strong negative rank"
    " correlation in"
    " Conv 1 to Conv 5.",
    estimands={
        "gosi_against_validation_loss": Estimand(values=gosi_against_validation_loss),
        "gosi_against_validation_loss_absence": Estimand(values=gosi_against_validation_loss),
    },
    published={
        "gosi_against_validation_loss": PublishedAnalysis(
            layers=_published,
            test="Spearman's rho over the epochs of one network. The paper prints no p; here the textbook's.",
            difference="Autocorrelation and unit of analysis: epochs of one run are not independent; here each network"
            " gives one rho, and their mean is tested over networks.",
        ),
        "gosi_against_validation_loss_absence": PublishedAnalysis(
            layers=_published_absence,
            test="Spearman's rho over the epochs of one network, by eye. Here: absence read from a large textbook p.",
            difference="Absence and autocorrelation: a large p says nothing of how large rho is, and epochs are not"
            " independent; here the mean rho over networks must lie within the registered margin.",
        ),
    },
    figures=_figures,
    notes=_notes,
    arm=MATURATION,
)

"""Do networks that generalise better have more selective lower layers (section 3.3; Fig. 4a, b)?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import spearmanr

from study import stats
from study.analysis.existence import tuning_of
from study.analysis.question import Measure, Question, drawn_networks, drawn_note, layer_means, network_table
from study.analysis.results import INCONCLUSIVE, Figure, HypothesisResult, PublishedLayer, published_layer
from study.seeding import stream

PUBLISHED_ALPHA = 0.05
POOLED, WITHIN = "pooled, as published", "within augmentation, registered"


def layer_gosi(study: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI of the analysed weights: (network, layer)."""
    return layer_means(tuning_of(study, "analysed")["gosi"])


def test_loss(study: xr.DataTree) -> xr.DataArray:
    """Return the test loss in nats: (network,)."""
    return network_table(study)["test_loss"]


def _pooled(study: xr.DataTree, layer: str) -> tuple[float, float]:
    """Return Spearman's rho over all networks, augmentations ignored, and its asymptotic p: NaN when undefined."""
    gosi = layer_gosi(study).sel(layer=layer).values
    loss = test_loss(study).values
    defined = ~np.isnan(gosi)
    if defined.sum() < 3 or np.ptp(gosi[defined]) == 0 or np.ptp(loss[defined]) == 0:
        return float("nan"), float("nan")
    rho, pvalue = spearmanr(gosi[defined], loss[defined])
    return float(rho), float(pvalue)


def _published(study: xr.DataTree, layers: tuple[str, ...]) -> tuple[PublishedLayer, ...]:
    rows = []
    for layer in layers:
        rho, pvalue = _pooled(study, layer)
        note = "pooled over augmentations, which invites Simpson's paradox"
        row = published_layer(layer, rho, rho < 0, note, pvalue=pvalue)
        rows.append(dataclasses.replace(row, verdict=INCONCLUSIVE) if pvalue >= PUBLISHED_ALPHA else row)
    return tuple(rows)


def _published_absence(study: xr.DataTree, layers: tuple[str, ...]) -> tuple[PublishedLayer, ...]:
    rows = []
    for layer in layers:
        rho, pvalue = _pooled(study, layer)
        rows.append(
            published_layer(layer, rho, pvalue >= PUBLISHED_ALPHA, "absence read from a large p-value", pvalue=pvalue)
        )
    return tuple(rows)


def _scatter_table(study: xr.DataTree) -> pd.DataFrame:
    gosi = layer_gosi(study).rename("gosi").isel(network=drawn_networks(study))
    table = gosi.reset_coords(drop=True).to_dataframe().reset_index()
    networks = network_table(study)[["test_loss", "augmentation"]].reset_coords("augmentation").reset_coords(drop=True)
    return table.merge(networks.to_dataframe().reset_index(), on="network")[
        ["layer", "network", "augmentation", "gosi", "test_loss"]
    ]


def _samples(study: xr.DataTree) -> Iterator[tuple[str, str, tuple[NDArray[Any], ...]]]:
    """Yield, per layer and kind of correlation, gOSI, test loss and strata of the networks where gOSI is defined."""
    gosi, loss = layer_gosi(study), test_loss(study).values
    groups = np.array(gosi["augmentation"].values.tolist())
    for layer in gosi["layer"].values.tolist():
        values = gosi.sel(layer=layer).values
        defined = ~np.isnan(values)
        for kind, strata in ((POOLED, np.full(len(groups), "all")), (WITHIN, groups)):
            yield layer, kind, (values[defined], loss[defined], strata[defined])


def _bars_table(study: xr.DataTree) -> pd.DataFrame:
    """Return rho per layer, pooled and within augmentation, with 95 % bootstrap intervals over networks."""
    rows = []
    for layer, kind, (values, loss, strata) in _samples(study):
        rho = stats.stratified_spearman(values, loss, strata)
        interval = stats.correlation_interval(
            values, loss, strata=strata, confidence_level=0.95, n_resamples=2000, method="BCa",
            rng=stream(0, "figure", f"{layer}/{kind}"),
        )  # fmt: skip
        rows.append((layer, kind, rho.statistic, interval.low, interval.high))
    table = pd.DataFrame(rows, columns=["layer", "kind", "estimate", "ci_low", "ci_high"])
    return table[table["estimate"].notna()]


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...]) -> tuple[Figure, ...]:
    return (
        Figure(
            "generalization-scatter", "correlation_scatter", "Fig. 4a", "Selectivity against test loss",
            "Each point is a network: its layer-mean gOSI against its test loss, coloured by augmentation."
            f"{drawn_note(study)}",
            "Points that fall from upper left to lower right within each colour.",
            "A slope that comes only from differences between colours, or no slope.",
            _scatter_table(study),
        ),
        Figure(
            "generalization-bars", "correlation_bars", "Fig. 4b", "Rank correlation of gOSI and test loss, layer by layer",
            "Spearman's rho with 95 % bootstrap intervals over networks: pooled over augmentations, as published, and"
            " of ranks within augmentation, as registered.",
            "Clearly negative bars of both kinds in the lower layers.",
            "Bars near zero, or of opposite sign once augmentation is held constant.",
            _bars_table(study),
        ),
    )  # fmt: skip


def _notes(study: xr.DataTree) -> tuple[str, ...]:
    rho: dict[str, dict[str, float]] = {POOLED: {}, WITHIN: {}}
    for layer, kind, sample in _samples(study):
        rho[kind][layer] = stats.stratified_spearman(*sample).statistic
    if any(np.isnan(list(of_kind.values())).all() for of_kind in rho.values()):
        return ("Too few networks for a correlation within augmentation.",)
    flipped = [layer for layer in rho[POOLED] if rho[POOLED][layer] * rho[WITHIN][layer] < 0]
    return (f"Pooled and within-augmentation correlation have opposite signs in: {', '.join(flipped) or 'no layer'}.",)


QUESTION = Question(
    name="generalization",
    title="Do networks that generalise better have more selective lower layers?",
    paper_section="3.3",
    claim="Over 200 networks, layer-mean gOSI correlates negatively with test loss in the lower layers, except in Conv 1.",
    measures={
        "gosi_against_test_loss": Measure(layer_gosi, _published, test_loss),
        "gosi_against_test_loss_absence": Measure(layer_gosi, _published_absence, test_loss),
    },
    figures=_figures,
    notes=_notes,
)

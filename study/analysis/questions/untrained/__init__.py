"""How selective is a network before training (section A.3; Fig. A8)?"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.question import Estimand, PublishedAnalysis, Question, drawn_networks, drawn_note, layer_means
from study.analysis.core.results import Figure, HypothesisResult, PublishedLayer, published_layer
from study.analysis.questions.existence import histogram_table, selective_excess, selective_share, tuning_of
from study.vocabulary.schema import STATES


def gosi_gain(study: xr.DataTree) -> xr.DataArray:
    """Return layer-mean gOSI after training minus before, the same network: (network, layer)."""
    before, after = (layer_means(tuning_of(study, state)["gosi"]) for state in STATES)
    return after - before


def _published_gain(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    gain = gosi_gain(study).mean("network")
    note = "histograms of two networks by eye: here, mean gOSI higher after training"
    return tuple(
        published_layer(layer, value, value > 0, note)
        for layer, value in zip(layers, gain.reindex(layer=list(layers)).values.tolist(), strict=True)
    )


def _published_few(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    share = selective_share(tuning_of(study, "initial")).mean("network")
    return tuple(
        published_layer(layer, value, 0 < value < 0.5, "histogram by eye: here, some but less than half")
        for layer, value in zip(layers, share.reindex(layer=list(layers)).values.tolist(), strict=True)
    )


def _layer_mean_table(study: xr.DataTree) -> pd.DataFrame:
    """Return layer-mean gOSI by state: a row for each network drawn, and one for the mean over all networks."""
    frames = []
    for state in STATES:
        means = layer_means(tuning_of(study, state)["gosi"]).rename("gosi").reset_coords(drop=True)
        single = means.isel(network=drawn_networks(study)).to_dataframe().reset_index()
        mean = means.mean("network").to_dataframe().reset_index()
        frames.append(single.assign(state=state, kind="network"))
        frames.append(mean.assign(state=state, kind="mean", network="mean"))
    return pd.concat(frames, ignore_index=True)[["layer", "network", "state", "gosi", "kind"]]


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    return (
        Figure(
            id="untrained-histogram",
            chart=Chart.GOSI_HISTOGRAM,
            paper_figure="Fig. A8",
            title="Orientation selectivity before training",
            shows="Share of units at each gOSI with random initial weights (filled) and after shuffling each unit's own"
            " responses (outline). All networks' units pooled; silent units left out.",
            supports="A few units past 0.33, most well below.",
            contradicts="As many selective units as after training, or none at all.",
            table=histogram_table(study, "initial"),
        ),
        Figure(
            id="untrained-means",
            chart=Chart.LAYER_MEANS,
            paper_figure="Fig. A8",
            title="Before and after training, network by network",
            shows="Layer-mean gOSI of each network with its initial and with its analysed weights, joined by a line;"
            " the"
            f" thick line is the mean over networks.{drawn_note(study)}",
            supports="Lines that rise in every layer.",
            contradicts="Lines that stay level or fall.",
            table=_layer_mean_table(study),
        ),
    )


QUESTION = Question(
    title="How selective is a network before it has seen an image?",
    paper_section="A.3",
    claim="A network with random weights has a few orientation-selective units; its selectivity is far weaker than a"
    " trained network's.",
    estimands={
        "gosi_gain": Estimand(values=gosi_gain),
        "initial_selective_share": Estimand(values=lambda study: selective_share(tuning_of(study, "initial"))),
        "initial_selective_excess": Estimand(values=lambda study: selective_excess(tuning_of(study, "initial"))),
    },
    published={
        "gosi_gain": PublishedAnalysis(
            layers=_published_gain,
            test="No test; histograms of a random and a trained network, by eye. Here: mean gOSI higher after"
            " training.",
            difference="Unit of analysis and baseline: one network of either kind tells nothing of others; here every"
            " network is compared with itself before training, and must gain by a registered size.",
        ),
        "initial_selective_share": PublishedAnalysis(
            layers=_published_few,
            test="No test; histogram of one random network, by eye. Here: some selective units, less than half.",
            difference="Unit of analysis: one random network tells nothing of others; here each network gives one"
            " share,"
            " and their mean is tested against one half.",
        ),
        "initial_selective_excess": PublishedAnalysis(
            layers=_published_few,
            test="No test; histogram of one random network, by eye. Here: some selective units, less than half.",
            difference="Baseline and unit of analysis: sparse responses pass 0.33 by chance, so the share among the"
            " units'"
            " own shuffles is subtracted; and networks are counted, not units.",
        ),
    },
    figures=_figures,
    notes=lambda study, results, *, root_seed: (),
)

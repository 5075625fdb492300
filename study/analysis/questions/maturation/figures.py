"""The figures on maturation, and how to read them."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.networks import drawn_note
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import claimed_layers, listed
from study.analysis.questions.maturation.estimands import maturing_gosi, paired_curves
from study.analysis.questions.maturation.tables import (
    band_table,
    correlation_table,
    link_table,
    loss_table,
    points_table,
    single_networks_table,
)


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figure 3, what the epochs of single networks seem to prove, and the link within networks."""
    claimed = listed(claimed_layers(results, "gosi_against_validation_loss"))
    linked = listed(claimed_layers(results, "link_within_networks"))
    return (
        *_curve_figures(study, claimed),
        *_correlation_figures(study, claimed, root_seed),
        _link_figure(study, linked, root_seed),
    )


def _link_figure(study: xr.DataTree, claimed: str, root_seed: int) -> Figure:
    return Figure(
        id="maturation-link",
        chart=Chart.NETWORK_DOTS,
        title="Does a network's selectivity follow its own loss, beyond what all networks do?",
        shows="At each epoch the mean over networks is subtracted from gOSI and from validation loss, and with it whatever"
        " all networks do alike as they train. Dots are means over networks, with 95 % bootstrap intervals, of the rank"
        " correlation over epochs of what is left of a network's gOSI with what is left of its own loss, and of the other"
        " networks' losses. The test compares the two by permuting which loss goes with which gOSI.",
        supports=f"In {claimed}, a correlation with its own loss that lies below 0 and below that with the others'.",
        contradicts="Both alike: then the curves above have a trend in common, and nothing else.",
        table=link_table(study, root_seed=root_seed),
    )


def _curve_figures(study: xr.DataTree, claimed: str) -> tuple[Figure, ...]:
    return (
        Figure(
            id="maturation-loss",
            chart=Chart.MATURATION_LOSS,
            paper_figure="Fig. 3a",
            title="Loss in the course of training",
            shows="Training and validation loss after each epoch: the mean over networks, in a band from the lowest"
            " to the highest network. Training loss is averaged over the epoch's augmented images while the weights"
            " move, validation loss is taken after it.",
            supports="A validation loss that falls and levels off.",
            contradicts="A validation loss that never falls: then there is nothing that selectivity could keep step"
            " with.",
            table=loss_table(study),
        ),
        Figure(
            id="maturation-gosi",
            chart=Chart.MATURATION_GOSI,
            paper_figure="Fig. 3a",
            title="Selectivity in the course of training, layer by layer",
            shows="Layer-mean gOSI after each epoch, before training (epoch 0) included: the mean over networks, in"
            " a band from the lowest to the highest network. Units silent at an epoch are left out of its mean.",
            supports=f"Curves of {claimed} that rise while the validation loss falls, and level off with it.",
            contradicts="Curves that stay level or fall, or that are flat long before the validation loss is.",
            table=band_table(maturing_gosi(study), "gosi"),
        ),
    )


def _correlation_figures(study: xr.DataTree, claimed: str, root_seed: int) -> tuple[Figure, ...]:
    loss = paired_curves(study)[1]
    epochs, points = loss.sizes["epoch"], points_table(study)
    return (
        Figure(
            id="maturation-points",
            chart=Chart.MATURATION_POINTS,
            paper_figure="Fig. 3b",
            title="Selectivity against validation loss, epoch by epoch",
            shows=f"Each point is one epoch of one network, epochs 1 to {epochs}: its validation loss and its"
            f" layer-mean gOSI. Networks drawn: {', '.join(points['network'].unique())}, of {loss.sizes['network']}."
            " Neighbouring epochs are alike: the points are not independent.",
            supports=f"Points that rise from right to left in {claimed}, in every network.",
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
            " is their mean with a 95 % bootstrap interval over networks. The paper shows a single"
            f" network.{drawn_note(study)}",
            supports=f"Points close to -1 in {claimed}, in every network.",
            contradicts="Points on both sides of 0, or above it.",
            table=correlation_table(study, root_seed=root_seed),
            second_paper_figure="Fig. A5b",
        ),
        Figure(
            id="maturation-single-networks",
            chart=Chart.MATURATION_SINGLE_NETWORKS,
            title="What the epochs of one network seem to prove",
            shows="Share of networks whose own p-value (towards a negative correlation) is at most .05: by the"
            " textbook, which takes epochs as independent, and by shifting one curve along the other. The table gives"
            " the effective number of epochs, median over networks.",
            supports="Nothing here decides for the claim: where both curves have a trend, either p-value is small"
            " whatever the one has to do with the other.",
            contradicts="Few small p-values of either kind would mean that not even the trends agree.",
            table=single_networks_table(study),
        ),
    )

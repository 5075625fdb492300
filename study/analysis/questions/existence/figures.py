"""The figures on the existence of selective units, and how to read them."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.layers import example_layers, layer_means, layer_names, tuning_of
from study.analysis.core.networks import drawn_note
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import pairs, values_by_layer
from study.analysis.questions.existence.estimands import gosi_excess
from study.analysis.questions.existence.tables import example_curves, histogram_table, state_table
from study.vocabulary.schema import NORMALISED, STATES


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figures 1 and 2, and what untrained networks show."""
    return (
        Figure(
            id="existence-curves",
            chart=Chart.TUNING_CURVES,
            paper_figure="Fig. 1",
            title="Orientation-tuning curves of example units",
            shows="Response of ten units of the first network to gratings of twelve orientations, each at the unit's"
            " preferred spatial frequency and best phase. Units were chosen at even steps from the lowest to the"
            " highest gOSI.",
            supports="A clear peak at one orientation, and a gOSI above 0.33 beside it.",
            contradicts="Flat curves, or peaks no higher than chance variation between orientations.",
            table=example_curves(study, example_layers(layer_names(study["tuning"].to_dataset()))),
        ),
        Figure(
            id="existence-histogram",
            chart=Chart.GOSI_HISTOGRAM,
            paper_figure="Fig. 2",
            title="Orientation selectivity of all units, layer by layer",
            shows="Share of units at each gOSI after training (filled), after shuffling each unit's own responses"
            " (outline), and before training, with normalisation by the moments of training images (second outline). All"
            " networks' units pooled; silent units left out.",
            supports="The filled histogram lies to the right of both outlines and reaches past 0.33 in every layer.",
            contradicts="It coincides with the outline of shuffles: then sparse responses alone explain the gOSI. Or with"
            " that of untrained networks: then their selectivity does not come with training.",
            table=histogram_table(study, "analysed", untrained=NORMALISED),
            second_paper_figure="Fig. A4a",
        ),
        Figure(
            id="existence-training",
            chart=Chart.LAYER_MEANS,
            title="Selectivity beyond the units' own shuffles, before and after training",
            shows="Layer-mean gOSI minus that of the units' own shuffles, of each network with its initial weights, as it"
            " was initialised and with the moments of batch normalisation that training images give it (normalised), and"
            f" with its analysed weights, joined by a line; the thick line is the mean over networks.{drawn_note(study)}",
            supports="Lines that rise from the second state to the third: that selectivity comes with training.",
            contradicts="Lines as high before training: shuffles are exceeded by networks that have learnt nothing.",
            table=state_table(study, lambda tuning: gosi_excess(tuning, "gosi_null_mean")).assign(
                quantity="mean gOSI above shuffles"
            ),
        ),
    )


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say how far trained and untrained networks exceed their shuffles, and how many units are silent."""
    after, normalised, initial = (
        gosi_excess(tuning_of(study, state), "gosi_null_mean").mean("network")
        for state in ("analysed", NORMALISED, STATES[0])
    )
    excess = ", ".join(
        f"{layer} {value:.3f} trained and {float(normalised.sel(layer=layer)):.3f}"
        f" ({float(initial.sel(layer=layer)):.3f}) untrained"
        for layer, value in pairs(after)
    )
    silent = layer_means(tuning_of(study, "analysed")["silent"].astype(float)).mean("network")
    listed_shares = values_by_layer(silent, ".1%")
    return (
        "Untrained networks exceed their own shuffles, too, so exceeding them says nothing of training. Mean gOSI above"
        f" shuffles: {excess}. (Untrained with normalisation by the moments of training images; in parentheses as"
        " initialised.)",
        f"Silent units (no response to any grating; gOSI undefined, left out): {listed_shares}.",
    )

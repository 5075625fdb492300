"""The figures on the existence of selective units, and how to read them."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.layers import example_layers, layer_means, layer_names, tuning_of
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import values_by_layer
from study.analysis.questions.existence.tables import example_curves, histogram_table


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figures 1 and 2."""
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
            shows="Share of units at each gOSI after training (filled) and after shuffling each unit's own responses"
            " (outline). All networks' units pooled; silent units left out.",
            supports="The filled histogram lies to the right of the outline and reaches past 0.33 in every layer.",
            contradicts="The two coincide: then sparse responses alone explain the gOSI.",
            table=histogram_table(study, "analysed"),
            second_paper_figure="Fig. A4a",
        ),
    )


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say how many units are silent."""
    silent = layer_means(tuning_of(study, "analysed")["silent"].astype(float)).mean("network")
    listed_shares = values_by_layer(silent, ".1%")
    return (f"Silent units (no response to any grating; gOSI undefined, left out): {listed_shares}.",)

"""The figures on untrained networks, and how to read them."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.layers import layer_means, tuning_of
from study.analysis.core.networks import drawn_note
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import values_by_layer
from study.analysis.questions.existence.tables import histogram_table, state_table
from study.vocabulary.schema import NORMALISED, STATES


def layer_mean_table(study: xr.DataTree) -> pd.DataFrame:
    """Return layer-mean gOSI by state: a row for each network drawn, and one for the mean over all networks."""
    return state_table(study, lambda tuning: layer_means(tuning["gosi"]))


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figure A8, and each network before and after training."""
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
            shows="Layer-mean gOSI of each network with its initial weights, as it was initialised and with the moments of"
            " batch normalisation that training images give it (normalised), and with its analysed weights, joined by a"
            f" line; the thick line is the mean over networks.{drawn_note(study)}",
            supports="Lines that rise from the second state to the third in every layer.",
            contradicts="Lines that stay level or fall.",
            table=layer_mean_table(study),
        ),
    )


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say what setting the normalisation of an untrained network right does to its gOSI."""
    before, after = (layer_means(tuning_of(study, state)["gosi"]).mean("network") for state in (STATES[0], NORMALISED))
    changed = values_by_layer(after - before, "+.3f")
    return (
        "Untrained networks are measured twice: as initialised, and with batch normalisation's moments computed from"
        f" training images, which changes mean gOSI by {changed}; no weight differs between the two.",
    )

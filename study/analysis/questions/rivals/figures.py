"""The figures on rivals of gOSI."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import claimed_layers, listed
from study.analysis.questions.rivals import tables

MOST_LAYERS = 2  # with all rankings of every network in one figure, where none is claimed of this network


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return all rankings side by side, their effects in all layers, and how reliable gOSI is."""
    claimed, measured = (
        claimed_layers(results, "held_out_effect"),
        study["rivals"].to_dataset()["layer"].values.tolist(),
    )
    layers = [layer for layer in claimed if layer in measured] or measured[:MOST_LAYERS]
    n_networks, drawn = study["rivals"].sizes["network"], len(tables.joined_networks(study))
    some = f" {drawn} of the {n_networks} networks are drawn; the means are of all." if drawn < n_networks else ""
    return (
        Figure(
            id="rivals-sides",
            chart=Chart.RANKING_SIDES,
            title="The same ablation, ranked by gOSI and by its rivals",
            shows="Increase of test loss with the top half of a layer's units ablated, with a random half (mean of all), and"
            " with the bottom half, for units ranked by gOSI and by six other quantities; clamped to output zero, on the same"
            f" images. A line joins the three costs of a network.{some} In ink the mean over networks with its 95 % bootstrap"
            " interval.",
            supports=f"In {listed(layers)} the lines fall from the top half to the bottom half for gOSI, and not, or less, for"
            " its rivals.",
            contradicts="Lines that fall as steeply, or rise as steeply, for another ranking: what a half costs is then no"
            " matter of orientation.",
            table=tables.sides_table(study, layers, root_seed=root_seed),
        ),
        Figure(
            id="rivals-effects",
            chart=Chart.NETWORK_DOTS,
            title="Rankings compared in every layer",
            shows="Loss with the top half minus loss with the bottom half ablated, in units of what random halves of the same"
            " network's layer give, for every ranking. Means over networks with 95 % bootstrap intervals. A value below 0 says"
            " that the half with the smaller values costs more.",
            supports=f"In {listed(layers)} gOSI lies farther above 0 than every rival from 0.",
            contradicts="A rival whose interval lies as far from 0 as that of gOSI, or farther, on either side.",
            table=tables.effects_table(study, root_seed=root_seed),
        ),
        Figure(
            id="rivals-reliability",
            chart=Chart.NETWORK_DOTS,
            title="How reliable gOSI is",
            shows="Correlation over the units of a layer of gOSI from two halves of the gratings that share none. Means over"
            " networks with 95 % bootstrap intervals.",
            supports="Values near 1: a ranking by gOSI is hardly one by noise.",
            contradicts="Values far below 1, which weaken whatever gOSI is compared with.",
            table=tables.reliability_table(study, root_seed=root_seed),
        ),
    )

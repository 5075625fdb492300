"""The figure on need, its table, and what is to be known of the search for constants."""

from __future__ import annotations

import math

import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.means import mean_over_networks
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import values_by_layer
from study.analysis.questions.need.estimands import RANDOM, loss_of, need_of, top_minus
from study.analysis.questions.need.retraining import retraining_figures, retraining_notes
from study.vocabulary.seeding import stream

HALF_WORDS = {"top": "more selective half", RANDOM: "random halves", "bottom": "less selective half"}
WAY_WORDS = {
    "output_zero": "output set to zero",
    "best_constant": "held at the best constants",
    "moments": "output set to zero, moments re-estimated",
}


def need_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the loss by way and half, and the top half's minus the others', per layer."""
    losses = {half: loss_of(study, half) for half in HALF_WORDS}
    rows = [
        (f"loss, {words} (nat)", HALF_WORDS[half], math.nan, loss.sel(way=way, drop=True))
        for way, words in WAY_WORDS.items()
        for half, loss in losses.items()
    ]
    for reference in ("bottom", RANDOM):
        quantity = f"more selective half minus {HALF_WORDS[reference]} (nat)"
        difference = top_minus(study, reference)
        rows += [(quantity, words, 0.0, difference.sel(way=way, drop=True)) for way, words in WAY_WORDS.items()]
    table = []
    for quantity, series, rule, values in rows:
        for layer in values["layer"].values.tolist():
            rng = stream(root_seed, "figure", f"need/{quantity}/{series}/{layer}")
            mean = mean_over_networks(values.sel(layer=layer).values, rng=rng)
            place = {"layer": layer, "quantity": quantity, "series": series}
            table.append({**place, **mean.columns, "reference": rule})
    return pd.DataFrame(table)


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return what halves cost by each way of ablating them, and after learning on without them where that was measured."""
    return (
        Figure(
            id="need-ways",
            chart=Chart.NETWORK_DOTS,
            title="What halves cost once surprise is taken away",
            shows="Test loss with half of a layer ablated: set to zero, held at the constants that are best for the loss on"
            " training images, or set to zero with every batch normalisation behind it given the moments of what it then"
            " receives. Below, the more selective half minus the others. Means over networks with 95 % bootstrap intervals.",
            supports="The more selective half costs more than either other in all three ways.",
            contradicts="A difference that is there when units are set to zero and gone, within a short interval, in the"
            " others: the network was surprised, and does without.",
            table=need_table(study, root_seed=root_seed),
        ),
        *retraining_figures(study),
    )


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say how far the search for constants had come, and what a half held at a constant still says."""
    sought = need_of(study)["training_loss"].mean("target")
    start = sought.sel(step=["output_zero", "mean"]).min("step")
    end, later = sought.sel(step="end"), sought.sel(step="three_quarters")
    gained, last = (start - end).mean("network"), (later - end).mean("network")
    return (
        "On the images that they were sought on, the best constants take off the loss, against the better of output zero and the"
        f" mean: {values_by_layer(gained, '.3f')} nat; of that in the last quarter of the search"
        f" {values_by_layer(last, '.3f')} nat. Means over networks and both halves.",
        "A half that is held at a constant says nothing of the image, whichever constant it is: what it then costs is what the"
        " network misses, and none of it that the next layer receives what it never met.",
        *retraining_notes(study),
    )

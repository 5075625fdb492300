"""The figure on mediation, its table, and how to read it."""

from __future__ import annotations

import math

import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.means import mean_over_networks
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.questions.mediation.estimands import (
    EXCHANGED,
    OWN,
    RANDOM,
    RESTORED,
    UNSHIFTED,
    carried_beyond,
    cost,
    mediation_of,
)
from study.vocabulary.seeding import stream

HALF_WORDS = {"top": "more selective half", RANDOM: "random halves", "bottom": "less selective half"}
RECEIVED_WORDS = {
    UNSHIFTED: "of the image as it is",
    OWN: "over the image and its shifts",
    RESTORED: "without variation under shifts",
    EXCHANGED: "with another image's deviations",
}
AWAY = {
    OWN: "variation taken away",
    UNSHIFTED: "the same, unshifted image",
    EXCHANGED: "another image's deviations, added",
}


def mediation_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return costs by half and by what is received, and what goes with variation beyond random halves, per layer."""
    rows = [
        (f"cost {words} (nat)", half_words, math.nan, cost(study, half, received))
        for received, words in RECEIVED_WORDS.items()
        for half, half_words in HALF_WORDS.items()
    ]
    beyond = "more selective half minus random halves (nat)"
    rows += [(beyond, words, 0.0, carried_beyond(study, RANDOM, received)) for received, words in AWAY.items()]
    table = []
    for quantity, series, reference, values in rows:
        for layer in values["layer"].values.tolist():
            rng = stream(root_seed, "figure", f"mediation/{quantity}/{series}/{layer}")
            mean = mean_over_networks(values.sel(layer=layer).values, rng=rng)
            place = {"layer": layer, "quantity": quantity, "series": series}
            table.append({**place, **mean.columns, "reference": reference})
    return pd.DataFrame(table)


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return what halves cost with and without variation under shifts."""
    return (
        Figure(
            id="mediation-costs",
            chart=Chart.NETWORK_DOTS,
            title="What ablation costs once the first dense layer receives no variation under shifts",
            shows="Above: loss with half of a layer ablated minus that of the intact network over images and their shifts, by"
            " what the first dense layer receives. Below: what the more selective half costs by variation, minus the same of"
            " random halves. Means over networks with 95 % bootstrap intervals.",
            supports="Taking variation away takes most of the cost of the more selective half with it, more than of random"
            " halves, and another image's deviations bring it back.",
            contradicts="The cost stays as it is, or random halves lose as much of theirs, within short intervals around 0.",
            table=mediation_table(study, root_seed=root_seed),
        ),
    )


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say what is taken away, of how many images and random halves, and what the control is."""
    sizes = mediation_of(study)["random_loss"].sizes
    return (
        "What the first dense layer receives is replaced by its mean over an image and its three shifts. The loss it is"
        " compared with is the mean over these four, so that of what is received the mean stays and the variation goes; that"
        " of the image as it is stands beside it. No label enters into what is replaced.",
        f"Random halves: both halves of {sizes['draw']} random splits, of those that the ablation is compared with.",
        "The control adds the deviations of another image to the mean. Were the cost back with the image's own deviations"
        " alone, it would be what they say of the image, and not that something varies.",
    )

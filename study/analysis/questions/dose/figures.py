"""The figures on the dose of selectivity, and what has to be said beside them."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.means import mean_over_networks
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import FOR_THESE_IMAGES, claimed_layers, listed
from study.analysis.questions.dose.estimands import all_slopes, halves_of, permutation_pvalues
from study.analysis.questions.dose.words import QUANTITY_WORDS
from study.vocabulary.seeding import stream

PERMUTATIONS = 199  # of a network's gOSI over units
MOST_TESTED = 100  # networks whose own p is taken


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the slopes of all quantities in every layer."""
    claimed = claimed_layers(results, "gosi_slope_beyond_frequency")
    return (
        Figure(
            id="dose-slopes",
            chart=Chart.NETWORK_DOTS,
            title="What a half costs, by what its units are",
            shows="Slopes of the cost of a half of a layer on the mean of a quantity over its units, each given all the"
            " others: one least-squares fit a network and layer, over its random halves and those designed to differ in gOSI or"
            " in selectivity for spatial frequency. Cost and means are in standard deviations over the network's own random"
            " halves. Means over networks with 95 % bootstrap intervals.",
            supports=f"In {listed(claimed)} the slope on gOSI lies above 0 and above the slope on selectivity for spatial"
            " frequency.",
            contradicts="A slope on gOSI whose interval lies close around 0, or below the slopes on the rest: what a half costs"
            " is then told by other properties of its units.",
            table=slopes_table(study, root_seed=root_seed),
        ),
    )


def slopes_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return a row a layer and quantity: the mean slope over networks with its interval."""
    slopes, rows = all_slopes(study), []
    for quantity, words in QUANTITY_WORDS.items():
        for layer in slopes["layer"].values.tolist():
            values = slopes.sel(quantity=quantity, layer=layer).values
            mean = mean_over_networks(values, rng=stream(root_seed, "figure", f"dose/{quantity}/{layer}"))
            rows.append(
                {
                    "layer": layer,
                    "quantity": "slope (standard deviations of random halves)",
                    "series": words,
                    **mean.columns,
                    "reference": 0.0,
                }
            )
    return pd.DataFrame(rows)


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say in how many networks the cost goes with gOSI by a permutation over units, and what is undefined."""
    slopes = all_slopes(study)
    measured = slopes["layer"].values.tolist()
    claimed = [layer for layer in claimed_layers(results, "gosi_slope_beyond_frequency") if layer in measured]
    n_networks = min(MOST_TESTED, slopes.sizes["network"])
    shares = [f"{layer} {_significant(study, layer, n_networks, root_seed)}" for layer in claimed]
    missing = slopes.isnull().any("quantity").sum("network")
    without = ", ".join(f"{layer} {int(missing.sel(layer=layer))}" for layer in measured if missing.sel(layer=layer))
    own = (
        f"Networks of {n_networks} whose own p is at most 0.05 that the cost of random halves rises with their gOSI, what the"
        f" other quantities leave of it permuted over units ({PERMUTATIONS} times): {', '.join(shares)}. Halves share units, so"
        " permuting costs over halves would err: in .18 of networks without any effect with 40 halves, in .34 with 100."
    )
    return (
        *([own] if claimed else []),
        *(
            [f"Networks without a slope on some quantity, constant or told by the others: {without}."]
            if without
            else []
        ),
        FOR_THESE_IMAGES,
    )


def _significant(study: xr.DataTree, layer: str, n_networks: int, root_seed: int) -> int:
    halves = halves_of(study, layer, slice(n_networks))
    rng = stream(root_seed, "dose", layer)
    return int((permutation_pvalues(halves, n_resamples=PERMUTATIONS, rng=rng) <= 0.05).sum())

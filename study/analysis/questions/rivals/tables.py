"""The tables behind the figures on rivals of gOSI."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.means import mean_over_networks
from study.analysis.core.networks import drawn_networks, network_names
from study.analysis.questions.rivals.estimands import costs_of, ranking_effect, split_half_correlation
from study.analysis.questions.rivals.words import RANKING_WORDS
from study.vocabulary.seeding import stream

MOST_JOINED = 40  # networks whose three costs are joined; more lines cannot be told apart
SIDES = ("top half", "random half", "bottom half")


def joined_networks(study: xr.DataTree) -> NDArray[np.intp]:
    """Return the positions of the networks whose costs are drawn: at even steps of those that figures draw one by one."""
    one = "training" not in study.children  # an external network
    drawn = np.arange(study["rivals"].sizes["network"]) if one else drawn_networks(study)
    places = np.unique(np.linspace(0, len(drawn) - 1, min(MOST_JOINED, len(drawn))).round().astype(int))
    return np.asarray(drawn[places])


def sides_table(study: xr.DataTree, layers: Sequence[str], *, root_seed: int) -> pd.DataFrame:
    """Return what the top, a random and the bottom half of each ranking cost, in nats, in some layers.

    A row for each drawn network, and one for the mean over all networks with its 95 % bootstrap interval.
    """
    drawn, rows = joined_networks(study), []
    for ranking, words in RANKING_WORDS.items():
        costs = costs_of(study, ranking).sel(layer=list(layers))
        names = np.array(network_names(costs))[drawn]
        for layer in layers:
            for side, of_side in zip(SIDES, costs.sel(layer=layer).transpose("side", "network").values, strict=True):
                place = {"layer": layer, "ranking": words, "side": side}
                mean = mean_over_networks(of_side, rng=stream(root_seed, "figure", f"{layer}/{ranking}/{side}"))
                rows += [
                    place | {"network": name, "cost": value, "kind": "network", "ci_low": math.nan, "ci_high": math.nan}
                    for name, value in zip(names, of_side[drawn], strict=True)
                ]
                rows.append(
                    place
                    | {"network": "mean", "cost": mean.mean, "kind": "mean", "ci_low": mean.low, "ci_high": mean.high}
                )
    return pd.DataFrame(rows).sort_values("layer", key=lambda names: names.map(list(layers).index), kind="stable")


def effects_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the effect of every ranking's halves, in units of random halves, per layer."""
    effects = ranking_effect(study)
    quantity = "top minus bottom half (units of random halves)"
    columns = {words: effects.sel(ranking=ranking, drop=True) for ranking, words in RANKING_WORDS.items()}
    return _dots(quantity, columns, 0.0, root_seed)


def reliability_table(study: xr.DataTree, *, root_seed: int) -> pd.DataFrame:
    """Return the split-half correlation of gOSI over units, per layer."""
    return _dots("correlation over units", {"gOSI from two halves": split_half_correlation(study)}, 1.0, root_seed)


def _dots(quantity: str, columns: dict[str, xr.DataArray], reference: float, root_seed: int) -> pd.DataFrame:
    """Return a row a layer and series of values (network, layer)."""
    rows = []
    for series, values in columns.items():
        for layer in values["layer"].values.tolist():
            rng = stream(root_seed, "figure", f"{quantity}/{series}/{layer}")
            mean = mean_over_networks(values.sel(layer=layer).values, rng=rng)
            rows.append(
                {
                    "layer": layer,
                    "quantity": quantity,
                    "series": series,
                    **mean.columns,
                    "reference": reference,
                }
            )
    return pd.DataFrame(rows)

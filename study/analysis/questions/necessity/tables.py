"""The tables behind the figures on rearing: every score by condition and seed, and what rearing changed in each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.means import mean_over_networks
from study.analysis.core.rearing import by_seed, gosi_beyond_shuffles
from study.analysis.questions.necessity.estimands import SCORES
from study.analysis.questions.necessity.quantities import NAMES
from study.vocabulary.rearing import FREE
from study.vocabulary.seeding import stream

MOST_DRAWN: Final = 100  # seeds; a page with a line a seed would grow with the study
CHECKS: Final[Mapping[str, str]] = {  # of the group rearing_checks, in words
    "orientation_decoding": "orientation, decoded linearly (share of variance)",
    "silent_share": "silent units (share)",
    "effective_rank": "effective rank of responses",
    "weight_norm": "norm of a unit's weights",
    "spatial_frequency_selectivity": "selectivity for spatial frequency",
    "class_selectivity": "selectivity for class",
}
BEYOND_SHUFFLES: Final = "gOSI beyond shuffles"
_SCORED: Final = ("test_loss", "training_loss", "generalisation_gap", "test_accuracy", "shifted_loss")


def scores_table(networks: xr.DataTree, conditions: Sequence[str], span: str, *, root_seed: int) -> pd.DataFrame:
    """Return every seed's scores by condition, and their means over seeds with 95 % bootstrap intervals."""
    rows = []
    for score in _SCORED:
        name, unit = NAMES[score]
        values = SCORES[score](networks)
        if not np.isfinite(values.values).any():
            continue
        for condition in conditions:
            of_seeds = by_seed(networks, values, condition, [span]).sel(layer=span)
            shown = of_seeds.isel(network=_drawn(of_seeds.sizes["network"]))
            said = (f"{name} ({unit})", condition.replace("_", " "))
            rows += [
                (*said, seed, "network", value, np.nan, np.nan, 1)
                for seed, value in zip(shown["network"].values.tolist(), shown.values.tolist(), strict=True)
            ]
            rng = stream(root_seed, "figure", f"necessity/{span}/{score}/{condition}")
            mean = mean_over_networks(of_seeds.values, rng=rng)
            rows.append((*said, "mean", "mean", mean.mean, mean.low, mean.high, mean.networks))
    columns = ["quantity", "condition", "seed", "kind", "value", "ci_low", "ci_high", "networks"]
    return pd.DataFrame(rows, columns=columns)


def _drawn(seeds: int) -> np.ndarray:
    return np.unique(np.linspace(0, max(seeds - 1, 0), min(seeds, MOST_DRAWN)).round().astype(int))


def checks_table(networks: xr.DataTree, conditions: Sequence[str], span: str, *, root_seed: int) -> pd.DataFrame:
    """Return what each condition's networks are like, layer by layer: means over networks with 95 % bootstrap intervals."""
    rows = []
    for quantity, values in _measured(networks).items():
        for layer in values["layer"].values.tolist():
            of_layer = values.sel(layer=layer, drop=True)
            for condition in conditions:
                of_seeds = by_seed(networks, of_layer, condition, [span]).sel(layer=span)
                rng = stream(root_seed, "figure", f"necessity/{span}/{quantity}/{layer}/{condition}")
                mean = mean_over_networks(of_seeds.values, rng=rng, n_resamples=1000)
                rows.append((quantity, layer, condition.replace("_", " "), *mean.columns.values()))
    columns = ["quantity", "layer", "condition", "value", "ci_low", "ci_high", "networks", "undefined"]
    return pd.DataFrame(rows, columns=columns)


def _measured(networks: xr.DataTree) -> dict[str, xr.DataArray]:
    """Return every quantity of the layers by its words, (network, layer)."""
    measured = {BEYOND_SHUFFLES: gosi_beyond_shuffles(networks)} if "tuning" in networks.children else {}
    if "rearing_checks" in networks.children:
        checks = networks["rearing_checks"].to_dataset()
        measured |= {words: checks[name] for name, words in CHECKS.items()}
    return measured


def mean_in_span(table: pd.DataFrame, quantity: str, condition: str, layers: Sequence[str]) -> float:
    """Return the mean over some layers of what a condition's networks have of a quantity; NaN where it is not there."""
    chosen = table[(table["quantity"] == quantity) & (table["condition"] == condition.replace("_", " "))]
    values = chosen.loc[chosen["layer"].isin(layers), "value"]
    return float(values.mean()) if len(values) else float("nan")


def conditions_of(networks: xr.DataTree, among: Sequence[str], span: str) -> tuple[str, ...]:
    """Return the free condition and those of some others that networks were reared under in a span."""
    training = networks["training"].to_dataset()
    pairs = set(zip(training["rearing"].values.tolist(), training["reared_layers"].values.tolist(), strict=True))
    return (FREE, *(name for name in among if (name, span) in pairs))

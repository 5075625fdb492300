"""The tables behind the figures on rearing: every score by condition and seed, and what rearing changed in each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.means import means_over_networks
from study.analysis.core.rearing import by_seed, gosi_beyond_shuffles
from study.analysis.questions.necessity.estimands import SCORES
from study.analysis.questions.necessity.quantities import NAMES
from study.vocabulary.rearing import FREE, layers_of_span
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
    of_seeds = {
        (score, condition): by_seed(networks, values, condition, [span]).sel(layer=span)
        for score in _SCORED
        if np.isfinite((values := SCORES[score](networks)).values).any()
        for condition in conditions
    }
    frames = []
    rng = stream(root_seed, "figure", f"necessity/{span}/scores")
    means = means_over_networks(np.stack([one.values for one in of_seeds.values()]), rng=rng)
    for ((score, condition), values), mean in zip(of_seeds.items(), means, strict=True):
        shown, (name, unit) = values.isel(network=_drawn(values.sizes["network"])), NAMES[score]
        rows = {
            "quantity": f"{name} ({unit})",
            "condition": in_words(condition),
            "seed": [*shown["network"].values.tolist(), "mean"],
            "kind": [*["network"] * shown.size, "mean"],
            "value": [*shown.values.tolist(), mean.mean],
            "ci_low": [*[np.nan] * shown.size, mean.low],
            "ci_high": [*[np.nan] * shown.size, mean.high],
            "networks": [*[1] * shown.size, mean.networks],
        }
        frames.append(pd.DataFrame(rows))
    return pd.concat(frames, ignore_index=True)


def in_words(condition: str) -> str:
    """Return a condition as readers have it."""
    return condition.replace("_", " ")


def _drawn(seeds: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, max(seeds - 1, 0), min(seeds, MOST_DRAWN)).round().astype(int))


def checks_table(networks: xr.DataTree, conditions: Sequence[str], span: str, *, root_seed: int) -> pd.DataFrame:
    """Return what each condition's networks are like, layer by layer: means over networks with 95 % bootstrap intervals."""
    measured, frames = _measured(networks), []
    places = [(quantity, layer) for quantity, values in measured.items() for layer in values["layer"].values.tolist()]
    for condition in conditions:
        rows = [_of_networks(values, condition, span) for values in measured.values()]
        rng = stream(root_seed, "figure", f"necessity/{span}/checks/{condition}")
        means = means_over_networks(np.concatenate(rows), rng=rng)
        frames += [
            {"quantity": quantity, "layer": layer, "condition": in_words(condition), **mean.columns}
            for (quantity, layer), mean in zip(places, means, strict=True)
        ]
    return pd.DataFrame(frames)


def _of_networks(values: xr.DataArray, condition: str, span: str) -> NDArray[np.float64]:
    """Return `values` (network, layer) of the networks of a condition, (layer, network)."""
    reared = zip(values["rearing"].values.tolist(), values["reared_layers"].values.tolist(), strict=True)
    chosen = [name == condition and (name == FREE or layers == span) for name, layers in reared]
    return np.asarray(values.transpose("layer", "network").values[:, chosen], dtype=np.float64)


def _measured(networks: xr.DataTree) -> dict[str, xr.DataArray]:
    """Return every quantity of the layers by its words, (network, layer)."""
    measured = {BEYOND_SHUFFLES: gosi_beyond_shuffles(networks)} if "tuning" in networks.children else {}
    if "rearing_checks" in networks.children:
        checks = networks["rearing_checks"].to_dataset()
        measured |= {words: checks[name] for name, words in CHECKS.items()}
    return measured


def mean_in_span(networks: xr.DataTree, quantity: str, condition: str, span: str) -> float:
    """Return the mean over the layers of a span of what a condition's networks have of a quantity; NaN where it is not there."""
    values = _measured(networks).get(quantity)
    if values is None:
        return float("nan")
    layers = layers_of_span(span, values["layer"].values.tolist())
    of_networks = _of_networks(values.sel(layer=list(layers)), condition, span)
    return float(of_networks.mean()) if of_networks.size else float("nan")


def conditions_of(networks: xr.DataTree, among: Sequence[str], span: str) -> tuple[str, ...]:
    """Return the free condition and those of some others that networks were reared under in a span."""
    training = networks["training"].to_dataset()
    pairs = set(zip(training["rearing"].values.tolist(), training["reared_layers"].values.tolist(), strict=True))
    return (FREE, *(name for name in among if (name, span) in pairs))

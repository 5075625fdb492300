"""What networks reared under one condition score, beside those of the same seed reared under another.

Each function of networks gives one value a network, (network,), NaN where it was not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import xarray as xr

from study.analysis.core.rearing import by_seed, difference, spans_of
from study.vocabulary.rearing import FREE

Score = Callable[[xr.DataTree], xr.DataArray]
SIDE: Final = "side"


def _training(networks: xr.DataTree, name: str) -> xr.DataArray:
    return networks["training"].to_dataset()[name]


def test_loss(networks: xr.DataTree) -> xr.DataArray:
    """Return test cross-entropy in nats."""
    return _training(networks, "test_loss")


def training_loss(networks: xr.DataTree) -> xr.DataArray:
    """Return training cross-entropy of the analysed weights in nats, images not augmented."""
    return _training(networks, "final_train_loss")


def generalisation_gap(networks: xr.DataTree) -> xr.DataArray:
    """Return test minus training cross-entropy in nats."""
    return test_loss(networks) - training_loss(networks)


def test_accuracy(networks: xr.DataTree) -> xr.DataArray:
    """Return the share of test images that are classified correctly."""
    return _training(networks, "test_accuracy")


def shifted_loss(networks: xr.DataTree) -> xr.DataArray:
    """Return the cross-entropy of test images shifted by 10 %, mean over the three shifts, in nats."""
    if "rearing_checks" not in networks.children:
        return test_loss(networks) * float("nan")
    return networks["rearing_checks"].to_dataset()["shifted_loss"]


def cost_of_shifts(networks: xr.DataTree) -> xr.DataArray:
    """Return by how much shifting test images raises their cross-entropy, in nats."""
    return shifted_loss(networks) - test_loss(networks)


SCORES: Final[Mapping[str, Score]] = {
    "test_loss": test_loss,
    "training_loss": training_loss,
    "generalisation_gap": generalisation_gap,
    "test_accuracy": test_accuracy,
    "shifted_loss": shifted_loss,
    "cost_of_shifts": cost_of_shifts,
}


def paired_difference(networks: xr.DataTree, score: str, compared: tuple[str, str]) -> xr.DataArray:
    """Return a score under the first of two conditions minus that of the same seed under the other: (network, layer).

    A row is a seed, a column a span of layers; NaN, counted as missing, where either network failed.
    """
    return difference(networks, SCORES[score](networks), compared)


def scores_side_by_side(networks: xr.DataTree, score: str, conditions: tuple[str, ...]) -> xr.DataArray:
    """Return a score of each seed's networks under some conditions, (network, layer, side), sides in their order."""
    spans = spans_of(networks, [one for one in conditions if one != FREE])
    values = SCORES[score](networks)
    sides = [by_seed(networks, values, condition, spans) for condition in conditions]
    return xr.concat(sides, dim=SIDE).transpose("network", "layer", SIDE)

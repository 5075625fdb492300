"""What this study's networks give where others have published a fact: described over networks, nothing is tested.

Values are one a network, NaN where a network has none; `mean_values` gives their mean and interval, networks without a
value left out and not counted.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.layers import layer_means, layer_names, tuning_of
from study.analysis.core.networks import augmentation_words, networks_of
from study.analysis.questions.existence.estimands import selective_share
from study.stats.bootstrap import mean_interval
from study.tuning import SELECTIVE
from study.vocabulary.schema import GENERALIZATION, MEMORIZATION
from study.vocabulary.seeding import stream

CONFIDENCE, RESAMPLES = 0.95, 2000
_CARDINAL = 90.0  # degrees from one cardinal orientation to the next, of which 0 is one
_NEAR = 1e-6  # degrees


@dataclass(frozen=True)
class OwnValue:
    """The mean of a quantity over `n` networks, of which `of` says which; values of one `state` stand together.

    `low` and `high` are its 95 % interval, NaN for fewer than three networks or where all are alike.
    """

    of: str
    mean: float
    low: float
    high: float
    n: int
    state: str = ""


def accuracy_by_augmentation(study: xr.DataTree) -> tuple[OwnValue, ...]:
    """Return the test accuracy of networks trained to generalise, share of images, by augmentation."""
    networks = networks_of(study, GENERALIZATION, 1)
    if networks is None:
        return ()
    training = networks["training"].to_dataset()
    groups = training["augmentation"].values
    accuracy = _flat(training["test_accuracy"])
    return tuple(
        mean_values(accuracy[groups == name], augmentation_words(str(name))) for name in dict.fromkeys(groups.tolist())
    )


def accuracy_by_corruption(study: xr.DataTree) -> tuple[OwnValue, ...]:
    """Return the test accuracy of networks trained on corrupted labels, share of images, by the share corrupted."""
    networks = networks_of(study, MEMORIZATION, 1)
    if networks is None:
        return ()
    training = networks["training"].to_dataset()
    return tuple(_by_corruption(training, _flat(training["test_accuracy"])))


def selective_shares(study: xr.DataTree) -> tuple[OwnValue, ...]:
    """Return the share of units with gOSI above 0.33, silent ones left out, of trained networks, by layer."""
    networks = _tuned(study)
    return () if networks is None else tuple(_by_layer(selective_share(tuning_of(networks, "analysed"))))


def cardinal_excesses(study: xr.DataTree) -> tuple[OwnValue, ...]:
    """Return `cardinal_excess` by layer, after training and before it.

    Before training, too, a square lattice of pixels favours some orientations; batch normalisation has the moments of
    training images then.
    """
    networks = _tuned(study)
    if networks is None:
        return ()
    return tuple(
        dataclasses.replace(value, state=words)
        for state, words in (("analysed", "trained"), ("initial_normalised", "before training"))
        if state in networks["tuning"].to_dataset()["state"].values
        for value in _by_layer(cardinal_excess(tuning_of(networks, state)))
    )


def cardinal_excess(tuning: xr.Dataset) -> xr.DataArray:
    """Return the share of selective units that prefer 0 or 90 degrees minus that of the gratings at these: (network, layer).

    Preferred orientations are among those shown, so that units without a bias prefer each equally often. NaN where a layer
    has no selective unit.
    """
    selective = (tuning["gosi"] > SELECTIVE) & ~tuning["silent"]
    prefers = is_cardinal(tuning["preferred_orientation"]).astype(np.float64).where(selective)
    return (layer_means(prefers) - float(is_cardinal(tuning["orientation"]).mean())).transpose("network", "layer")


def is_cardinal(degrees: xr.DataArray) -> xr.DataArray:
    """Return whether orientations are 0 or 90 degrees, modulo 180; NaN is not."""
    remainder = degrees % _CARDINAL
    return (remainder < _NEAR) | (remainder > _CARDINAL - _NEAR)


def random_half_losses(study: xr.DataTree) -> tuple[OwnValue, ...]:
    """Return `random_half_loss` of trained networks, by layer."""
    networks = networks_of(study, GENERALIZATION, 1)
    if networks is None or "ablation" not in networks.children:
        return ()
    return tuple(_by_layer(random_half_loss(networks["ablation"].to_dataset())))


def random_half_loss(ablation: xr.Dataset) -> xr.DataArray:
    """Return the share of the intact accuracy that ablating a random half of a layer loses, mean over halves: (network, layer).

    Both accuracies are of the same test images; the half's outputs are set to zero. NaN where the intact accuracy is 0.
    """
    intact = ablation["null_baseline_accuracy"]
    return 1 - ablation["null_accuracy"].mean(("draw", "half")) / intact.where(intact > 0)


def first_layer_by_corruption(study: xr.DataTree) -> tuple[OwnValue, ...]:
    """Return mean gOSI of the first layer's units by the share of corrupted labels, and that of 1 minus that of 0 by seed."""
    networks = networks_of(study, MEMORIZATION, 1)
    if networks is None or "tuning" not in networks.children:
        return ()
    tuning = tuning_of(networks, "analysed")
    gosi = _flat(layer_means(tuning["gosi"]).sel(layer=layer_names(tuning)[0]))
    rates, seeds = tuning["label_corruption"].values, tuning["seed"].values
    ends = [
        {seed: gosi[(rates == rate) & (seeds == seed)].mean() for seed in seeds[rates == rate]} for rate in (0.0, 1.0)
    ]
    paired = [ends[1][seed] - ends[0][seed] for seed in sorted(set(ends[0]) & set(ends[1]))]
    return (*_by_corruption(tuning, gosi), mean_values(np.asarray(paired), "all labels random minus none, same seed"))


def mean_values(values: NDArray[np.float64], of: str) -> OwnValue:
    """Return the mean of values over networks with a bias-corrected accelerated bootstrap interval."""
    defined = values[np.isfinite(values)]
    if not defined.size:
        return OwnValue(of, math.nan, math.nan, math.nan, 0)
    interval = mean_interval(
        defined,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="BCa",
        rng=stream(0, "known answers", of),
    )
    return OwnValue(of, float(defined.mean()), interval.low, interval.high, defined.size)


def _tuned(study: xr.DataTree) -> xr.DataTree | None:
    networks = networks_of(study, GENERALIZATION, 1)
    return networks if networks is not None and "tuning" in networks.children else None


def _by_layer(values: xr.DataArray) -> Iterator[OwnValue]:
    for layer in values["layer"].values.tolist():
        yield mean_values(_flat(values.sel(layer=layer)), layer)


def _by_corruption(labelled: xr.Dataset, values: NDArray[np.float64]) -> Iterator[OwnValue]:
    rates: Sequence[float] = labelled["label_corruption"].values.tolist()
    for rate in sorted(set(rates)):
        yield mean_values(values[np.asarray(rates) == rate], f"{100 * rate:.0f} % corrupted")


def _flat(values: xr.DataArray) -> NDArray[np.float64]:
    return np.asarray(values.values, dtype=np.float64)

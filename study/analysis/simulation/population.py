"""The networks of simulated studies: who they are, how they differ, and the units they hold.

Many studies are simulated at once: their networks stand one study after the other along `network`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import scipy.special
import xarray as xr
from numpy.typing import NDArray

from study.config import AUGMENTATIONS, Config, MemorizationConfig, NetworkConfig
from study.registration import AS_ASSUMED, DEPENDENT_RANKS, HEAVILY_SKEWED_EFFECTS, OPPOSITE_STRATA, SKEWED_EFFECTS
from study.vocabulary.architecture import architectures
from study.vocabulary.rearing import FREE, NO_LAYERS
from study.vocabulary.schema import GENERALIZATION, MATURATION, MEMORIZATION, REARING

Floats = NDArray[Any]  # of either precision

FREEDOM: Final = 4.0  # of Student's t, for effects of ablation between networks
FARTHEST: Final = 0.97  # from 0 that a network's expected rank correlation may lie
SILENT: Final = 0.04  # share of units that answer to no grating

GROUP_SHARE: Final = 0.2  # of the variance between networks, due to augmentation
LAYER_SHARE: Final = 0.3  # of what is left, common to the layers of a network

_ROUNDS: Final = 6  # of making up for what is cut from skewed values
OPPOSITE: Final = 0.6  # correlation within strata, of either sign, where strata are opposite


@dataclass(frozen=True)
class Size:
    """How large a study is: its networks, which take turns with their groups, and what each of them is measured by.

    In the rearing arm `networks` are seeds, each with a network a condition.
    `epochs` is how long networks of the maturation arm are trained, `null_draws` how many random halves an ablation is
    compared with, `units` the number of units of every hidden layer, in order, those of the default architecture unless
    it says otherwise, and `reared` the conditions and spans of layers that a seed of the rearing arm has a network of each
    for. Random numbers are named after all but the last two.
    """

    networks: int
    augmentations: tuple[str, ...] = AUGMENTATIONS
    label_corruptions: tuple[float, ...] = MemorizationConfig().label_corruptions
    epochs: int = 16
    null_draws: int = 100
    units: Mapping[str, int] = field(
        default_factory=lambda: architectures()[NetworkConfig().architecture].unit_counts, repr=False
    )
    reared: tuple[tuple[str, str], ...] = field(default_factory=lambda: Config().reared, repr=False)


@dataclass(frozen=True)
class Design:
    """How many studies are simulated at once, which networks each of them has, and what departs from assumptions.

    `departure` is one of `study.registration.DEPARTURES`; `side` is 1 where its long tail lies above, -1 below.
    """

    studies: int
    size: Size
    arm: str = GENERALIZATION
    initialization_set: int = 1
    departure: str = AS_ASSUMED
    side: int = 1

    @property
    def networks(self) -> int:
        """Return the number of networks of one study."""
        return self.size.networks

    @property
    def rows(self) -> int:
        """Return the number of networks of all studies."""
        return self.studies * self.networks

    @property
    def places(self) -> NDArray[np.intp]:
        """Return each network's place in its study, (rows,)."""
        return np.tile(np.arange(self.networks), self.studies)

    @property
    def layers(self) -> tuple[str, ...]:
        """Return the hidden layers of every network, in order."""
        return tuple(self.size.units)

    @property
    def groups(self) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Return the augmentations and the rates of label corruption that the networks of an arm take turns with."""
        if self.arm == MEMORIZATION:
            return ("none",), self.size.label_corruptions
        return (("shift_flip",) if self.arm in (MATURATION, REARING) else self.size.augmentations), (0.0,)

    @property
    def reared(self) -> tuple[tuple[str, str], ...]:
        """Return the conditions of rearing, each with its span of layers, that the networks of an arm take turns with."""
        return self.size.reared if self.arm == REARING else ((FREE, NO_LAYERS),)

    def unit_counts(self, layers: Sequence[str]) -> NDArray[np.intp]:
        """Return the number of units of each of these layers, (layers,)."""
        return np.array([self.size.units[layer] for layer in layers])


@dataclass(frozen=True)
class Truth:
    """What is planted: the estimand's value in every layer, and its standard deviation over networks."""

    layers: tuple[str, ...]
    theta: float
    sd: float


Simulator = Callable[[np.random.Generator, Design, Truth], xr.DataTree]


def group_offsets(design: Design) -> Floats:
    """Return how far the mean of each network's augmentation lies from that of its study, in standard deviations: (rows,).

    They add up to 0 within a study; all of them are 0 where a study has one augmentation.
    """
    steps = np.arange(design.networks) % len(design.groups[0]) * 1.0
    steps = steps - steps.mean()
    return np.tile(steps / (steps.std() or 1.0), design.studies)


def deviations(rng: np.random.Generator, design: Design, layers: int, *, freedom: float | None = None) -> Floats:
    """Return how far each network's layers lie from the study's mean, in standard deviations: (rows, layers).

    Augmentations have different means, and the layers of a network go together. `freedom` gives the degrees of freedom
    of Student's t, for heavy tails (variance 1 all the same); normal without it. Where the design asks for skewed
    effects they are exponential or lognormal instead, and augmentations have one mean, which would hide the skewness.
    The expectation is 0 in every layer.
    """
    if design.departure in SKEWED:
        return design.side * SKEWED[design.departure](layers_noise(rng, design, layers))
    noise = math.sqrt(LAYER_SHARE) * _noise(rng, (design.rows, 1), freedom)
    noise = noise + math.sqrt(1 - LAYER_SHARE) * _noise(rng, (design.rows, layers), freedom)
    offsets = group_offsets(design)
    share = GROUP_SHARE if offsets.any() else 0.0
    return math.sqrt(share) * offsets[:, None] + math.sqrt(1 - share) * noise


def _noise(rng: np.random.Generator, shape: tuple[int, ...], freedom: float | None) -> Floats:
    if freedom is None:
        return rng.standard_normal(shape)
    return rng.standard_t(freedom, shape) / math.sqrt(freedom / (freedom - 2))


def layers_noise(rng: np.random.Generator, design: Design, layers: int) -> Floats:
    """Return normal deviations of unit variance, of which the layers of a network share a part: (rows, layers)."""
    shared, of_layer = rng.standard_normal((design.rows, 1)), rng.standard_normal((design.rows, layers))
    return math.sqrt(LAYER_SHARE) * shared + math.sqrt(1 - LAYER_SHARE) * of_layer


def _exponential(normal: Floats) -> Floats:
    """Return exponential values of mean 0 and variance 1, skewness 2, in the order of normal ones."""
    return np.asarray(-scipy.special.log_ndtr(-normal) - 1)


def _lognormal(normal: Floats) -> Floats:
    """Return lognormal values of mean 0 and variance 1, skewness 6, in the order of normal ones."""
    return np.asarray((np.exp(normal) - math.sqrt(math.e)) / math.sqrt((math.e - 1) * math.e))


SKEWED: Final[Mapping[str, Callable[[Floats], Floats]]] = {
    SKEWED_EFFECTS: _exponential,
    HEAVILY_SKEWED_EFFECTS: _lognormal,
}


def spread_by(noise: Floats, design: Design, other: Floats) -> Floats:
    """Return noise (rows, layers) whose spread grows with `other` (rows,), of variance 1, on either side of its mean.

    Only where the design asks for dependent ranks: the two then depend on each other though their rank correlation is 0.
    """
    if design.departure != DEPENDENT_RANKS:
        return noise
    spread = np.abs(other - other.mean())
    return np.asarray(noise * (spread / math.sqrt(float(np.mean(spread**2))))[:, None])


def stratum_correlations(design: Design, theta: float, strata: NDArray[Any]) -> Floats:
    """Return the correlation within each network's stratum, (rows, 1): `theta`, and far from it where they are opposite.

    `strata` numbers each network's stratum, (rows,); half of them then have the one sign, half the other, and their
    mean is `theta` where they are even in number.
    """
    apart = OPPOSITE * np.where(strata % 2 == 0, 1.0, -1.0) if design.departure == OPPOSITE_STRATA else 0.0
    return np.asarray(theta + apart * np.ones(design.rows))[:, None]


def heavy_tailed(rng: np.random.Generator, design: Design, truth: Truth) -> Floats:
    """Return effects of ablation, (rows, layers): `theta` on average, with Student's t between networks.

    Where strata are opposite, half of the augmentations lie a standard deviation above, the others below.
    """
    effects = truth.theta + truth.sd * deviations(rng, design, len(truth.layers), freedom=FREEDOM)
    if design.departure != OPPOSITE_STRATA:
        return effects
    above = np.where(design.places % len(design.groups[0]) % 2 == 0, 1.0, -1.0)
    return np.asarray(effects + truth.sd * above[:, None])


def network_correlations(rng: np.random.Generator, design: Design, truth: Truth, within: float) -> Floats:
    """Return the expected rank correlation of every network and layer, `theta` on average: (rows, layers).

    `within` is the standard deviation that a network's own series adds to what is measured.
    """
    correlations = truth.theta + spread_between(truth.sd, within) * deviations(rng, design, len(truth.layers))
    return kept_within(correlations, truth.theta, FARTHEST - abs(truth.theta))


def spread_between(sd: float, within: Floats | float) -> Floats:
    """Return the standard deviation that networks must have for what is measured to have `sd`, units adding `within`.

    At least a quarter of `sd`: a layer of few units is measured less exactly than the registration expects.
    """
    return np.sqrt(np.maximum(sd**2 - np.square(within), (sd / 4) ** 2))


def normal_cdf(values: Floats) -> Floats:
    """Return the standard normal distribution function."""
    return np.asarray(scipy.special.ndtr(values))


def kept_within(values: Floats, centre: float, reach: float) -> Floats:
    """Return values cut at `reach` from `centre`, moved so that the mean over networks of each layer stays.

    A symmetrical distribution's stays by itself; a skewed one is cut on one side only, and is moved until what was cut is
    made up for.
    """
    moved = values
    for _ in range(_ROUNDS):
        cut = np.clip(moved, centre - reach, centre + reach)
        moved = moved + (values - cut).mean(axis=0)
    return np.clip(moved, centre - reach, centre + reach)


def of_units(values: Floats, counts: Sequence[int] | NDArray[np.intp]) -> Floats:
    """Return values (rows, layers) for every unit of layers of so many units: (rows, units), in single precision."""
    return np.repeat(values, counts, axis=1).astype(np.float32)


def uniform(rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float) -> Floats:
    """Return uniform numbers in single precision: there are a thousand units a network."""
    return low + (high - low) * rng.random(shape, dtype=np.float32)


def silent_units(rng: np.random.Generator, design: Design, layers: Sequence[str]) -> NDArray[np.bool_]:
    """Return which units answer to no grating, (rows, units)."""
    return uniform(rng, (design.rows, int(design.unit_counts(layers).sum())), 0, 1) < SILENT

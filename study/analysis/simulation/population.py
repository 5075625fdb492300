"""The networks of simulated studies: who they are, how they differ, and the units they hold.

Many studies are simulated at once: their networks stand one study after the other along `network`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.vocabulary.schema import COORDINATE_UNITS, GENERALIZATION, GROUPS, MATURATION, MEMORIZATION, UNIT_COORDINATES

Floats = NDArray[Any]  # of either precision

UNITS: Final = {"conv1": 32, "conv2": 32, "conv3": 64, "conv4": 64, "conv5": 128, "conv6": 128, "fc1": 512}
AUGMENTATIONS: Final = ("none", "shift", "flip", "shift_flip")
LABEL_CORRUPTIONS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SILENT: Final = 0.04  # share of units that answer to no grating

GROUP_SHARE: Final = 0.2  # of the variance between networks, due to augmentation
LAYER_SHARE: Final = 0.3  # of what is left, common to the layers of a network
_STRING: Final = np.dtypes.StringDType()


@dataclass(frozen=True)
class Size:
    """How large a study is: its networks, which take turns with their groups, and what each of them is measured by.

    `epochs` is how long networks of the maturation arm are trained, `null_draws` how many random halves an ablation is
    compared with.
    """

    networks: int
    augmentations: tuple[str, ...] = AUGMENTATIONS
    label_corruptions: tuple[float, ...] = LABEL_CORRUPTIONS
    epochs: int = 16
    null_draws: int = 100


@dataclass(frozen=True)
class Design:
    """How many studies are simulated at once, and which networks each of them has."""

    studies: int
    size: Size
    arm: str = GENERALIZATION
    initialization_set: int = 1

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


@dataclass(frozen=True)
class Truth:
    """What is planted: the estimand's value in every layer, and its standard deviation over networks."""

    layers: tuple[str, ...]
    theta: float
    sd: float


def network_labels(design: Design) -> dict[str, Any]:
    """Return the coordinates of `network`, as the compacted store has them; groups take turns."""
    augmentations, rates = _groups(design)
    cycle = max(len(augmentations), len(rates))
    return {
        "network": _names(design.rows),
        "arm": ("network", np.full(design.rows, design.arm).astype(_STRING)),
        "augmentation": ("network", np.array(augmentations, dtype=_STRING)[design.places % len(augmentations)]),
        "label_corruption": ("network", np.array(rates)[design.places % len(rates)]),
        "seed": ("network", design.places // cycle),
        "initialization_set": ("network", np.full(design.rows, design.initialization_set)),
    }


def _groups(design: Design) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the augmentations and the rates of label corruption that the networks of an arm take turns with."""
    if design.arm == MEMORIZATION:
        return ("none",), design.size.label_corruptions
    return (("shift_flip",) if design.arm == MATURATION else design.size.augmentations), (0.0,)


@cache
def _names(rows: int) -> NDArray[Any]:
    return np.array([f"simulated-{row}" for row in range(rows)], dtype=_STRING)


def group_offsets(design: Design) -> Floats:
    """Return how far the mean of each network's augmentation lies from that of its study, in standard deviations: (rows,).

    They add up to 0 within a study; all of them are 0 where a study has one augmentation.
    """
    steps = np.arange(design.networks) % len(_groups(design)[0]) * 1.0
    steps = steps - steps.mean()
    return np.tile(steps / (steps.std() or 1.0), design.studies)


def deviations(rng: np.random.Generator, design: Design, layers: int, *, freedom: float | None = None) -> Floats:
    """Return how far each network's layers lie from the study's mean, in standard deviations: (rows, layers).

    Augmentations have different means, and the layers of a network go together. `freedom` gives the degrees of freedom
    of Student's t, for heavy tails (variance 1 all the same); normal without it. The expectation is 0 in every layer.
    """
    noise = math.sqrt(LAYER_SHARE) * _noise(rng, (design.rows, 1), freedom)
    noise = noise + math.sqrt(1 - LAYER_SHARE) * _noise(rng, (design.rows, layers), freedom)
    offsets = group_offsets(design)
    share = GROUP_SHARE if offsets.any() else 0.0
    return math.sqrt(share) * offsets[:, None] + math.sqrt(1 - share) * noise


def _noise(rng: np.random.Generator, shape: tuple[int, ...], freedom: float | None) -> Floats:
    if freedom is None:
        return rng.standard_normal(shape)
    return rng.standard_t(freedom, shape) / math.sqrt(freedom / (freedom - 2))


def spread_between(sd: float, within: Floats | float) -> Floats:
    """Return the standard deviation that networks must have for what is measured to have `sd`, units adding `within`.

    At least a quarter of `sd`: a layer of few units is measured less exactly than the registration expects.
    """
    return np.sqrt(np.maximum(sd**2 - np.square(within), (sd / 4) ** 2))


def kept_within(values: Floats, centre: float, reach: float) -> Floats:
    """Return values cut at equal distances from `centre`, which leaves a symmetric distribution's mean where it is."""
    return np.clip(values, centre - reach, centre + reach)


def unit_counts(layers: Sequence[str]) -> NDArray[np.intp]:
    """Return the number of units of each layer, (layers,)."""
    return np.array([UNITS[layer] for layer in layers])


def of_units(values: Floats, layers: Sequence[str], counts: Sequence[int] | None = None) -> Floats:
    """Return values (rows, layers) for every unit of each layer: (rows, units), in single precision."""
    return np.repeat(values, unit_counts(layers) if counts is None else counts, axis=1).astype(np.float32)


def uniform(rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float) -> Floats:
    """Return uniform numbers in single precision: there are a thousand units a network."""
    return low + (high - low) * rng.random(shape, dtype=np.float32)


def silent_units(rng: np.random.Generator, design: Design, layers: Sequence[str]) -> NDArray[np.bool_]:
    """Return which units answer to no grating, (rows, units)."""
    return uniform(rng, (design.rows, int(unit_counts(layers).sum())), 0, 1) < SILENT


def unit_labels(layers: Sequence[str], counts: Sequence[int] | None = None) -> dict[str, Any]:
    """Return the coordinates of `unit`: the layer it belongs to and its index there."""
    sizes = unit_counts(layers) if counts is None else np.array(counts)
    names = np.repeat(np.array(layers, dtype=_STRING), sizes)
    return dict(
        zip(UNIT_COORDINATES, (("unit", names), ("unit", np.concatenate([np.arange(n) for n in sizes]))), strict=True)
    )


def group(
    name: str, design: Design, arrays: Mapping[str, NDArray[Any]], coords: Mapping[str, Any]
) -> dict[str, xr.Dataset]:
    """Return one group of the store by its path, holding some of its variables with their dimensions and units.

    Parameters
    ----------
    name
        One of `study.vocabulary.schema.GROUPS`.
    design
        Who the networks are.
    arrays
        Variables, `network` first and then as in the schema.
    coords
        Labels of the other dimensions; those that no variable has are left out.

    Raises
    ------
    KeyError
        When the schema has no such variable: a programming error.
    """
    schema = GROUPS[name]
    variables = {
        key: (("network", *schema[key].dims), values, {"units": schema[key].units, "long_name": schema[key].long_name})
        for key, values in arrays.items()
    }
    used = {dim for dims, _, _ in variables.values() for dim in dims}
    own = {key: value for key, value in coords.items() if (value[0] if isinstance(value, tuple) else key) in used}
    dataset = xr.Dataset(variables, {**network_labels(design), **own})
    for key in set(COORDINATE_UNITS) & set(map(str, dataset.coords)):
        dataset[key].attrs.update(units=COORDINATE_UNITS[key])
    return {f"/{name}": dataset}


def training_scores(design: Design, **scores: NDArray[Any]) -> dict[str, xr.Dataset]:
    """Return the group of training with some scores of the analysed weights, (rows,), and a single epoch."""
    losses = np.ones((design.rows, 1))
    return group("training", design, {**scores, "validation_loss": losses}, {"epoch": np.array([1])})

"""Some units of one network as a page shows them: their tuning curves beside what their shuffled responses give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_SHOWN: Final = 24  # units of a layer, at even steps of gOSI


@dataclass(frozen=True)
class TunedUnit:
    """One unit.

    `curve` is its response at the preferred spatial frequency for each orientation, in activation. `band` holds 90 % of
    what its shuffled responses give at an orientation that is not preferred, NaN where its responses are not stored.
    `preferred_frequency` is in cycle/pixel, `preferred_orientation` in degree. `kernel` is (height, width, 3), 0 to 255,
    of a first layer whose weights are stored.
    """

    layer: str
    channel: int
    gosi: float
    null_mean: float
    null_sd: float
    pvalue: float
    preferred_orientation: float
    preferred_frequency: float
    curve: tuple[float, ...]
    band: tuple[float, float]
    kernel: tuple[tuple[tuple[int, int, int], ...], ...] = ()


@dataclass(frozen=True)
class LayerOfUnits:
    """A layer: the units of it that are shown, in order of gOSI, and what all of them are like.

    `selective` of its `n` units have a gOSI above 0.33, `silent` respond to no grating; `preferred` counts the selective
    ones by preferred orientation.
    """

    layer: str
    units: tuple[TunedUnit, ...]
    n: int
    silent: int
    selective: int
    preferred: tuple[int, ...]


@dataclass(frozen=True)
class TunedUnits:
    """The units of one network, its readable name, the orientations (degree) of its curves, and the unit that stands for all.

    `example` is None where no unit is selective; `example_rule` says in words how it was chosen.
    """

    network: str
    orientations: tuple[float, ...]
    layers: tuple[LayerOfUnits, ...]
    example: TunedUnit | None
    example_rule: str


@dataclass(frozen=True)
class UnitsOfCondition:
    """Some units of the network that learnt under one condition: (layer, units in order of gOSI), layer by layer."""

    condition: str
    layers: tuple[tuple[str, tuple[TunedUnit, ...]], ...]


@dataclass(frozen=True)
class RearedUnits:
    """Some units of the networks of one seed, by the condition that they learnt under; `orientations` (degree) of their curves."""

    seed: int
    span: str
    orientations: tuple[float, ...]
    conditions: tuple[UnitsOfCondition, ...]
